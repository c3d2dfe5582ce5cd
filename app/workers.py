"""Pure calls run in processes that can be killed: a regex that backtracks for a minute would freeze a thread, and with
it the service. Small calls, which a test shows to be quick, share a round trip with whatever else waits; a small one
that comes alone to a grader of our own is judged at once, without one.

While a worker judges one group of calls the next one gathers, so the process border costs a busy service little, and
the judging has processors of its own. A call that is larger than its version's `SMALL_MAX_BYTES` goes alone. When a
group hangs or its worker dies, its calls are tried again one by one: the one at fault fails alone.

A worker that has answered would be idle until the event loop has read that, and in a burst that takes a while. So while
more waits, each busy worker has its next calls in its pipe already, as long as it is soon done with the present ones.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeGuard

from pydantic_core import to_json

from app.admission import waiting_room
from app.admission.alarm import Alarm
from app.admission.claim import Claim
from app.admission.deadlines import Deadlines, Ending
from app.admission.fair_queue import DEFAULT_BOUNDS, Bounds
from app.admission.waiting_room import Load, Resource, WaitingRoom
from app.errors import AnsweredAtOnce, DeadlineExceeded, Overloaded, WorkerDied
from app.failed_calls import FailedCalls
from app.jobs import AnyCall, Job, Outcome, Part, stage_of
from app.trace import Stage
from app.worker_process import AHEAD_MOST_S, WorkerProcess
from graders.calls import Call, perform_all
from graders.discovery import BUILT_IN
from graders.errors import Unscored
from graders.registry import ConfigInForce
from graders.version import Version

_log = logging.getLogger(__name__)

_GROUP_MAX_CALLS = 64
# A group of calls that are each known to take under 2 ms, s.
_GROUP_TIMEOUT_S = 2.0


class Meters(waiting_room.Meters, Protocol):
    def slots(self, resource: Resource, there: Callable[[], int], in_use: Callable[[], int]) -> None: ...
    def stage(self, stage: Stage, seconds: float, times: int = 1) -> None: ...
    def worker_ended(self, *, was_stopped: bool) -> None: ...


class Workers:
    """Runs jobs. `start` before the first, `close` after the last."""

    def __init__(
        self,
        count: int,
        *,
        meters: Meters,
        graders_path: Sequence[Path] = (),
        without: Iterable[str] = (),
        memory_mib: int = 1024,
        call_timeout_s: float = 5.0,
        bounds: Bounds = DEFAULT_BOUNDS,
        judges_at_once: bool = True,
    ) -> None:
        """Workers need not load the ids in `without`. Without `judges_at_once` every call goes to one: for graders that
        are still being written."""
        self._count = count
        self._judges_at_once = judges_at_once
        unloaded = to_json(list(without)).decode()
        self._arguments = [str(memory_mib), unloaded, *(str(path.resolve()) for path in graders_path)]
        self._call_timeout_s = call_timeout_s
        self._waiting: WaitingRoom[Part] = WaitingRoom("workers", count, bounds, meters)
        self._running: dict[Part, Ending[Part]] = {}
        self._ends: Deadlines[Part] = Deadlines()
        self._alarm = Alarm(self._expire)
        self._idle: list[WorkerProcess] = []
        self._all: set[WorkerProcess] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._collecting: set[asyncio.Task[None]] = set()
        self._failed_before = FailedCalls()
        self._is_feeding = self._is_closing = False
        self._meters = meters
        meters.slots("workers", lambda: self.alive, lambda: self.alive - len(self._idle))

    async def start(self) -> None:
        """Starts every worker and waits until each has loaded the graders."""
        self._loop = asyncio.get_running_loop()
        self._idle = list(await asyncio.gather(*(self._start_one() for _ in range(self._count))))
        self._all = set(self._idle)

    @property
    def alive(self) -> int:
        """How many workers there are now; 0 means that nothing can be judged until one has been started again."""
        return len(self._all)

    @property
    def load(self) -> Load:
        return self._waiting.load

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
        self._waiting.close()
        self._alarm.cancel()
        # Nobody waits for what is tried again, and it may take as long as each of its calls.
        for task in self._collecting:
            task.cancel()
        await asyncio.gather(*self._collecting, return_exceptions=True)
        # A start that is cut off would leave its process behind, so it is let finish.
        await asyncio.gather(*self._starting)
        await asyncio.gather(*(worker.kill() for worker in self._all))
        self._all.clear()

    def is_quick(self, call: AnyCall, version: Version) -> TypeGuard[Call]:
        """Whether judging `call` here costs less than a round trip, and surely under 2 ms: our own graders' tests say
        so."""
        return self._judges_at_once and version.origin == BUILT_IN and call.is_small(version.small_max_bytes)

    def at_once(self, version: Version, config: ConfigInForce, calls: Sequence[Call]) -> list[Outcome]:
        """The outcomes of quick calls, at least one, all for a plan or all for a grade."""
        began = time.monotonic()
        outcomes: list[Outcome] = [*perform_all(version, config.model, [call.value for call in calls])]
        self._meters.stage(stage_of(calls[0]), (time.monotonic() - began) / len(calls), len(calls))
        return outcomes

    async def __call__(self, job: Job, claim: Claim) -> list[Outcome]:
        """One outcome per call of `job`, in order; Overloaded for those that were not let in."""
        if len(job.calls) == 1 and self.is_quick(job.calls[0], job.version):
            return self.at_once(job.version, job.config, [job.calls[0]])
        limit = job.version.shared_max_bytes
        if len(job.calls) == 1 and not job.calls[0].is_small(limit):
            return await self._alone(job, claim).outcomes
        shared = [index for index, call in enumerate(job.calls) if call.is_small(limit)]
        if self._failed_before:
            shared = [index for index in shared if self._failed_before.get(job.only([index])) is None]
        most = min(_GROUP_MAX_CALLS, claim.caller.limits.concurrency or _GROUP_MAX_CALLS)
        if len(shared) == len(job.calls) <= most:
            return await self._enqueue(job, claim, is_alone=False).outcomes if shared else []
        return await self._in_parts(job, claim, shared, most)

    async def _in_parts(self, job: Job, claim: Claim, shared: list[int], most: int) -> list[Outcome]:
        """The calls at `shared` in groups of at most so many, each other one alone."""
        groups = [shared[at : at + most] for at in range(0, len(shared), most)]
        parts = [(group, self._enqueue(job.only(group), claim, is_alone=False)) for group in groups]
        alone = sorted(set(range(len(job.calls))) - set(shared))
        parts += [([index], self._alone(job.only([index]), claim)) for index in alone]
        outcomes: dict[int, Outcome] = {}
        for indices, part in parts:
            outcomes |= zip(indices, await part.outcomes, strict=True)
        return [outcomes[index] for index in range(len(job.calls))]

    def _alone(self, job: Job, claim: Claim) -> Part:
        """One call on its own; at once if it died or outlasted a worker before."""
        first = self._failed_before.get(job)
        if first is None:
            return self._enqueue(job, claim, is_alone=True)
        part = Part(job, claim, is_alone=True)
        part.settle([AnsweredAtOnce(first)])
        return part

    def _enqueue(self, job: Job, claim: Claim, *, is_alone: bool) -> Part:
        part = Part(job, claim, is_alone=is_alone)
        try:
            self._waiting.enter(part)
        except Overloaded as error:
            part.drop(error)
            return part
        # Fed at the end of this turn of the loop, so that all that arrives in it goes together.
        if not self._is_feeding:
            self._is_feeding = True
            self._loop.call_soon(self._feed)
        return part

    def _feed(self) -> None:
        """Gives idle workers what waits, and then those that are soon free."""
        self._is_feeding = False
        while self._idle and (parts := self._take()):
            self._run(self._idle.pop(), parts)
        if not self._idle and len(self._waiting):
            self._feed_ahead()

    def _feed_ahead(self) -> None:
        """Sends calls behind others of the same caller: nobody is held up there by what somebody else's sample does."""
        others: set[str] = set()
        while workers := [each for each in self._all if each.may_have_more and each.caller not in others]:
            worker = min(workers, key=lambda each: each.free_in_s)
            parts = self._take(worker.free_in_s, AHEAD_MOST_S, worker.caller)
            if parts:
                self._run(worker, parts)
            else:
                others.add(worker.caller)

    def _run(self, worker: WorkerProcess, parts: list[Part]) -> None:
        for part in parts:
            self._running[part] = self._ends.add(part.claim.deadline, part)
            self._alarm.set(part.claim.deadline)
        jobs = b"[%b]" % b",".join([part.job.json for part in parts])
        calls = sum([len(part.job.calls) for part in parts])
        expected_s = sum([part.cost for part in parts])
        callers = {part.claim.caller.name for part in parts}
        caller = callers.pop() if len(callers) == 1 else ""
        worker.run(jobs, calls, caller, expected_s, self._timeout_s(parts), partial(self._done, worker, parts))

    def _take(self, begins_in_s: float = 0.0, most_s: float = math.inf, caller: str = "") -> list[Part]:
        """The next group: one part that goes alone, or small ones up to the limit; if `caller` is given, of that
        caller, and none that is expected to take longer than `most_s`."""
        parts: list[Part] = []
        calls = 0
        while (part := self._waiting.peek(begins_in_s)) is not None:
            if part.cost > most_s or (caller and part.claim.caller.name != caller):
                break
            if parts and (part.is_alone or calls + part.samples > _GROUP_MAX_CALLS):
                break
            self._waiting.take()
            if part.is_alone and (first := self._failed_before.get(part.job)) is not None:
                # Another with the same content failed while this one waited.
                self._waiting.done(part, 0.0, is_usual=False)
                part.settle([AnsweredAtOnce(first)])
                continue
            parts.append(part)
            calls += part.samples
            begins_in_s += part.cost
            if part.is_alone:
                break
        return parts

    def _timeout_s(self, parts: list[Part]) -> float:
        # Not the deadline: under overload many calls are begun shortly before theirs, and to replace a worker that was
        # stopped for a moment's lateness takes a second of CPU time, for which others are late.
        return self._call_timeout_s if parts[0].is_alone else min(self._call_timeout_s, _GROUP_TIMEOUT_S)

    def _expire(self, now: float) -> float | None:
        """Answers calls whose deadline has passed while they are judged."""
        for part in self._ends.due(now):
            part.expire()
        return self._ends.first

    def _leave(self, parts: list[Part], spent_s: float | None, *, is_usual: bool) -> None:
        """`parts` are no longer in a worker; each took its part of the time; None: they had not begun."""
        each_s = (spent_s or 0.0) / sum([part.samples for part in parts])
        for part in parts:
            self._waiting.done(part, each_s * part.samples, is_usual=is_usual)
            if spent_s is not None:
                self._meters.stage(part.job.stage, spent_s)
            if (ending := self._running.pop(part, None)) is not None:
                self._ends.remove(ending)

    def _done(
        self, worker: WorkerProcess, parts: list[Part], outcomes: Sequence[Outcome] | None, spent_s: float | None
    ) -> None:
        """Takes a worker's outcomes for `parts`, or None when the worker is gone: then `spent_s` is None if they had
        not begun."""
        self._leave(parts, spent_s, is_usual=outcomes is not None)
        if outcomes is not None:
            each = iter(outcomes)
            for part in parts:
                part.settle(list(islice(each, len(part.job.calls))))
            if not worker.given:
                self._idle.append(worker)
            self._feed()
            return
        if spent_s is None:
            for part in parts:
                self._try_one_by_one(part)
            return
        self._replace(worker)
        if parts[0].is_alone:
            self._fail(parts[0], worker, spent_s)
            return
        for part in parts:
            self._try_one_by_one(part)

    def _fail(self, part: Part, worker: WorkerProcess, spent_s: float) -> None:
        """Answers the call that a worker died on, and remembers it if it was the call's own doing."""
        failure: Unscored | DeadlineExceeded
        if worker.was_stopped:
            failure = DeadlineExceeded(f"The judgement was stopped after {spent_s:.1f} s in a worker.")
        else:
            failure = WorkerDied(f"The worker died after {spent_s:.1f} s on this sample (out of memory, or a crash).")
        if not worker.was_stopped or spent_s >= 0.9 * self._call_timeout_s:
            self._failed_before.add(part.job, failure)
        part.settle([failure])

    def _try_one_by_one(self, part: Part) -> None:
        """The calls of a group that failed as a whole, each alone; `part` is answered when the last of them is."""
        if self._is_closing:
            return
        claim = part.claim.begun()
        singles = [self._alone(part.job.only([index]), claim) for index in range(len(part.job.calls))]

        async def collect() -> None:
            part.settle([outcome for single in singles for outcome in await single.outcomes])

        _keep(collect(), self._collecting)

    def _replace(self, worker: WorkerProcess) -> None:
        """Starts another worker in the background: nobody waits for it."""
        self._all.discard(worker)
        if not self._is_closing:
            self._meters.worker_ended(was_stopped=worker.was_stopped)
            _keep(self._start_another(), self._starting)

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


def _keep(work: Coroutine[Any, Any, None], tasks: set[asyncio.Task[None]]) -> None:
    """Does `work` in the background; its task is among `tasks` until it has ended."""
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
