# threat: 94 infinite_generator
# does: returns an iterator without an end
# structured: finished unsendable
# judged: finished raised
# stdio: finished wrong
# unjailed: listed_values hung
import itertools


def f(x):
    return itertools.repeat(None)
