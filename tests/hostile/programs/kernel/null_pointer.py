# threat: 90 null_deref
# does: reads at address 0
# structured: crashed
# judged: crashed
# stdio: crashed
# unjailed: alarm_exec killed
import ctypes


def f(x):
    return ctypes.string_at(0)
