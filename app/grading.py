"""The use case on one screen: find the grader, replay, plan, execute, judge, record. Read this first.

A sample is judged or it stays unscored; it never gets a number for a reason of ours. Every admitted sample leaves a
row in the ledger before it is answered: a grade, or the code of why there is none.
"""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Protocol, TypeGuard

from msgspec import Struct

from app.admission.claim import Claim
from app.admission.limit import Quota
from app.auth import Caller
from app.encoding import encode
from app.entries import Entry, entry_of, located, records_of
from app.errors import (
    NEVER_BEGUN,
    Failure,
    LedgerUnavailable,
    Overloaded,
    RecordRefused,
    ServiceError,
    ShuttingDown,
    status_of,
)
from app.jobs import AnyCall, Job, Outcome
from app.keyed_lock import KeyedLock
from app.orders import Answer, Graded, Order, Refused
from app.records import Record
from app.together import Together
from app.trace import Stage
from graders.api import Execution, Program
from graders.calls import Call, Judged
from graders.errors import InvalidItem
from graders.registry import ConfigInForce, Grader
from graders.version import Version

# Most samples of a version with programs that are planned, run, judged and recorded together, while the programs of
# others run. Smaller parts cost more round trips to the workers.
_PART_SAMPLES = 32
# The last parts hold so few: one would cost a round trip of its own, and more would be judged late.
_LAST_SAMPLES = 3
# Of a part whose programs have not all ended after this, s, those are judged that have.
_JUDGED_EVERY_S = 0.5


class Graders(Protocol):
    async def find(self, id: str) -> Grader: ...


class Admission(Protocol):
    def admit(self, caller: Caller, grader: str, samples: int) -> Awaitable[Sequence[Quota]] | None: ...
    def give_back(self, caller: Caller, grader: str, samples: int) -> None: ...


class Judges(Protocol):
    def is_quick(self, call: AnyCall, version: Version) -> TypeGuard[Call]: ...
    def at_once(self, version: Version, config: ConfigInForce, calls: Sequence[Call]) -> list[Outcome]: ...
    async def __call__(self, job: Job, claim: Claim) -> list[Outcome]: ...


class Sandbox(Protocol):
    async def run(self, programs: Sequence[Program], claim: Claim) -> list[Execution]: ...


class Ledger(Protocol):
    def add(self, records: Sequence[Record]) -> Awaitable[list[Record | RecordRefused]]: ...
    async def replay(self, caller: str, grader: str, keys: Sequence[str]) -> dict[str, Record]: ...


class Meters(Protocol):
    def graded(self, records: Sequence[Record], rewards: tuple[float, float]) -> None: ...
    def replayed(self, grader: str, samples: int) -> None: ...
    def stage(self, stage: Stage, seconds: float, times: int = 1) -> None: ...
    def unscored(self, grader: str, code: str) -> None: ...


class _Request(Struct):
    """What the parts of one order have in common."""

    order: Order
    grader: Grader
    config: ConfigInForce
    started: float

    @classmethod
    def of(cls, order: Order, grader: Grader, started: float) -> "_Request":
        """Raises InvalidConfig or InvalidRequest for the config that the order sent."""
        if order.config is not None:
            encode(order.config, "/config")
        return cls(order, grader, grader.with_config(order.config), started)


class _Part(Struct):
    """Samples of one request that are judged and recorded together."""

    request: _Request
    entries: list[Entry]

    @property
    def unanswered(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.answer is None]


@dataclass
class Grading:
    """Grades orders. Its parts come through the constructor; `main.py` builds them."""

    graders: Graders
    admission: Admission
    judges: Judges
    sandbox: Sandbox
    ledger: Ledger
    meters: Meters
    turns: KeyedLock = field(default_factory=KeyedLock)

    def __post_init__(self) -> None:
        self._quick = Together(self._judge_quick, self._quick_rows, self._record)

    async def grade(self, order: Order) -> list[Answer]:
        """One answer per submission, in order.

        Raises:
            UnknownGrader, InvalidConfig: nothing was graded.
            RateLimited, BatchOverBurst, Overloaded: shed before any work.
        """
        started = time.monotonic()
        request = _Request.of(order, await self.graders.find(order.grader_id), started)
        if (trace := order.claim.trace) is not None:
            trace.grader = request.grader.id
        entries = [entry_of(submission, request.grader, request.config) for submission in order.submissions]
        if order.key is None:
            await self._grade(request, entries)
        else:
            # Requests with the same key wait for one another: a retry finds what the first one made.
            async with self.turns.holding((order.caller.name, order.grader_id, order.key)):
                await self._replay(order, entries)
                await self._grade(request, entries)
        answers = [entry.answer for entry in entries if entry.answer is not None]
        self._tell(request, answers)
        return answers

    async def _grade(self, request: _Request, entries: list[Entry]) -> None:
        """Answers the entries that have no answer yet."""
        order, grader = request.order, request.grader
        unanswered = [entry for entry in entries if entry.answer is None]
        if len(unanswered) < len(entries):
            for refused in [entry.answer for entry in entries if isinstance(entry.answer, Refused)]:
                self.meters.unscored(grader.id, status_of(refused.error).code)
            if not unanswered:
                return
        held = self.admission.admit(order.caller, grader.version.id, len(unanswered))
        if held is not None:
            order.quotas = await held
        parts = [_Part(request, part) for part in _parts(unanswered, grader)]
        if len(parts) == 1:
            await self._grade_part(parts[0])
        else:
            await asyncio.gather(*map(self._grade_part, parts))
        if unscored := [entry for entry in unanswered if not isinstance(entry.outcome, Judged)]:
            self.give_back_unspent(order.claim, grader, unscored)
            refuse_if_all_are_shed(entries)

    def _tell(self, request: _Request, answers: Sequence[Answer]) -> None:
        """Has the request's log line say what became of its samples, and counts what was graded before, and what was
        no sample."""
        unread = request.order.unread
        for error in unread:
            self.meters.unscored(request.grader.id, status_of(error).code)
        records, graded, replayed = [], 0, 0
        for answer in answers:
            if isinstance(answer, Graded):
                graded, replayed = graded + 1, replayed + answer.replayed
                records.append(answer.record.record)
            elif answer.record is not None:
                records.append(answer.record)
        if replayed:
            self.meters.replayed(request.grader.id, replayed)
        if (trace := request.order.claim.trace) is not None:
            trace.judged(records, graded, len(answers) - graded + len(unread))

    async def _grade_part(self, part: _Part) -> None:
        """Judges `part` and records it: a sample that is judged at once, together with the others of its turn."""
        request, entries = part.request, part.entries
        version = request.grader.version
        if len(entries) == 1 and not version.has_plan and self.judges.is_quick(entries[0].call, version):
            await self._quick.join(part)
        else:
            await self.judge(request.grader, request.config, entries, request.order.claim)
            await self._record([(part, self._rows(part))])

    def _judge_quick(self, parts: Sequence[_Part]) -> None:
        """Judges the samples of a turn, those of one version and config in a row."""
        alike: dict[tuple[str, bytes], list[_Part]] = {}
        for part in parts:
            alike.setdefault((part.request.grader.version.id, part.request.config.json), []).append(part)
        for same in alike.values():
            request = same[0].request
            calls = [part.entries[0].call for part in same]
            outcomes = self.judges.at_once(request.grader.version, request.config, calls)
            for part, outcome in zip(same, outcomes, strict=True):
                part.entries[0].outcome = outcome

    def _quick_rows(self, part: _Part) -> list[Record]:
        request, [entry] = part.request, part.entries
        if isinstance(entry.outcome, InvalidItem):
            entry.outcome = located(entry.outcome, entry, request.grader)
        return self._rows_of(request, part.entries)

    def give_back_unspent(self, claim: Claim, grader: Grader, entries: Sequence[Entry]) -> None:
        """Returns the tokens of samples that nothing was spent on."""
        if unspent := sum([isinstance(entry.outcome, NEVER_BEGUN) for entry in entries]):
            self.admission.give_back(claim.caller, grader.version.id, unspent)

    async def judge(self, grader: Grader, config: ConfigInForce, entries: list[Entry], claim: Claim) -> None:
        """Gives every entry its outcome: a judgement, or why there is none."""
        parts = _parts(entries, grader)
        if len(parts) == 1:
            await self._judge(grader, config, entries, claim)
        else:
            await asyncio.gather(*(self._judge(grader, config, part, claim) for part in parts))

    async def _judge(self, grader: Grader, config: ConfigInForce, entries: list[Entry], claim: Claim) -> None:
        job = Job(grader.version, config, [entry.call for entry in entries])
        judge = self._run_and_judge if job.version.has_plan else self._judge_calls
        await judge(job, entries, claim)
        for entry in entries:
            if isinstance(entry.outcome, InvalidItem):
                entry.outcome = located(entry.outcome, entry, grader)

    async def _judge_calls(self, job: Job, entries: Sequence[Entry], claim: Claim) -> None:
        if len(entries) == 1 and self.judges.is_quick(job.calls[0], job.version):
            outcomes = self.judges.at_once(job.version, job.config, [job.calls[0]])
        else:
            outcomes = await self.judges(job, claim)
        for entry, outcome in zip(entries, outcomes, strict=True):
            entry.outcome = outcome

    async def _replay(self, order: Order, entries: list[Entry]) -> None:
        """Answers the entries that were graded under their key before."""
        keys = [entry.submission.key for entry in entries if entry.submission.key is not None]
        known = await self.ledger.replay(order.caller.name, order.grader_id, keys) if keys else {}
        for entry in entries if known else ():
            record = known.get(entry.submission.key or "")
            if record is not None and entry.answer is None:
                entry.replay(record)

    async def _run_and_judge(self, job: Job, entries: list[Entry], claim: Claim) -> None:
        """Runs what every call's plan asks for and judges the calls whose programs have ended: together, unless some
        take so long that the others would wait for them until it is too late."""
        plans = await self.judges(job.planning(), claim)
        executing = (self._execute(plan, entry, claim) for plan, entry in zip(plans, entries, strict=True))
        running = {asyncio.create_task(execution): index for index, execution in enumerate(executing)}
        try:
            while running:
                ended, _ = await asyncio.wait(running, timeout=_JUDGED_EVERY_S)
                ready = []
                for task in sorted(ended, key=running.__getitem__):
                    index = running.pop(task)
                    outcome = entries[index].outcome = task.result()
                    if isinstance(outcome, list):
                        ready.append(index)
                if ready:
                    await self._judge_calls(job.only(ready), [entries[index] for index in ready], claim.begun())
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _execute(self, plan: Outcome, entry: Entry, claim: Claim) -> Outcome:
        """Runs the programs of `plan`, except those whose execution is known; the results go into the entry's call."""
        if not isinstance(plan, list):
            return plan
        known = dict(entry.submission.executions)
        missing = [program for program in dict.fromkeys(plan) if program not in known]
        if missing:
            try:
                known |= zip(missing, await self.sandbox.run(missing, claim), strict=True)
            except ServiceError as error:
                return error
        entry.give(plan, [known[program] for program in plan])
        return plan

    def _rows(self, part: _Part) -> list[Record]:
        """The records of what was judged, or could not be. What was shed was never let in: it is answered, and leaves
        no row."""
        request = part.request
        for entry in part.entries:
            if isinstance(entry.outcome, Overloaded):
                self._refuse(request, entry, entry.outcome, None)
        return self._rows_of(request, part.unanswered)

    def _rows_of(self, request: _Request, entries: Sequence[Entry]) -> list[Record]:
        duration_us = int((time.monotonic() - request.started) * 1e6)
        return records_of(entries, request.order, request.grader, request.config, duration_us)

    async def _record(self, parts: Sequence[tuple[_Part, list[Record]]]) -> None:
        """Answers each entry once its record is durable; what is not recorded is not answered."""
        began = time.monotonic()
        records = list(chain.from_iterable(rows for _, rows in parts))
        standing: Sequence[Record | Failure] = ()
        try:
            if records:
                standing = await self.ledger.add(records)
        except LedgerUnavailable as error:
            standing = [error] * len(records)
        seconds, each = time.monotonic() - began, iter(standing)
        self.meters.stage("ledger", seconds, len(parts))
        for part, rows in parts:
            self._answer(part, rows, list(islice(each, len(rows))))
            if (trace := part.request.order.claim.trace) is not None and seconds > trace.ledger_s:
                trace.ledger_s = seconds

    def _answer(self, part: _Part, records: Sequence[Record], standing: Sequence[Record | Failure]) -> None:
        """Answers what has no answer yet with what became of its `records`."""
        request, graded = part.request, []
        for entry, record, stands in zip(part.unanswered, records, standing, strict=True):
            if stands is record and isinstance(entry.outcome, Judged):
                entry.answer = Graded(record)
                graded.append(record)
            elif isinstance(entry.outcome, Failure):
                self._refuse(request, entry, entry.outcome, record.record if isinstance(stands, Record) else None)
            elif isinstance(stands, Failure):
                self._refuse(request, entry, stands, None)
            else:
                entry.replay(stands)
                if isinstance(entry.answer, Refused):
                    self.meters.unscored(request.grader.id, status_of(entry.answer.error).code)
        self.meters.graded(graded, request.grader.version.reward_range)

    def _refuse(self, request: _Request, entry: Entry, error: Failure, record: str | None) -> None:
        """Answers an entry that stays unscored; `record` is the id of its row, if it has one."""
        entry.answer = Refused(error, record)
        self.meters.unscored(request.grader.id, status_of(error).code)


def refuse_if_all_are_shed(entries: Sequence[Entry]) -> None:
    """Raises Overloaded or ShuttingDown where no sample of a request was let in, or none could be finished before the
    service stopped: the request may be sent again as it is."""
    shed = [entry.outcome for entry in entries if isinstance(entry.outcome, Overloaded | ShuttingDown)]
    if shed and len(shed) == len(entries):
        raise shed[0]


def _parts(entries: list[Entry], grader: Grader) -> list[list[Entry]]:
    """`entries` in the parts that are graded together: one, unless programs run in between.

    Parts are small at both ends, so that the first programs run soon and the last judgements do not take long.
    """
    if len(entries) == 1 or not grader.version.has_plan:
        return [entries]
    parts: list[list[Entry]] = []
    at = 0
    while at < len(entries):
        size = min(_PART_SAMPLES, 2 << len(parts), max(_LAST_SAMPLES, (len(entries) - at + 1) // 2))
        parts.append(entries[at : at + size])
        at += size
    return parts
