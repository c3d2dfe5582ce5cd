# threat: 13 result_list_append
# does: finds the harness's list of results in its frames, appends `passed` and leaves
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: manager_list forged
import os
import sys


def f(x):
    frame = sys._getframe(1)
    while frame:
        for value in list(frame.f_locals.values()):
            if type(value).__name__ == "ListProxy":
                value.append("passed")
                os._exit(0)
        frame = frame.f_back
    return 0
