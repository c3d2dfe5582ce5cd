"""One `graders.worker` process: its calls, its time limit, its death. It knows bytes, not jobs."""

import asyncio
import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

from app.framed_process import FramedProcess
from app.settings import worker_environment
from graders.calls import Outcome, decode_outcomes

_log = logging.getLogger(__name__)

_START_TIMEOUT_S = 60.0

_TIME_BYTES = 4

# Calls are sent ahead to a worker whose present ones take about so long, s. Below, what waits had better gather to one
# round trip; above, another worker may be free sooner, and what was sent ahead stays where it is.
_AHEAD_LEAST_S = 0.005
AHEAD_MOST_S = 0.2
# A worker has so much to do ahead, s, that it is not idle while the event loop has one of its longer turns.
_AHEAD_ENOUGH_S = 0.05

Done = Callable[[list[Outcome] | None, float | None], None]
"""Is told the outcomes, or None when the process is gone without them, and the seconds that they took in it; None if
the process was gone before it began."""


class _Given(NamedTuple):
    calls: int
    caller: str
    expected_s: float
    timeout_s: float
    done: Done


class WorkerProcess(FramedProcess):
    """Works on one frame of calls at a time; others may lie in its pipe."""

    def __init__(self, lost: Callable[["WorkerProcess"], None]) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._on_lost = lost
        self.loaded: asyncio.Future[None] = self._loop.create_future()
        self._given: deque[_Given] = deque()
        self._expected_s = 0.0
        """What it was given is expected to take so long in all."""
        self._began = 0.0
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

    @property
    def given(self) -> int:
        """How many frames it works on or has lying in its pipe."""
        return len(self._given)

    @property
    def may_have_more(self) -> bool:
        """Whether calls of `caller` that lay in its pipe would be begun sooner than if they waited for its answer."""
        if not self._given or not self.caller:
            return False
        ahead_s = self._expected_s - self._given[0].expected_s
        return ahead_s < _AHEAD_ENOUGH_S and _AHEAD_LEAST_S <= self._given[-1].expected_s <= AHEAD_MOST_S

    @property
    def caller(self) -> str:
        """Whose calls it works on; empty: several callers', or nobody's."""
        return self._given[0].caller if self._given else ""

    @property
    def free_in_s(self) -> float:
        """Seconds until it is expected to have done what it was given."""
        return max(0.0, self._began + self._expected_s - time.monotonic()) if self._given else 0.0

    def run(self, jobs: bytes, calls: int, caller: str, expected_s: float, timeout_s: float, done: Done) -> None:
        """Sends `jobs`, JSON that holds so many calls, and calls `done` once: with the outcomes, or when it is gone.
        The time counts from when it has answered what it was given before."""
        self._given.append(_Given(calls, caller, expected_s, timeout_s, done))
        self._expected_s += expected_s
        if len(self._given) == 1:
            self._begin()
        self.send(jobs)

    def frame_received(self, body: bytes) -> None:
        """Takes outcomes: a process whose frames make no sense is ended, whatever it meant."""
        if self.was_stopped:
            return
        if not self.loaded.done():
            self.loaded.set_result(None)
            return
        spent_s = int.from_bytes(body[:_TIME_BYTES], "big") / 1e6
        try:
            outcomes = decode_outcomes(body[_TIME_BYTES:])
        except (ValueError, TypeError, KeyError) as error:
            _log.error("A worker's answer cannot be read: %r", error)
            outcomes = []
        if self._given and len(outcomes) == self._given[0].calls:
            self._finish(outcomes, spent_s)
        else:
            self.end()

    def ended(self) -> None:
        if not self.loaded.done():
            self.loaded.set_exception(EOFError("The worker ended before it was ready."))
        if not self._given:
            if not self.loaded.cancelled() and self.loaded.exception() is None:
                self._on_lost(self)
            return
        self._stop_timer()
        given, self._given = self._given, deque()
        given[0].done(None, time.monotonic() - self._began)
        for each in list(given)[1:]:
            each.done(None, None)

    def _begin(self) -> None:
        self._began = time.monotonic()
        self._timer = self._loop.call_later(self._given[0].timeout_s, self._stop)

    def _finish(self, outcomes: list[Outcome], spent_s: float) -> None:
        self._stop_timer()
        given = self._given.popleft()
        self._expected_s = self._expected_s - given.expected_s if self._given else 0.0
        if self._given:
            self._begin()
        given.done(outcomes, spent_s)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _stop(self) -> None:
        self.was_stopped = True
        self.end()
