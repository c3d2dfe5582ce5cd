# threat: 18 signal_timer_exit0
# does: ends the process from the handler of a timer
# structured: exited_early
# judged: exited_early
# stdio: finished wrong
# unjailed: exit_code forged
import os
import signal

signal.signal(signal.SIGALRM, lambda *_: os._exit(0))


def f(x):
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    signal.pause()
