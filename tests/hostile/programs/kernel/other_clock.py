# threat: + clock skew
# does: moves into a time namespace whose clock runs ahead, for limits that are taken from it
# structured: sandbox_violation
# judged: sandbox_violation
# stdio: sandbox_violation
# unjailed: exit_code reached
import ctypes
import os
import time

NEWUSER, NEWTIME = 0x10000000, 0x80
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    before = time.monotonic()
    if libc.unshare(NEWUSER | NEWTIME):
        raise OSError(ctypes.get_errno(), "unshare")
    with open("/proc/self/timens_offsets", "w") as file:
        file.write("monotonic 1000000 0\n")
    if os.fork() == 0:
        print("REACHED" if time.monotonic() > before + 999_999 else "", flush=True)
        os._exit(0)
    os.wait()
