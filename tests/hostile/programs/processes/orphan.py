# threat: 50 double_fork_orphan
# does: leaves a process that has cut every tie, and so outlives its run
# structured: load_error
# judged: load_error
# stdio: runtime_error
# unjailed: exit_code left process
import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 64)
        time.sleep(1000)
    os._exit(0)


def f(x):
    return 0
