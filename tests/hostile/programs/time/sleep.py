# threat: 43 sleep_forever
# does: waits, and uses no CPU
# limits: timeout_s=0.3
# structured: timeout
# judged: timeout
# stdio: timeout
# unjailed: cpu_only hung
import time


def f(x):
    time.sleep(1000)
