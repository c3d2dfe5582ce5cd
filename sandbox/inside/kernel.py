"""The system calls that Python has no function for. Each raises OSError as Python's own do."""

import ctypes
import os
import resource
import struct

from sandbox.inside.syscalls import Syscalls, machine

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
_PR_CAPBSET_DROP = 24
_SECCOMP_SET_MODE_FILTER = 1
_CAPABILITY_VERSION_3 = 0x20080522
_CAPABILITIES_MAX = 64
_FILE_READ, _DIRECTORY_READ = 1 << 2, 1 << 3
_LANDLOCK_QUIET = 1

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
_NUMBER = Syscalls(machine()).number


def _call(name: str, *arguments: object) -> int:
    result: int = _syscall(ctypes.c_long(_NUMBER[name]), *arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int) -> None:
    _call("prctl", *map(ctypes.c_ulong, (option, value, 0, 0, 0)))


def unshare(flags: int) -> None:
    _call("unshare", ctypes.c_ulong(flags))


def drop_capabilities() -> None:
    """Gives up every capability, also those that a later exec could bring back."""
    for capability in range(_CAPABILITIES_MAX):
        try:
            prctl(_PR_CAPBSET_DROP, capability)
        except OSError:
            # Beyond the kernel's last one, or there is none to give up.
            break
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _call("capset", header, bytes(24))


def install_filter(code: bytes) -> None:
    """Adds a seccomp filter of assembled instructions to this process."""
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("=H6xQ", len(code) // 8, ctypes.addressof(buffer))
    _call("seccomp", ctypes.c_ulong(_SECCOMP_SET_MODE_FILTER), ctypes.c_ulong(0), program)


def landlock_abi() -> int:
    """The kernel's Landlock version; 0 where it has none."""
    try:
        return _call("landlock_create_ruleset", None, ctypes.c_size_t(0), ctypes.c_uint(1))
    except OSError:
        return 0


def landlock_ruleset(abi: int, files: list[str], folders: list[str]) -> int:
    """A descriptor of rules that let nothing but these files, and what is in these folders, be read.

    TCP, signals to other domains and their abstract sockets are denied where `abi` knows them. Paths that do not exist
    are left out (a device, say, that a container lacks).
    """
    rights = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)) - 1
    attributes = struct.pack("=QQQ", rights, 0b11 if abi >= 4 else 0, 0b11 if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = _call("landlock_create_ruleset", attributes, ctypes.c_size_t(size), ctypes.c_uint(0))
    os.set_inheritable(ruleset, False)
    for paths, access in ((files, _FILE_READ), (folders, _FILE_READ | _DIRECTORY_READ)):
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
        _call("landlock_add_rule", ctypes.c_int(ruleset), ctypes.c_uint(1), rule, ctypes.c_uint(0))
    finally:
        os.close(target)


def landlock_restrict(ruleset: int, abi: int) -> None:
    """Puts this process under the rules; hostile programs do not fill the kernel's log with denials."""
    flags = _LANDLOCK_QUIET if abi >= 7 else 0
    _call("landlock_restrict_self", ctypes.c_int(ruleset), ctypes.c_uint(flags))


def limit(kind: int, most: int) -> None:
    """Sets a resource's soft and hard limit, never above the hard limit in force."""
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))
