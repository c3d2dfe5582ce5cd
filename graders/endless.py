"""Ends code that computes without end, in this process: a module that is imported cannot be handed to a worker."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# What catches everything in a loop is interrupted again.
_AGAIN_S = 1.0


class OutOfTime(BaseException):
    """Code was interrupted. No Exception, so that code which tries an optional import does not take it for a failed
    one."""


@contextmanager
def at_most(cpu_s: float) -> Iterator[None]:
    """Interrupts what runs within once it has taken so many seconds of CPU time, of which a slow disk takes none. Only
    the main thread can be interrupted; in any other there is no limit.

    Raises:
        OutOfTime: the time was up.
    """

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise OutOfTime(f"It took more than {cpu_s:g} s of CPU time.")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_s, _AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before or signal.SIG_DFL)
