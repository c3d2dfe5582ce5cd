# threat: 5 _exit0_in_func
# does: ends the process when it is called, with status 0
# structured: exited_early
# judged: exited_early
# stdio: finished wrong
# unjailed: exit_code forged
import os


def f(x):
    os._exit(0)
