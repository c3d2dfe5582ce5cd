"""One timer of the event loop for many ends: it rings at the earliest."""

import asyncio
import time
from collections.abc import Callable

# Timers of the event loop are as fine as this, s, and may ring that much too soon.
_GRAIN_S = 0.001


class Alarm:
    """Calls `ring` when the time it was last set for has come; `ring` says when the next one is, or None.

    Times are those of `time.monotonic`.
    """

    def __init__(self, ring: Callable[[float], float | None]) -> None:
        self._ring = ring
        self._at = float("inf")
        self._timer: asyncio.TimerHandle | None = None

    def set(self, at: float) -> None:
        """Rings then, or sooner if it was set for a sooner time."""
        if at >= self._at:
            return
        self.cancel()
        self._at = at
        delay_s = max(0.0, at - time.monotonic()) + _GRAIN_S
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._fire)

    def cancel(self) -> None:
        """Does not ring."""
        self._at = float("inf")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self.cancel()
        following = self._ring(time.monotonic())
        if following is not None:
            self.set(following)
