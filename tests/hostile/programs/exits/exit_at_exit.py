# threat: 15 atexit_exit0
# does: turns the status of a failed test into 0 at the interpreter's end
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: exit_code forged
import atexit
import os

atexit.register(os._exit, 0)


def f(x):
    return 0
