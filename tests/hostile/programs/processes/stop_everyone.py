# threat: + stopping others
# does: stops another process, so that it is not dead and does not work
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code neighbour
import contextlib
import os
import signal


def f(x):
    for pid in range(2, 400):
        if pid not in {os.getpid(), os.getppid()}:
            with contextlib.suppress(ProcessLookupError):
                return os.kill(pid, signal.SIGSTOP)
