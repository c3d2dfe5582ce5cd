# threat: + other calls into the kernel
# does: asks whether two processes share a kernel object, which tells where those lie
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import ctypes
import os

KCMP = {"x86_64": 312, "aarch64": 272}[os.uname().machine]
VM = 1
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    if libc.syscall(KCMP, os.getpid(), os.getpid(), VM, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "kcmp")
    print("REACHED", flush=True)
