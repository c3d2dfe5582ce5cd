# threat: 99 atexit_hang
# does: hangs at the interpreter's end
# limits: timeout_s=1.5
# structured: finished wrong
# judged: finished failed
# stdio: timeout
# unjailed: alarm_exec hung
import atexit
import time

atexit.register(time.sleep, 1000)


def f(x):
    return 0
