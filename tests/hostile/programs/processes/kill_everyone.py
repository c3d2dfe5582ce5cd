# threat: 63 kill_all
# does: kills every process that it may
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code neighbour
import os
import signal


def f(x):
    os.kill(-1, signal.SIGKILL)
