# threat: + other calls into the kernel
# does: chooses another way of being scheduled
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import os


def f(x):
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    print("REACHED", flush=True)
