"""Pure calls run in processes that can be killed: a regex that backtracks for a minute would freeze a thread, and with
it the service. Small calls, which a test shows to be quick, share a round trip with whatever else waits; a small one
that comes alone to a grader of our own is judged at once, without one.

While a worker judges one group of calls the next one gathers, so the process border costs a busy service little, and
the judging has processors of its own. A call that is larger than its version's `SMALL_MAX_BYTES` goes alone. When a
group hangs or its worker dies, its calls are tried again one by one: the one at fault fails alone.
"""

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from app.admission.claim import Claim
from app.errors import AnsweredAtOnce, DeadlineExceeded, Failure, Overloaded, WorkerDied
from app.worker_process import WorkerProcess
from graders.api import Credited, Program
from graders.calls import Call, Judged, perform
from graders.discovery import BUILT_IN
from graders.errors import Unscored
from graders.group_calls import GroupCall
from graders.registry import ConfigInForce
from graders.version import Version

Outcome = Judged | list[Program] | Credited | Failure

_log = logging.getLogger(__name__)

_GROUP_MAX_CALLS = 64
_REMEMBERED_FAILURES = 10_000
# How often calls whose deadline passed while they waited are looked for.
_SWEEP_S = 0.05
# A group of calls that are each known to take under 2 ms, s.
_GROUP_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Job:
    """Calls of one version with one config."""

    version: Version
    config: ConfigInForce
    calls: Sequence[Call | GroupCall]

    def planning(self) -> "Job":
        """The same calls, asked for their programs."""
        return replace(self, calls=[replace(call, is_plan=True) for call in self.calls if isinstance(call, Call)])

    def only(self, indices: Sequence[int]) -> "Job":
        """The calls at `indices`."""
        return replace(self, calls=[self.calls[index] for index in indices])

    @property
    def json(self) -> bytes:
        return b'{"grader":"%b","digest":"%b","config":%b,"calls":[%b]}' % (
            self.version.id.encode(),
            self.version.digest.encode(),
            self.config.json,
            b",".join([call.json for call in self.calls]),
        )


@dataclass(slots=True, eq=False)
class _Part:
    """Calls of one job that wait together for one round trip."""

    job: Job
    claim: Claim
    is_alone: bool
    outcomes: asyncio.Future[list[Outcome]]

    def settle(self, outcomes: list[Outcome]) -> None:
        if not self.outcomes.done():
            self.outcomes.set_result(outcomes)

    def expire(self) -> None:
        late: list[Outcome] = [DeadlineExceeded("Not judged before the deadline.") for _ in self.job.calls]
        self.settle(late)


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
        self._waiting: deque[_Part] = deque()
        self._waiting_calls = 0
        self._running: set[_Part] = set()
        self._idle: list[WorkerProcess] = []
        self._all: set[WorkerProcess] = set()
        self._background_tasks: set[asyncio.Task[None]] = set()
        self._failed_before = _Failures()
        self._is_feeding = self._is_sweeping = self._is_closing = False

    async def start(self) -> None:
        """Starts every worker and waits until each has loaded the graders."""
        self._loop = asyncio.get_running_loop()
        self._idle = list(await asyncio.gather(*(self._start_one() for _ in range(self._count))))
        self._all = set(self._idle)

    @property
    def alive(self) -> int:
        """How many workers there are now; 0 means that nothing can be judged until one has been started again."""
        return len(self._all)

    async def _start_one(self) -> WorkerProcess:
        return await WorkerProcess.load(self._arguments, self._lost)

    def _lost(self, worker: WorkerProcess) -> None:
        """An idle worker died: something outside killed it."""
        if worker in self._idle:
            self._idle.remove(worker)
        if worker in self._all:
            self._replace(worker)

    async def close(self) -> None:
        """Ends every worker; no process is left."""
        self._is_closing = True
        # A start that is cut off would leave its process behind, so it is let finish.
        await asyncio.gather(*self._background_tasks)
        await asyncio.gather(*(worker.kill() for worker in self._all))
        self._all.clear()

    async def __call__(self, job: Job, claim: Claim) -> list[Outcome]:
        """One outcome per call of `job`, in order.

        Raises:
            Overloaded: more calls wait for a worker than may.
        """
        if self._waiting_calls + len(job.calls) > self._queue_max:
            waiting = self._waiting_calls
            raise Overloaded(f"{waiting} samples wait for a worker already; at most {self._queue_max} may.")
        if (quick := _quick(job)) is not None:
            return [perform(job.version, job.config.model, quick.value)]
        limit = job.version.shared_max_bytes
        shared = [index for index, call in enumerate(job.calls) if call.is_small(limit)]
        if self._failed_before:
            shared = [index for index in shared if self._failed_before.get(job.only([index])) is None]
        if len(shared) == len(job.calls) <= _GROUP_MAX_CALLS:
            return await self._enqueue(job, claim, is_alone=False).outcomes if shared else []
        return await self._in_parts(job, claim, shared)

    async def _in_parts(self, job: Job, claim: Claim, shared: list[int]) -> list[Outcome]:
        """The calls at `shared` in groups, each other one alone."""
        groups = [shared[at : at + _GROUP_MAX_CALLS] for at in range(0, len(shared), _GROUP_MAX_CALLS)]
        parts = [(group, self._enqueue(job.only(group), claim, is_alone=False)) for group in groups]
        alone = sorted(set(range(len(job.calls))) - set(shared))
        parts += [([index], self._alone(job.only([index]), claim)) for index in alone]
        outcomes: dict[int, Outcome] = {}
        for indices, part in parts:
            outcomes |= zip(indices, await part.outcomes, strict=True)
        return [outcomes[index] for index in range(len(job.calls))]

    def _alone(self, job: Job, claim: Claim) -> _Part:
        """One call on its own; at once if it died or outlasted a worker before."""
        first = self._failed_before.get(job)
        if first is None:
            return self._enqueue(job, claim, is_alone=True)
        part = _Part(job, claim, True, self._loop.create_future())
        part.settle([AnsweredAtOnce(first)])
        return part

    def _enqueue(self, job: Job, claim: Claim, *, is_alone: bool) -> _Part:
        part = _Part(job, claim, is_alone, self._loop.create_future())
        self._waiting.append(part)
        self._waiting_calls += len(job.calls)
        # Fed at the end of this turn of the loop, so that all that arrives in it goes together.
        if not self._is_feeding:
            self._is_feeding = True
            self._loop.call_soon(self._feed)
        return part

    def _feed(self) -> None:
        """Gives idle workers what waits."""
        self._is_feeding = False
        while self._idle and self._waiting:
            if parts := self._take():
                self._running.update(parts)
                self._run(self._idle.pop(), parts)
        if (self._waiting or self._running) and not self._is_sweeping:
            self._is_sweeping = True
            self._loop.call_later(_SWEEP_S, self._sweep)

    def _run(self, worker: WorkerProcess, parts: list[_Part]) -> None:
        jobs = b"[%b]" % b",".join([part.job.json for part in parts])
        calls = sum([len(part.job.calls) for part in parts])
        worker.run(jobs, calls, self._timeout_s(parts), partial(self._done, worker, parts))

    def _take(self) -> list[_Part]:
        """The next group: one part that goes alone, or small ones up to the limit. Late ones are answered."""
        parts: list[_Part] = []
        calls, now = 0, time.monotonic()
        while self._waiting:
            part = self._waiting[0]
            calls += len(part.job.calls)
            if parts and (part.is_alone or calls > _GROUP_MAX_CALLS):
                break
            self._waiting.popleft()
            self._waiting_calls -= len(part.job.calls)
            if part.claim.deadline < now:
                part.expire()
                continue
            parts.append(part)
            if part.is_alone:
                break
        return parts

    def _timeout_s(self, parts: list[_Part]) -> float:
        if parts[0].is_alone:
            return max(0.0, min(self._call_timeout_s, parts[0].claim.deadline - time.monotonic()))
        return min(self._call_timeout_s, _GROUP_TIMEOUT_S)

    def _sweep(self) -> None:
        """Answers calls whose deadline has passed, waiting or in a worker."""
        self._is_sweeping = False
        now = time.monotonic()
        for part in self._running:
            # One that goes alone is stopped at its deadline, and then answered.
            if part.claim.deadline < now and not part.is_alone:
                part.expire()
        for part in [part for part in self._waiting if part.claim.deadline < now]:
            self._waiting.remove(part)
            self._waiting_calls -= len(part.job.calls)
            part.expire()
        self._feed()

    def _done(
        self, worker: WorkerProcess, parts: list[_Part], outcomes: Sequence[Outcome] | None, spent_s: float
    ) -> None:
        """Takes a worker's outcomes for `parts`, or None when the worker is gone."""
        self._running.difference_update(parts)
        if outcomes is not None:
            each = iter(outcomes)
            for part in parts:
                part.settle([next(each) for _ in part.job.calls])
            self._idle.append(worker)
            self._feed()
            return
        self._replace(worker)
        if parts[0].is_alone:
            self._fail(parts[0], worker, spent_s)
            return
        for part in parts:
            self._try_one_by_one(part)

    def _fail(self, part: _Part, worker: WorkerProcess, spent_s: float) -> None:
        """Answers the call that a worker died on, and remembers it if it was the call's own doing."""
        failure: Unscored | DeadlineExceeded
        if worker.was_stopped:
            failure = DeadlineExceeded(f"The judgement was stopped after {spent_s:.1f} s in a worker.")
        else:
            failure = WorkerDied(f"The worker died after {spent_s:.1f} s on this sample (out of memory, or a crash).")
        if not worker.was_stopped or spent_s >= 0.9 * self._call_timeout_s:
            self._failed_before.add(part.job, failure)
        part.settle([failure])

    def _try_one_by_one(self, part: _Part) -> None:
        """The calls of a group that failed as a whole, each alone; `part` is answered when the last of them is."""
        singles = [self._alone(part.job.only([index]), part.claim) for index in range(len(part.job.calls))]

        async def collect() -> None:
            part.settle([outcome for single in singles for outcome in await single.outcomes])

        self._background(collect())

    def _replace(self, worker: WorkerProcess) -> None:
        """Starts another worker in the background: nobody waits for it."""
        self._all.discard(worker)
        if not self._is_closing:
            self._background(self._start_another())

    async def _start_another(self) -> None:
        while not self._is_closing:
            try:
                fresh = await self._start_one()
            except (OSError, EOFError, TimeoutError) as error:
                _log.error("A worker cannot be started, trying again in 1 s: %r", error)
                await asyncio.sleep(1)
            else:
                self._all.add(fresh)
                self._idle.append(fresh)
                self._feed()
                return

    def _background(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._background_tasks.add(task)
        task.add_done_callback(self._background_tasks.discard)


def _quick(job: Job) -> Call | None:
    """The only call of `job`, if judging here costs less than a round trip, and surely under 2 ms: our own graders'
    tests say so."""
    if len(job.calls) != 1 or job.version.origin != BUILT_IN:
        return None
    [call] = job.calls
    return call if isinstance(call, Call) and call.is_small(job.version.small_max_bytes) else None


class _Failures:
    """The calls that killed or outlasted a worker, by content: the newest ones, kept in this process only."""

    def __init__(self) -> None:
        self._first: OrderedDict[bytes, Unscored | DeadlineExceeded] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._first)

    def get(self, job: Job) -> Unscored | DeadlineExceeded | None:
        return self._first.get(_content(job)) if self._first else None

    def add(self, job: Job, failure: Unscored | DeadlineExceeded) -> None:
        self._first[_content(job)] = failure
        if len(self._first) > _REMEMBERED_FAILURES:
            self._first.popitem(last=False)


def _content(job: Job) -> bytes:
    """What a job of one call asks: digest, config, item and sample."""
    return hashlib.sha256(job.json).digest()
