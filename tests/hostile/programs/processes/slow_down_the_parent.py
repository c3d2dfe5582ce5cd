# threat: + lowering others' priority
# does: makes the parent the last one to get a CPU
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import os


def f(x):
    os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)
    print("REACHED", flush=True)
