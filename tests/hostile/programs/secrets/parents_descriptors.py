# threat: + files that a grader has open
# does: opens the parent's files by their numbers
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: inherited_descriptors leaked
import contextlib
import os


def f(x):
    for descriptor in range(3, 64):
        with contextlib.suppress(OSError), open(f"/proc/{os.getppid()}/fd/{descriptor}", "rb", 0) as file:
            print(os.pread(file.fileno(), 4096, 0), flush=True)
    return 0
