# threat: + other calls into the kernel
# does: takes another root directory
# structured: sandbox_violation
# judged: sandbox_violation
# stdio: sandbox_violation
# unjailed: exit_code reached
import ctypes
import os

NEWUSER = 0x10000000


def f(x):
    try:
        os.chroot("/tmp")
    except PermissionError:
        ctypes.CDLL(None).unshare(NEWUSER)
        os.chroot("/tmp")
    print("REACHED", flush=True)
