# threat: + files that a grader has open
# does: takes a copy of a descriptor out of the parent's table
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: inherited_descriptors leaked
import contextlib
import ctypes
import os

PIDFD_GETFD = 438
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    parent = os.pidfd_open(os.getppid())
    for descriptor in range(3, 64):
        taken = libc.syscall(PIDFD_GETFD, parent, descriptor, 0)
        with contextlib.suppress(OSError):
            print(os.pread(taken, 4096, 0), flush=True)
