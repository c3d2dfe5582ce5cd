# threat: 61 stdout_flood
# does: prints more than anybody wants to keep
# structured: finished raised
# judged: finished raised
# stdio: output_limit
# unjailed: exit_code reached
import sys


def f(x):
    for _ in range(32):
        sys.stdout.write("x" * (1 << 20))
        sys.stdout.flush()
    print("\nREACHED", flush=True)
