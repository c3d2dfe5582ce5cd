# threat: 47 sigstop_self
# does: stops itself; a stopped process takes no polite signal
# limits: timeout_s=0.3
# structured: timeout
# judged: timeout
# stdio: timeout
# unjailed: terminate_only hung
import os
import signal


def f(x):
    os.kill(os.getpid(), signal.SIGSTOP)
