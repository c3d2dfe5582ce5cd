# threat: + running again without asserts
# does: executes itself again with `-O`, where an assert is nothing
# structured: load_error
# judged: load_error
# stdio: runtime_error
# unjailed: exit_code forged
import os
import sys

if __debug__:
    os.execv(sys.executable or "/usr/bin/python3", ["python3", "-O", sys.argv[0]])


def f(x):
    return 0
