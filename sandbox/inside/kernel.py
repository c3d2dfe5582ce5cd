"""The system calls that Python has no function for. Each raises OSError as Python's own do."""

import ctypes
import os
import resource
import struct
from typing import Any

from sandbox.inside.syscalls import Syscalls, machine

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
_SECCOMP_SET_MODE_FILTER = 1
_CAPABILITY_VERSION_3 = 0x20080522
_FILE_WRITE, _FILE_READ, _DIRECTORY_READ, _FILE_TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 14
_LANDLOCK_QUIET = 1
_RULE_PATH_BENEATH = 1

_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = [ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
_NUMBER = Syscalls(machine()).number


def _call(name: str, first: Any = 0, second: Any = 0, third: Any = 0, fourth: Any = 0, fifth: Any = 0) -> int:
    """The call's result; arguments are ints, or bytes that it only reads."""
    result: int = _syscall(_NUMBER[name], first, second, third, fourth, fifth)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int) -> None:
    _call("prctl", option, value)


def unshare(flags: int) -> None:
    _call("unshare", flags)


def drop_capabilities() -> None:
    """Gives up every capability. None can come back: no_new_privs is set, and nothing can be executed."""
    _call("capset", struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), bytes(24))


class Filter:
    """An assembled seccomp filter, ready to be installed; numbers in it may still be changed."""

    def __init__(self, code: bytes) -> None:
        self._code = ctypes.create_string_buffer(code, len(code))
        self._program = struct.pack("=H6xQ", len(code) // 8, ctypes.addressof(self._code))

    @property
    def code(self) -> bytes:
        return self._code.raw

    def put(self, place: int, number: int) -> None:
        """Writes a 32-bit operand at a byte's place."""
        struct.pack_into("=I", self._code, place, number)

    def install(self) -> None:
        _call("seccomp", _SECCOMP_SET_MODE_FILTER, 0, self._program)


def landlock_abi() -> int:
    """The kernel's Landlock version; 0 where it has none."""
    try:
        return _call("landlock_create_ruleset", 0, 0, 1)
    except OSError:
        return 0


def landlock_ruleset(abi: int, files: list[str], folders: list[str]) -> int:
    """A descriptor of rules that let nothing but these files, and what is in these folders, be read, and nothing be
    written but /dev/null.

    TCP, signals to other domains and their abstract sockets are denied where `abi` knows them. Paths that do not exist
    are left out (a device, say, that a container lacks).
    """
    rights = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)) - 1
    attributes = struct.pack("=QQQ", rights, 0b11 if abi >= 4 else 0, 0b11 if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = _call("landlock_create_ruleset", attributes, size, 0)
    os.set_inheritable(ruleset, False)
    written = (_FILE_READ | _FILE_WRITE | _FILE_TRUNCATE) & rights
    for paths, access in ((files, _FILE_READ), (folders, _FILE_READ | _DIRECTORY_READ), (["/dev/null"], written)):
        for path in paths:
            _landlock_add(ruleset, path, access)
    return ruleset


def _landlock_add(ruleset: int, path: str, access: int) -> None:
    try:
        target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rule = struct.pack("=Qi", access, target)
        _call("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, rule)
    finally:
        os.close(target)


def landlock_restrict(ruleset: int, abi: int) -> None:
    """Puts this process under the rules; hostile programs do not fill the kernel's log with denials."""
    _call("landlock_restrict_self", ruleset, _LANDLOCK_QUIET if abi >= 7 else 0)


def limit(kind: int, soft: int, hard: int | None = None) -> None:
    """Sets a resource's limits, never above the hard limit in force; without `hard`, both to `soft`."""
    try:
        resource.setrlimit(kind, (soft, soft if hard is None else hard))
    except ValueError:
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (hard, hard))
