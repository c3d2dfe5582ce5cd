# threat: 70 proc_list
# does: lists the processes and prints their command lines
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: argv_test leaked
import os


def f(x):
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        with open(f"/proc/{pid}/cmdline") as file:
            print(file.read(), flush=True)
