"""One `graders.worker` process: its calls, its time limit, its death. It knows bytes, not jobs."""

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Sequence
from typing import Self

from app.framed_process import FramedProcess
from app.settings import worker_environment
from graders.calls import Outcome, decode_outcomes

_log = logging.getLogger(__name__)

_START_TIMEOUT_S = 60.0

Done = Callable[[list[Outcome] | None, float], None]
"""Is told the outcomes, or None when the process is gone without them, and the seconds spent."""


def _nobody(outcomes: list[Outcome] | None, spent_s: float) -> None:
    """Waits for a process that has not been given anything."""


class WorkerProcess(FramedProcess):
    """Works on one frame of calls at a time."""

    def __init__(self, lost: Callable[["WorkerProcess"], None]) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._on_lost = lost
        self.loaded: asyncio.Future[None] = self._loop.create_future()
        self._calls = 0
        self._on_done: Done = _nobody
        self._started = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.was_stopped = False
        """Whether its time was up; otherwise it died by itself."""

    @classmethod
    async def load(cls, arguments: Sequence[str], lost: Callable[["WorkerProcess"], None]) -> Self:
        """A process that has loaded the graders; `lost` is told if it dies while it has nothing to do.

        Raises:
            OSError, EOFError, TimeoutError: it cannot be had.
        """
        worker = await cls(lost).start([sys.executable, "-m", "graders.worker", *arguments], worker_environment())
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                await worker.loaded
        except (EOFError, TimeoutError):
            await worker.kill()
            raise
        return worker

    def run(self, jobs: bytes, calls: int, timeout_s: float, done: Done) -> None:
        """Sends `jobs`, JSON that holds so many calls, and calls `done` once: with the outcomes, or when it is gone."""
        self._calls, self._on_done, self._started = calls, done, time.monotonic()
        self._timer = self._loop.call_later(timeout_s, self._stop)
        self.send(jobs)

    def frame_received(self, body: bytes) -> None:
        """Takes outcomes: a process whose frames make no sense is ended, whatever it meant."""
        if self.was_stopped:
            return
        if not self.loaded.done():
            self.loaded.set_result(None)
            return
        try:
            outcomes = decode_outcomes(body)
        except (ValueError, TypeError, KeyError) as error:
            _log.error("A worker's answer cannot be read: %r", error)
            outcomes = []
        if self._calls and len(outcomes) == self._calls:
            self._finish(outcomes)
        else:
            self.end()

    def ended(self) -> None:
        if not self.loaded.done():
            self.loaded.set_exception(EOFError("The worker ended before it was ready."))
        if self._calls:
            self._finish(None)
        elif self.loaded.exception() is None:
            self._on_lost(self)

    def _finish(self, outcomes: list[Outcome] | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._calls = 0
        self._on_done(outcomes, time.monotonic() - self._started)

    def _stop(self) -> None:
        self.was_stopped = True
        self.end()
