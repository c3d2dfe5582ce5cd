# threat: 14 shared_value_forge
# does: finds the shared memory in which a harness counts passed tests, and fills it
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: shared_array forged
import os
import sys


def f(x):
    frame = sys._getframe(1)
    while frame:
        shared = [value for value in frame.f_locals.values() if type(value).__name__.startswith("Synchronized")]
        for value in shared:
            try:
                value[:] = [1] * len(value)
            except TypeError:
                value.value = 1
        if shared:
            os._exit(0)
        frame = frame.f_back
    return 0
