# threat: 81 io_uring
# does: opens a ring through which the kernel makes calls that no filter sees
# structured: sandbox_violation
# judged: sandbox_violation
# stdio: sandbox_violation
# unjailed: exit_code reached
import ctypes

IO_URING_SETUP = 425
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    if libc.syscall(IO_URING_SETUP, 4, ctypes.create_string_buffer(120)) < 0:
        raise OSError(ctypes.get_errno(), "io_uring_setup")
    print("REACHED", flush=True)
