"""The two seccomp filters: a large one that the zygote takes once, and a small one that every run adds.

The large one is an allow-list; its default is EPERM, not a kill, because an unknown call of a newer libc would
otherwise make verdicts flaky. What is inherited costs a run nothing (the large one took 0.4 ms), so the small one only
closes what the zygote itself needs.
"""

import errno
import fcntl
import os
import resource
import signal
import socket
import struct

from sandbox.inside.bpf import (
    ALLOW,
    DENY,
    KILL,
    Code,
    argument_has,
    argument_has_or_is,
    argument_in,
    argument_is_and_not,
    argument_without,
    assemble,
    error,
    pointer_null_if,
)
from sandbox.inside.kernel import Filter
from sandbox.inside.syscalls import Syscalls

_EMPTYING = [os.O_RDONLY | os.O_TRUNC, os.O_ACCMODE | os.O_TRUNC]
_CLONE_THREAD = 0x00010000
# A thread that shares memory and descriptors with the others: what it takes counts with theirs.
_CLONE_ORDINARY = _CLONE_THREAD | 0x00000100 | 0x00000400
_FUTEX_PRIVATE = 128
# FUTEX_WAIT and FUTEX_WAIT_BITSET, with and without FUTEX_CLOCK_REALTIME: threads are joined by them.
_FUTEX_WAITS = [0, 9, 0 | 256, 9 | 256]
_CLOSE_RANGE_CLOEXEC = 4
_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA = 15, 16, 0x53564D41
# Not to choose who gets a signal, not to make a pipe larger, not to hold up those who open a file; and no locks, which
# programs in different processes could see.
_FCNTL = [
    fcntl.F_DUPFD, fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL, fcntl.F_SETFL, fcntl.F_DUPFD_CLOEXEC,
    fcntl.F_GETPIPE_SZ, fcntl.F_GET_SEALS,
]  # fmt: skip
_FIOCLEX, _FIONBIO, _TCGETS, _FIONREAD, _TIOCGWINSZ = 0x5451, 0x5421, 0x5401, 0x541B, 0x5413


def zygote_filter(calls: Syscalls) -> bytes:
    """Allows what CPython needs, and what a zygote needs to start runs."""
    rules: dict[int, int | Code] = dict.fromkeys([*calls.allowed.values(), *calls.zygotes.values()], ALLOW)
    rules |= dict.fromkeys(calls.killed.values(), KILL)
    # libc falls back to clone, whose flags a filter can read.
    rules[calls.number["clone3"]] = error(errno.ENOSYS)
    rules[calls.number["ioctl"]] = argument_in(1, [_FIOCLEX, _FIONBIO, _TCGETS, _FIONREAD, _TIOCGWINSZ])
    rules[calls.number["fcntl"]] = argument_in(1, _FCNTL)
    # Of other processes of the same user, in a container the service's.
    rules[calls.number["prlimit64"]] = argument_in(0, [0])
    # With CLOSE_RANGE_UNSHARE every thread would have as many descriptors as the whole run may.
    rules[calls.number["close_range"]] = argument_in(2, [0, _CLOSE_RANGE_CLOEXEC])
    # A waker whose word is in a file that two processes have mapped could tell the other one something.
    rules[calls.number["futex"]] = argument_has_or_is(1, _FUTEX_PRIVATE, _FUTEX_WAITS)
    # Another family would have the kernel load a module for it.
    rules[calls.number["socketpair"]] = argument_in(0, [socket.AF_UNIX])
    # Before version 3, Landlock lets a file be emptied that is opened for reading, or (O_ACCMODE) for neither.
    for name, place in (("open", 1), ("openat", 2)):
        if name in calls.number:
            rules[calls.number[name]] = argument_without(place, os.O_ACCMODE | os.O_TRUNC, _EMPTYING)
    return assemble(calls.audit_arch, rules, DENY)


class RunFilter:
    """The small filter, with a gap for the process id that a run may signal: its own.

    A judge that stays sets its own CPU time anew for every test.
    """

    _GAP = 0x7FABCDEF

    def __init__(self, calls: Syscalls, *, has_threads: bool, sets_own_time: bool = False) -> None:
        rules: dict[int, int | Code] = {
            calls.number["clone"]: argument_has(0, _CLONE_ORDINARY) if has_threads else DENY,
            # A run can neither send itself SIGKILL nor have the kernel do so early, so who sees one knows that it
            # came from outside.
            calls.number["kill"]: argument_is_and_not(0, self._GAP, 1, signal.SIGKILL),
            calls.number["tgkill"]: argument_is_and_not(0, self._GAP, 2, signal.SIGKILL),
            calls.number["prlimit64"]: ALLOW if sets_own_time else pointer_null_if(1, resource.RLIMIT_CPU, 2),
            calls.number["prctl"]: argument_in(0, [_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA]),
        }
        closed = ("seccomp", "landlock_restrict_self", "pidfd_open", "wait4", "waitid")
        rules |= {calls.number[name]: DENY for name in closed}
        code = assemble(calls.audit_arch, rules, ALLOW)
        gap = struct.pack("=I", self._GAP)
        self._places = [place for place in range(0, len(code), 4) if code[place : place + 4] == gap]
        self._filter = Filter(code)

    @property
    def code(self) -> bytes:
        """Its instructions, as they are now."""
        return self._filter.code

    def put_pid(self, pid: int) -> None:
        """Fills the gap."""
        for place in self._places:
            self._filter.put(place, pid)

    def install(self, pid: int) -> None:
        """Puts this process, whose id is `pid`, under the filter."""
        self.put_pid(pid)
        self._filter.install()
