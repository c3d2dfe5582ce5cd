# threat: + semaphores
# does: leaves System V semaphores
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code left sem
import ctypes

libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    if libc.semget(4711, 8, 0o1600) < 0:
        raise OSError(ctypes.get_errno(), "semget")
