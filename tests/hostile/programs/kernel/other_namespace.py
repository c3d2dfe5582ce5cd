# threat: + other calls into the kernel
# does: enters a namespace through a file of /proc
# structured: sandbox_violation
# judged: sandbox_violation
# stdio: sandbox_violation
# unjailed: exit_code reached
import ctypes
import os

NEWUSER, NEWNET = 0x10000000, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    network = os.open("/proc/self/ns/net", os.O_RDONLY)
    libc.unshare(NEWUSER | NEWNET)
    mine = os.open("/proc/self/ns/net", os.O_RDONLY)
    if libc.setns(mine, NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    print("REACHED", network, flush=True)
