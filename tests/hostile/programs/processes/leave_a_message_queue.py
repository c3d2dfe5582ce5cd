# threat: + message queues
# does: leaves a System V message queue with a message in it
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code left msg
import ctypes

libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    queue = libc.msgget(4711, 0o1600)
    if queue < 0:
        raise OSError(ctypes.get_errno(), "msgget")
    libc.msgsnd(queue, ctypes.create_string_buffer(b"\1" + bytes(7) + b"for the next one"), 16, 0)
