# threat: 48 fork_bomb by another call
# does: forks by the call that few filters know
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import ctypes
import os

SYS_CLONE = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
SIGCHLD, PARENT = 17, 0x8000
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    child = libc.syscall(SYS_CLONE, SIGCHLD | PARENT, 0, 0, 0, 0)
    if child < 0:
        raise OSError(ctypes.get_errno(), "clone")
    if child == 0:
        os._exit(0)
    print("REACHED", flush=True)
