"""One `graders.worker` process: the frames to and from it, its time limit, its death. It knows bytes, not jobs."""

import asyncio
import logging
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from app.settings import worker_environment
from graders.calls import Outcome, decode_outcomes
from graders.worker import frame

_log = logging.getLogger(__name__)

_START_TIMEOUT_S = 60.0

Done = Callable[[list[Outcome] | None, float], None]
"""Is told the outcomes, or None when the process is gone without them, and the seconds spent."""


def _nobody(outcomes: list[Outcome] | None, spent_s: float) -> None:
    """Waits for a process that has not been given anything."""


class WorkerProcess(asyncio.SubprocessProtocol):
    """Works on one frame of calls at a time."""

    def __init__(self, lost: Callable[["WorkerProcess"], None]) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._on_lost = lost
        self._ready: asyncio.Future[None] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()
        self._received = bytearray()
        self._transport: Any = None
        self._stdin: Any = None
        self._calls = 0
        self._on_done: Done = _nobody
        self._started = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.was_stopped = False
        """Whether its time was up; otherwise it died by itself."""

    @classmethod
    async def start(cls, arguments: Sequence[str], lost: Callable[["WorkerProcess"], None]) -> "WorkerProcess":
        """A process that has loaded the graders; `lost` is told if it dies while it has nothing to do.

        Raises:
            OSError, EOFError, TimeoutError: it cannot be had.
        """
        command = [sys.executable, "-m", "graders.worker", *arguments]
        _, worker = await asyncio.get_running_loop().subprocess_exec(
            lambda: cls(lost), *command, stdin=PIPE, stdout=PIPE, stderr=None, env=worker_environment()
        )
        await worker.load()
        return worker

    async def load(self) -> None:
        """Waits until the process has loaded the graders; ends it if it does not."""
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                await self._ready
        except (EOFError, TimeoutError):
            await self.kill()
            raise

    def run(self, jobs: bytes, calls: int, timeout_s: float, done: Done) -> None:
        """Sends `jobs`, JSON that holds so many calls, and calls `done` once: with the outcomes, or when it is gone."""
        self._calls, self._on_done, self._started = calls, done, time.monotonic()
        self._timer = self._loop.call_later(timeout_s, self._stop)
        self._stdin.write(frame(jobs))

    async def kill(self) -> None:
        """Ends the process and waits until it is gone."""
        self._end()
        await self._gone

    def connection_made(self, transport: Any) -> None:
        self._transport, self._stdin = transport, transport.get_pipe_transport(0)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if self.was_stopped:
            return
        self._received += data
        for body in self._frames():
            if not self._ready.done():
                self._ready.set_result(None)
            else:
                self._take(body)

    def process_exited(self) -> None:
        if not self._ready.done():
            self._ready.set_exception(EOFError("The worker ended before it was ready."))
        if not self._gone.done():
            self._gone.set_result(None)
        self._transport.close()
        if self._calls:
            self._finish(None)
        elif self._ready.exception() is None:
            self._on_lost(self)

    def _take(self, body: bytes) -> None:
        """Outcomes, if that is what they are: a process whose frames make no sense is ended, whatever it meant."""
        try:
            outcomes = decode_outcomes(body)
        except (ValueError, TypeError, KeyError) as error:
            _log.error("A worker's answer cannot be read: %r", error)
            outcomes = []
        if self._calls and len(outcomes) == self._calls:
            self._finish(outcomes)
        else:
            self._end()

    def _frames(self) -> Iterator[bytes]:
        received = self._received
        while len(received) >= 4 and len(received) >= (end := 4 + int.from_bytes(received[:4], "big")):
            yield bytes(received[4:end])
            del received[:end]

    def _finish(self, outcomes: list[Outcome] | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._calls = 0
        self._on_done(outcomes, time.monotonic() - self._started)

    def _stop(self) -> None:
        self.was_stopped = True
        self._end()

    def _end(self) -> None:
        if not self._gone.done():
            self._transport.kill()
