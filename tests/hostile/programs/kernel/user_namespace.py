# threat: 79 userns
# does: becomes root in a user namespace of its own
# structured: sandbox_violation
# judged: sandbox_violation
# stdio: sandbox_violation
# unjailed: exit_code reached
import ctypes
import os

NEWUSER = 0x10000000
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    if libc.unshare(NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    print("REACHED", flush=True)
