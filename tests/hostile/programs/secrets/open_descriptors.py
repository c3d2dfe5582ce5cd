# threat: + files that a grader has open
# does: reads every descriptor that it was born with
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: inherited_descriptors leaked
import contextlib
import os


def f(x):
    for descriptor in range(5, 256):
        with contextlib.suppress(OSError):
            print(os.pread(descriptor, 4096, 0), flush=True)
    return 0
