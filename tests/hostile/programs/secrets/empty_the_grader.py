# threat: 78 chmod by opening to read
# does: empties the grader's file while opening it to read
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code tampered
import os


def f(x):
    os.close(os.open("/tmp/world/grader.py", os.O_RDONLY | os.O_TRUNC))
