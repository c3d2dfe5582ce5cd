# threat: 59 fd_exhaust
# does: opens pipes until it has hundreds of descriptors
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import os

kept = []


def f(x):
    while len(kept) < 250:
        kept.append(os.pipe())
    print("REACHED", flush=True)
