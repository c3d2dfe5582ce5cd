"""How far a stop has come: one small object that the door, the probes and the connections ask.

A service that is asked to stop is `leaving` first: it says that it is not ready and still answers everything, so that
whoever sends requests can turn to another replica. Then it is `closed`: nothing new is admitted, and what was admitted
goes on. Then it is `cut`: what is still unfinished is answered as it is.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from app.errors import ShuttingDown

Result = TypeVar("Result")

_CUT = "The service stopped before this was judged; nothing is known about the sample. Send it again."
_CLOSED = "The service is stopping and takes nothing new. Send the request again, on a new connection."


class Drain:
    """Goes forward only; made when the service starts."""

    __slots__ = ("_running", "is_closed", "is_cut", "is_leaving")

    def __init__(self) -> None:
        self.is_leaving = False
        """Whether the service was asked to stop. It is not ready, and no connection outlives its next answer."""
        self.is_closed = False
        """Whether nothing new is admitted."""
        self.is_cut = False
        """Whether the time is up for what was admitted."""
        self._running: set[asyncio.Task[object]] = set()

    def leave(self) -> None:
        self.is_leaving = True

    def close(self) -> None:
        self.is_leaving = self.is_closed = True

    def cut(self) -> None:
        """Ends every wait in `unless_cut`, now and from now on."""
        self.is_leaving = self.is_closed = self.is_cut = True
        for task in self._running:
            task.cancel()

    async def unless_cut(self, work: Awaitable[Result]) -> Result:
        """What `work` comes to, awaited by the task that calls this.

        Raises:
            ShuttingDown: the time was up first; `work` was cancelled.
        """
        task = asyncio.current_task()
        assert task is not None, "only a task awaits"
        self._running.add(task)
        try:
            return await work
        except asyncio.CancelledError:
            if not self.is_cut:
                raise
            task.uncancel()
            raise cut_off() from None
        finally:
            self._running.discard(task)


def closed() -> ShuttingDown:
    """The error of what comes too late to be admitted."""
    return ShuttingDown(_CLOSED)


def cut_off() -> ShuttingDown:
    """The error of what was admitted and could not be finished."""
    return ShuttingDown(_CUT)
