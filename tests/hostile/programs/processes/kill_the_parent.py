# threat: 62 kill_parent
# does: kills the process that waits for it
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code killed
import os
import signal


def f(x):
    os.kill(os.getppid(), signal.SIGKILL)
