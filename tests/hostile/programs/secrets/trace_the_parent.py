# threat: 66 ptrace_parent
# does: attaches to the parent as a debugger
# structured: sandbox_violation
# judged: sandbox_violation
# stdio: sandbox_violation
# unjailed: exit_code reached
import ctypes
import os

PTRACE_SEIZE = 0x4206
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    if libc.ptrace(PTRACE_SEIZE, os.getppid(), None, None):
        raise OSError(ctypes.get_errno(), "ptrace")
    print("REACHED", flush=True)
