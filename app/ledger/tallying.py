"""Bringing a run's tallies up to date: steps that got records since they were counted are counted anew, and kept.

A step that is over is counted once; a report of a million grades then reads a thousand tallies. What cannot be counted
in the time that a report has is counted behind it, and the report says how much it has.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from app.errors import LedgerUnavailable
from app.ledger import steps
from app.ledger.database import Database
from app.ledger.steps import StepState
from app.ledger.tallies import StepCount, StepTally

_PAGE_ROWS = 500
_KEPT_TOGETHER = 20
# A step that goes on growing is not counted again before so many times as long as counting it took, so that a single
# step of a million grades costs a tenth of a processor while it is watched.
_REST = 10
_RESTING_MAX = 10_000


@dataclass(frozen=True, slots=True)
class RunTallies:
    """What has been counted of a run."""

    caller: str
    run: str
    records: int
    """All there are now: grades, superseded ones, unscored ones."""
    counted: int
    """How many of them the tallies hold."""
    steps: list[tuple[int | None, int, list[StepTally]]]
    """Per step, in order, the one of records without a step last: how many records it has, and its tallies."""


class Tallying:
    """Counts in `database`; one run at a time, so that reports do not hold each other up."""

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
        found = await self._states(caller, run)
        if any(self._is_due(caller, run, state) for state in found):
            task = self._under_way.get((caller, run)) or self._begin(caller, run)
            await asyncio.wait([task], timeout=patience_s)
            if task.done():
                task.result()
            found = await self._states(caller, run)
        return RunTallies(
            caller=caller,
            run=run,
            records=sum(state.records for state in found),
            counted=sum(max(0, state.tallied[0] - state.tallied[1]) for state in found),
            steps=[(state.step, state.records, state.tallies) for state in found],
        )

    async def close(self) -> None:
        """Ends what is under way; it goes on when somebody asks again."""
        for task in self._under_way.values():
            task.cancel()
        if self._under_way:
            await asyncio.wait(list(self._under_way.values()))

    def _begin(self, caller: str, run: str) -> asyncio.Task[None]:
        task = asyncio.create_task(self._catch_up(caller, run), name="run-tallies")
        self._under_way[caller, run] = task
        task.add_done_callback(lambda _: self._under_way.pop((caller, run), None))
        return task

    async def _catch_up(self, caller: str, run: str) -> None:
        """Counts the steps that are due, the latest first: that is what people look at."""
        done: list[StepState] = []
        async with self._turn:
            for state in reversed(await self._states(caller, run)):
                if self._is_due(caller, run, state):
                    await self._count(caller, run, state)
                    done.append(state)
                if len(done) == _KEPT_TOGETHER:
                    await self._keep(caller, run, done)
                    done = []
            await self._keep(caller, run, done)

    def _is_due(self, caller: str, run: str, state: StepState) -> bool:
        return state.is_stale and time.monotonic() >= self._resting.get((caller, run, state.step), 0.0)

    async def _count(self, caller: str, run: str, state: StepState) -> None:
        started = time.monotonic()
        count, before, rows = StepCount(), None, None
        while rows is None or len(rows) == _PAGE_ROWS:
            page = partial(steps.step_rows, caller=caller, run=run, state=state, before=before, limit=_PAGE_ROWS)
            rows = await self._database.run(page)
            count.add(rows)
            before = rows[-1].record if rows else before
        state.tallies, state.tallied = count.tallies(), (state.added, state.deleted)
        if len(self._resting) >= _RESTING_MAX:
            self._resting.clear()
        ended = time.monotonic()
        self._resting[caller, run, state.step] = ended + _REST * (ended - started)

    async def _keep(self, caller: str, run: str, done: Sequence[StepState]) -> None:
        """Stores tallies; where the database takes none now, they are counted again."""
        with suppress(LedgerUnavailable):
            await self._database.run(partial(steps.keep, caller=caller, run=run, given=done))

    async def _states(self, caller: str, run: str) -> list[StepState]:
        return await self._database.run(partial(steps.states, caller=caller, run=run))
