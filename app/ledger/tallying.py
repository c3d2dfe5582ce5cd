"""Bringing a run's tallies up to date: steps that got records since they were counted are counted anew, and kept.

A step that is over is counted once; a report of a million grades then reads a thousand tallies. What cannot be counted
in the time that a report has is counted behind it, and the report says how much it has.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from app.errors import LedgerUnavailable
from app.ledger import steps
from app.ledger.database import Database
from app.ledger.steps import StaleStep
from app.ledger.tallies import StepCount, StepTally

_log = logging.getLogger(__name__)

_PAGE_ROWS = 500
# Tallies are kept after so many, and at the latest after so long.
_KEPT_TOGETHER, _KEPT_AFTER_S = 50, 0.1
# A step that goes on growing is not counted again before so many times as long as counting it took, so that a single
# step of a million grades costs a tenth of a processor while it is watched.
_REST = 10
_RESTING_MAX = 10_000
# A step that got no record for so long is taken to be over, s.
_QUIET_S = 5.0


@dataclass(frozen=True, slots=True)
class RunTallies:
    """What has been counted of a run."""

    caller: str
    run: str
    records: int
    """All there are now: grades, superseded ones, unscored ones."""
    counted: int
    """How many of them the tallies hold."""
    is_complete: bool
    """Whether they hold just these."""
    steps: list[tuple[int | None, int, list[StepTally]]]
    """Per step, in order, the one of records without a step last: how many records it has, and its tallies."""


class Tallying:
    """Counts in `database`, one step at a time, so that reports wait for each other no longer than that."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Lock()
        self._under_way: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._resting: dict[tuple[str, str, int | None], float] = {}

    async def run(self, caller: str, run: str, patience_s: float) -> RunTallies:
        """The tallies of `run`, brought up to date as far as that is possible in `patience_s`; the rest follows.

        Raises:
            LedgerUnavailable: the database is away.
        """
        if await self._due(caller, run):
            task = self._under_way.get((caller, run)) or self._begin(caller, run)
            await asyncio.wait([task], timeout=patience_s)
            if task.done():
                task.result()
        found = await self._database.run(partial(steps.states, caller=caller, run=run))
        return RunTallies(
            caller=caller,
            run=run,
            records=sum(state.records for state in found),
            counted=sum(state.counted for state in found),
            is_complete=all(state.is_current for state in found),
            steps=[(state.step, state.records, state.tallies) for state in found],
        )

    async def settle(self, caller: str, run: str) -> bool:
        """Counts the steps that are over; returns whether others are left.

        Raises:
            LedgerUnavailable: the database is away.
        """
        due = await self._due(caller, run)
        over = [state for state in due if _is_quiet(state)]
        await self._count_all(caller, run, over)
        return len(over) < len(due)

    async def close(self) -> None:
        """Ends what is under way; it goes on when somebody asks again."""
        for task in self._under_way.values():
            task.cancel()
        if self._under_way:
            await asyncio.wait(list(self._under_way.values()))

    async def _due(self, caller: str, run: str) -> list[StaleStep]:
        """The steps that should be counted now, the latest first: that is what people look at."""
        stale = await self._database.run(partial(steps.stale, caller=caller, run=run))
        now = time.monotonic()
        return [state for state in reversed(stale) if now >= self._resting.get((caller, run, state.step), 0.0)]

    def _begin(self, caller: str, run: str) -> asyncio.Task[None]:
        task = asyncio.create_task(self._catch_up(caller, run), name="run-tallies")
        self._under_way[caller, run] = task
        task.add_done_callback(partial(self._ended, caller, run))
        return task

    def _ended(self, caller: str, run: str, task: asyncio.Task[None]) -> None:
        """Whoever waited has gone on by now, perhaps; a database that is away is told to whoever asks next."""
        self._under_way.pop((caller, run), None)
        if not task.cancelled() and not isinstance(error := task.exception(), LedgerUnavailable | None):
            _log.error("A run could not be counted", exc_info=error)

    async def _catch_up(self, caller: str, run: str) -> None:
        await self._count_all(caller, run, await self._due(caller, run))

    async def _count_all(self, caller: str, run: str, due: Iterable[StaleStep]) -> None:
        done: list[tuple[StaleStep, list[StepTally]]] = []
        keep_at = time.monotonic() + _KEPT_AFTER_S
        for state in due:
            async with self._turn:
                done.append((state, await self._counted(caller, run, state)))
            if len(done) == _KEPT_TOGETHER or time.monotonic() >= keep_at:
                await self._keep(caller, run, done)
                done, keep_at = [], time.monotonic() + _KEPT_AFTER_S
        await self._keep(caller, run, done)

    async def _counted(self, caller: str, run: str, state: StaleStep) -> list[StepTally]:
        started = time.monotonic()
        count, before, size = StepCount(), None, _PAGE_ROWS
        while size == _PAGE_ROWS:
            page = partial(steps.step_rows, caller=caller, run=run, state=state, before=before, limit=_PAGE_ROWS)
            rows = await self._database.run(page)
            count.add(rows)
            size, before = len(rows), rows[-1].record if rows else before
        self._rest(caller, run, state, started)
        return count.tallies()

    def _rest(self, caller: str, run: str, state: StaleStep, started: float) -> None:
        if len(self._resting) >= _RESTING_MAX:
            self._resting.clear()
        now = time.monotonic()
        self._resting[caller, run, state.step] = now + _REST * (now - started)

    async def _keep(self, caller: str, run: str, done: list[tuple[StaleStep, list[StepTally]]]) -> None:
        """Stores tallies; where the database takes none now, they are counted again."""
        with suppress(LedgerUnavailable):
            await self._database.run(partial(steps.keep, caller=caller, run=run, given=done))


def _is_quiet(state: StaleStep, now: Callable[[], float] = time.time) -> bool:
    """Whether the step's last record, whose id is a UUIDv7, was made a while ago."""
    try:
        made_s = (UUID(state.last).int >> 80) / 1000
    except ValueError:
        return True
    return now() - made_s >= _QUIET_S
