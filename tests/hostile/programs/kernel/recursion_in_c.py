# threat: 89 c_recursion_segv
# does: calls itself through C until the stack ends
# structured: crashed
# judged: crashed
# stdio: crashed
# unjailed: alarm_exec killed
import sys

sys.setrecursionlimit(10**9)


class Deep:
    def __getattr__(self, name):
        return getattr(self, name + "x" if len(name) < 9 else name)


def f(x):
    return Deep().x
