# threat: 46 ignore_sigs
# does: ignores every signal that can be ignored, and spins
# limits: timeout_s=0.3
# structured: timeout
# judged: timeout
# stdio: timeout
# unjailed: terminate_only hung
import contextlib
import signal

for number in signal.valid_signals():
    with contextlib.suppress(OSError, ValueError):
        signal.signal(number, signal.SIG_IGN)


def f(x):
    while True:
        pass
