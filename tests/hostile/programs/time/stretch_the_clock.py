# threat: + clock skew by waiting
# does: lets threads wait for each other's CPU, where waiting for a CPU does not count
# limits: timeout_s=0.2 cpu_s=2 threads=16 memory_mib=512
# structured: timeout
# structured in a container: load_error
# judged: timeout
# judged in a container: load_error
# stdio: timeout
# stdio in a container: runtime_error
# unjailed: alarm_exec hung
import os
import threading
import time


def burn():
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    while True:
        pass


for _ in range(15):
    threading.Thread(target=burn).start()


def f(x):
    time.sleep(4)
    return x * x
