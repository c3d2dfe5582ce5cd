# threat: + message queues
# does: leaves a POSIX message queue
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code left queue
import ctypes
import os

librt = ctypes.CDLL("librt.so.1", use_errno=True)


def f(x):
    if librt.mq_open(b"/left", os.O_CREAT | os.O_RDWR, 0o600, None) < 0:
        raise OSError(ctypes.get_errno(), "mq_open")
