# threat: 58 memfd_bomb by another call
# does: takes memory that the kernel can neither move nor take back
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import ctypes

MEMFD_SECRET = 447
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    if libc.syscall(MEMFD_SECRET, 0) < 0:
        raise OSError(ctypes.get_errno(), "memfd_secret")
    print("REACHED", flush=True)
