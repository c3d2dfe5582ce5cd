# threat: 48 fork_bomb
# does: doubles itself as often as it can
# structured: load_error
# judged: load_error
# stdio: runtime_error
# unjailed: exit_code left process
import os
import time

first = os.getpid()
for _ in range(6):
    os.fork()
if os.getpid() != first:
    os.closerange(0, 64)
    time.sleep(1000)


def f(x):
    return 0
