# threat: 83 userfaultfd
# does: lets page faults wait for itself, the means of many attacks on the kernel
# structured: sandbox_violation
# judged: sandbox_violation
# stdio: sandbox_violation
# unjailed: exit_code reached
import ctypes
import os

USERFAULTFD = {"x86_64": 323, "aarch64": 282}[os.uname().machine]
USER_MODE_ONLY = 1
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    if libc.syscall(USERFAULTFD, USER_MODE_ONLY) < 0:
        raise OSError(ctypes.get_errno(), "userfaultfd")
    print("REACHED", flush=True)
