"""Pure calls where they can be stopped: small ones on the event loop, all others in processes that are killed.

A regex that backtracks for a minute freezes a thread and with it the service; a process it cannot. A batch crosses
the process border once, and its outcomes come back one by one, so the call that hangs or dies is known and its
neighbours go on in another worker.
"""

import asyncio
import hashlib
import logging
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from app.errors import AnsweredAtOnce, DeadlineExceeded, Failure, Overloaded
from app.settings import worker_environment
from graders.api import Grade, Program
from graders.calls import Call, call_to_json, outcome_from_json, perform
from graders.errors import GraderCrashed, Unscored
from graders.registry import ConfigInForce
from graders.version import Version
from graders.worker import encode_frame

Outcome = Grade | list[Program] | Failure

_log = logging.getLogger(__name__)

# How long inline calls may keep the event loop before others get a turn.
_INLINE_TURN_S = 0.005
_REMEMBERED_FAILURES = 10_000
_START_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """Calls of one version with one config."""

    version: Version
    config: ConfigInForce
    calls: Sequence[Call]
    sizes_bytes: Sequence[int]
    """Per call: sample plus item, as JSON."""

    def planning(self) -> "Job":
        """The same calls, asked for their programs."""
        return replace(self, calls=[replace(call, is_plan=True) for call in self.calls])

    def only(self, indices: Sequence[int]) -> "Job":
        """The calls at `indices`."""
        sizes = [self.sizes_bytes[index] for index in indices]
        return replace(self, calls=[self.calls[index] for index in indices], sizes_bytes=sizes)


class Workers:
    """Runs jobs. `start` before the first, `close` after the last."""

    def __init__(
        self,
        count: int,
        *,
        graders_path: Sequence[Path] = (),
        memory_mib: int = 1024,
        call_timeout_s: float = 5.0,
        queue_max: int = 16_384,
    ) -> None:
        self._count = count
        self._arguments = [str(memory_mib), *(str(path.resolve()) for path in graders_path)]
        self._call_timeout_s = call_timeout_s
        self._queue_max = queue_max
        self._waiting = 0
        self._closing = False
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._failed_before = _Failures()
        self._all: set[_Worker] = set()
        self._replacing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Starts every worker and waits until each has loaded the graders."""
        for worker in await asyncio.gather(*(_Worker.start(self._arguments) for _ in range(self._count))):
            self._all.add(worker)
            self._idle.put_nowait(worker)

    async def close(self) -> None:
        """Ends every worker; no process is left."""
        self._closing = True
        # A start that is cut off would leave its process behind, so it is let finish.
        await asyncio.gather(*self._replacing)
        await asyncio.gather(*(worker.kill() for worker in self._all))
        self._all.clear()

    async def __call__(self, job: Job, deadline: float) -> list[Outcome]:
        """One outcome per call of `job`, in order. `deadline` is a time of `time.monotonic`.

        Raises:
            Overloaded: more calls wait for a worker than may.
        """
        limit = job.version.inline_max_bytes
        if max(job.sizes_bytes, default=0) <= limit:
            return await self._inline(job)
        outcomes: list[Outcome | None] = [None] * len(job.calls)
        small = [index for index, size in enumerate(job.sizes_bytes) if size <= limit]
        for index, outcome in zip(small, await self._inline(job.only(small)), strict=True):
            outcomes[index] = outcome
        large = [index for index, size in enumerate(job.sizes_bytes) if size > limit]
        await self._remote(job, large, outcomes, deadline)
        return [outcome for outcome in outcomes if outcome is not None]

    async def _inline(self, job: Job) -> list[Outcome]:
        outcomes: list[Outcome] = []
        turn_ends = time.monotonic() + _INLINE_TURN_S
        for call in job.calls:
            outcomes.append(perform(job.version, job.config.model, call))
            if time.monotonic() > turn_ends:
                await asyncio.sleep(0)
                turn_ends = time.monotonic() + _INLINE_TURN_S
        return outcomes

    async def _remote(self, job: Job, indices: list[int], outcomes: list[Outcome | None], deadline: float) -> None:
        if self._waiting + len(indices) > self._queue_max:
            raise Overloaded(f"{self._waiting} samples wait for a worker already; at most {self._queue_max} may.")
        self._waiting += len(indices)
        try:
            queue = self._known_failures(job, indices, outcomes)
            while queue:
                done = await self._on_one_worker(job, queue, outcomes, deadline)
                queue = queue[done:]
        finally:
            self._waiting -= len(indices)

    def _known_failures(self, job: Job, indices: list[int], outcomes: list[Outcome | None]) -> list[int]:
        """Answers at once what died or timed out before; returns the indices that are left."""
        left = []
        for index in indices:
            first = self._failed_before.get(job, index)
            if first is None:
                left.append(index)
            else:
                outcomes[index] = AnsweredAtOnce(first)
        return left

    async def _on_one_worker(self, job: Job, queue: list[int], outcomes: list[Outcome | None], deadline: float) -> int:
        """Works through `queue` on one worker until it ends, or the worker does. Returns how many are done."""
        try:
            async with asyncio.timeout_at(deadline):
                worker = await self._idle.get()
        except TimeoutError:
            for index in queue:
                outcomes[index] = DeadlineExceeded("No worker was free before the deadline.")
            return len(queue)
        started, done = time.monotonic(), 0
        try:
            await worker.send(_job_frame(job, queue))
            for index in queue:
                started = time.monotonic()
                async with asyncio.timeout_at(min(deadline, started + self._call_timeout_s)):
                    outcomes[index] = await worker.receive()
                done += 1
        except (TimeoutError, EOFError, BrokenPipeError, ConnectionResetError) as stopped:
            index, spent_s = queue[done], time.monotonic() - started
            outcomes[index] = failure = self._failure(stopped, spent_s)
            if isinstance(failure, GraderCrashed) or spent_s >= 0.9 * self._call_timeout_s:
                self._failed_before.add(job, index, failure)
            self._replace(worker)
            return done + 1
        except asyncio.CancelledError:
            self._replace(worker)
            raise
        self._idle.put_nowait(worker)
        return len(queue)

    def _failure(self, stopped: Exception, spent_s: float) -> Unscored | DeadlineExceeded:
        if isinstance(stopped, TimeoutError):
            return DeadlineExceeded(f"The judgement was stopped after {spent_s:.1f} s in a worker.")
        return GraderCrashed(
            f"The worker process died after {spent_s:.1f} s on this sample (out of memory, or a crash)."
        )

    def _replace(self, worker: "_Worker") -> None:
        """Kills `worker` and starts another in the background: the rest of the batch does not wait for it."""
        task = asyncio.create_task(self._start_another(worker))
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def _start_another(self, worker: "_Worker") -> None:
        self._all.discard(worker)
        await worker.kill()
        while not self._closing:
            try:
                fresh = await _Worker.start(self._arguments)
            except (OSError, EOFError, TimeoutError) as error:
                _log.error("A worker cannot be started, trying again in 1 s: %r", error)
                await asyncio.sleep(1)
            else:
                self._all.add(fresh)
                self._idle.put_nowait(fresh)
                return


class _Worker:
    """One `graders.worker` process and the frames to and from it."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._in, self._out = process, process.stdin, process.stdout

    @classmethod
    async def start(cls, arguments: Sequence[str]) -> "_Worker":
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "graders.worker",
            *arguments,
            stdin=PIPE,
            stdout=PIPE,
            env=worker_environment(),
            limit=1 << 26,
        )
        worker = cls(process)
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                await worker._frame()
        except (EOFError, TimeoutError):
            await worker.kill()
            raise
        return worker

    async def send(self, frame: bytes) -> None:
        self._in.write(frame)
        await self._in.drain()

    async def receive(self) -> Outcome:
        """The next outcome. Raises EOFError when the process has died."""
        return outcome_from_json(await self._frame())

    async def _frame(self) -> Any:
        size = int.from_bytes(await self._out.readexactly(4), "big")
        return from_json(await self._out.readexactly(size))

    async def kill(self) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        self._in.close()
        await self._process.wait()


class _Failures:
    """The calls that killed or outlasted a worker, by content: the newest ones, kept in this process only."""

    def __init__(self) -> None:
        self._first: OrderedDict[bytes, Unscored | DeadlineExceeded] = OrderedDict()

    def get(self, job: Job, index: int) -> Unscored | DeadlineExceeded | None:
        return self._first.get(_content(job, index)) if self._first else None

    def add(self, job: Job, index: int, failure: Unscored | DeadlineExceeded) -> None:
        self._first[_content(job, index)] = failure
        if len(self._first) > _REMEMBERED_FAILURES:
            self._first.popitem(last=False)


def _content(job: Job, index: int) -> bytes:
    content = [job.version.digest, job.config.raw, call_to_json(job.calls[index])]
    return hashlib.sha256(to_json(content)).digest()


def _job_frame(job: Job, queue: list[int]) -> bytes:
    return encode_frame(
        {
            "grader": job.version.id,
            "digest": job.version.digest,
            "config": job.config.raw,
            "calls": [call_to_json(job.calls[index]) for index in queue],
        }
    )
