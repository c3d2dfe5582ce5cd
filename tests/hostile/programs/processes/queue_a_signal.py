# threat: + signals that the kernel sends on one's behalf
# does: sends the parent a signal by the call that C libraries use for queues
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code killed
import ctypes
import os
import signal

libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    if libc.sigqueue(os.getppid(), signal.SIGKILL, ctypes.c_void_p(0)):
        raise OSError(ctypes.get_errno(), "sigqueue")
