# threat: 101 slow_drip
# does: stays just below a limit that begins anew with every answer
# limits: timeout_s=1
# structured: timeout
# judged: timeout
# stdio: timeout
# unjailed: framed_values hung
import time


def f(x):
    time.sleep(0.75 if x > 3 else 0)
    return x * x if x < 7 else 0
