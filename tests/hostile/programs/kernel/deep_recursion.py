# threat: 88 deep_recursion
# does: calls itself without end, and without Python's limit
# limits: memory_mib=16 timeout_s=1
# structured: finished memory_limit | finished raised | crashed | memory_limit
# judged: finished raised | crashed | memory_limit
# stdio: memory_limit | runtime_error | timeout | crashed
# unjailed: alarm_exec grew
import sys

sys.setrecursionlimit(10**9)


def f(x, depth=0):
    return f(x, depth + 1) if depth < 1_500_000 else 0
