# threat: 9 frame_read_expected
# does: looks through the callers' variables for what is expected, and returns it
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: pickled_results forged
import sys


def f(x):
    frame = sys._getframe(1)
    while frame:
        if "expected" in frame.f_locals:
            return frame.f_locals["expected"]
        frame = frame.f_back
    return 0
