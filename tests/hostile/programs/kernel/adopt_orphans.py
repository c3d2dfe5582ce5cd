# threat: + other calls into the kernel
# does: makes itself the parent of all orphans below, and dumpable again
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import ctypes

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) or libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    print("REACHED", flush=True)
