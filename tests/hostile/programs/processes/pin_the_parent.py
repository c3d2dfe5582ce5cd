# threat: + placing others on a CPU
# does: lets the parent run on one CPU only
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import os


def f(x):
    os.sched_setaffinity(os.getppid() or 1, {0})
    print("REACHED", flush=True)
