# threat: + an iterator that takes its time
# does: returns an iterator whose items come slowly, to whoever makes a list of it
# limits: timeout_s=1.5
# structured: timeout
# judged: timeout
# stdio: finished wrong
# unjailed: listed_values hung
import itertools
import time


def f(x):
    return map(time.sleep, itertools.repeat(0.05))
