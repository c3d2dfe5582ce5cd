# threat: 64 killpg
# does: kills all processes of its group, the grader's among them
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code killed
import os
import signal


def f(x):
    os.killpg(0, signal.SIGKILL)
