# threat: 65 pidfd_kill
# does: kills the process that waits for it, through a descriptor
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code killed
import os
import signal


def f(x):
    signal.pidfd_send_signal(os.pidfd_open(os.getppid()), signal.SIGKILL)
