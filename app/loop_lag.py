"""How late the event loop comes: the one number that rises whenever the process has more to do than it can."""

import asyncio
import time
from collections.abc import Callable

_EVERY_S = 0.25


class LoopLag:
    """Sets a timer again and again; `on_lag` is told how much later than asked for the loop came to it, s."""

    def __init__(self, on_lag: Callable[[float], None]) -> None:
        self._on_lag = on_lag
        self._loop = asyncio.get_running_loop()
        self._wait()

    @property
    def stalled_s(self) -> float:
        """How long the loop is overdue now; for any thread."""
        return max(0.0, time.monotonic() - self._due)

    def close(self) -> None:
        self._timer.cancel()

    def _wait(self) -> None:
        self._due = time.monotonic() + _EVERY_S
        self._timer = self._loop.call_later(_EVERY_S, self._come)

    def _come(self) -> None:
        self._on_lag(self.stalled_s)
        self._wait()
