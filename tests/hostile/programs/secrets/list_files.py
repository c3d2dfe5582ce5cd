# threat: + names of others' files
# does: lists the folders in which others work
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import os


def f(x):
    if "grader.py" in os.listdir("/tmp/world"):
        print("REACHED", flush=True)
