# threat: 30 time_fake
# does: is slow, and stops the clock by which that is measured
# task: quick square
# limits: timeout_s=0.2
# structured: timeout
# judged: timeout
# stdio: timeout
# unjailed: exit_code forged
import select
import time

time.perf_counter = time.monotonic = time.time = lambda: 0.0


def f(x):
    select.select([], [], [], 2)
    return x * x
