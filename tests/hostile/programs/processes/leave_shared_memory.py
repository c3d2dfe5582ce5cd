# threat: 57 shm_leftover in System V
# does: leaves shared memory that belongs to no process
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code left shm
import ctypes

libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    if libc.shmget(4711, 1 << 20, 0o1600) < 0:
        raise OSError(ctypes.get_errno(), "shmget")
