"""The steps of a run: how many records each has, its tallies, and the rows that these are counted from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, case, func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.ledger.tables import records, run_steps, step_tallies
from app.ledger.tallies import FORMAT, StepTally, TallyRow

# Larger samples are not looked into for tool calls, so that a page of rows stays small.
SAMPLE_READ_MAX_BYTES = 256 << 10
# Tallies stored by one statement; both databases limit its parameters.
_STORED_TOGETHER = 100

_c, _s, _t = records.c, run_steps.c, step_tallies.c
_tallies = msgspec.json.Decoder(list[StepTally])


@dataclass(slots=True)
class StepState:
    """A step as it is now, and what was counted of it last."""

    step: int | None
    added: int
    """How many records it ever got."""
    deleted: int
    first: str
    """Its records stand between these two ids."""
    last: str
    tallied: tuple[int, int]
    """`added` and `deleted` when `tallies` were counted."""
    tallies: list[StepTally]

    @property
    def records(self) -> int:
        return self.added - self.deleted

    @property
    def is_stale(self) -> bool:
        return self.tallied != (self.added, self.deleted)


def states(connection: Connection, caller: str, run: str) -> list[StepState]:
    """Every step of the run that has records, in order; the one of records without a step is the last."""
    counted = (
        select(
            _s.has_step, _s.step,
            func.sum(_s.added).label("added"), func.sum(_s.deleted).label("deleted"),
            func.min(_s.first).label("first"), func.max(_s.last).label("last"),
        )
        .where(_s.caller == caller, _s.run == run)
        .group_by(_s.has_step, _s.step)
        .subquery("counted")
    )  # fmt: skip
    here = and_(_t.caller == caller, _t.run == run, _t.has_step == counted.c.has_step, _t.step == counted.c.step)
    query = (
        select(counted, _t.added.label("then_added"), _t.deleted.label("then_deleted"), _t.format, _t.tally)
        .join_from(counted, step_tallies, here, isouter=True)
        .where(counted.c.added > counted.c.deleted)
        .order_by(counted.c.has_step.desc(), counted.c.step)
    )
    return [_state(row) for row in connection.execute(query)]


def step_rows(
    connection: Connection, caller: str, run: str, state: StepState, before: str | None, limit: int
) -> list[TallyRow]:
    """At most `limit` records of a step, the newest first, beginning below the id `before`."""
    at_step = _c.step.is_(None) if state.step is None else _c.step == state.step
    end = _c.record <= state.last if before is None else _c.record < before
    within = and_(_c.caller == caller, _c.run == run, _c.record >= state.first, end, at_step)
    query = select(*_ROW).where(within).order_by(_c.record.desc()).limit(limit)
    return [TallyRow._make(row) for row in connection.execute(query)]


def keep(connection: Connection, caller: str, run: str, given: Sequence[StepState]) -> None:
    """Stores the tallies of steps, each as of `tallied`."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    for start in range(0, len(given), _STORED_TOGETHER):
        values = [
            {
                "caller": caller, "run": run, "has_step": state.step is not None, "step": state.step or 0,
                "added": state.tallied[0], "deleted": state.tallied[1], "format": FORMAT,
                "tally": msgspec.json.encode(state.tallies),
            }
            for state in given[start : start + _STORED_TOGETHER]
        ]  # fmt: skip
        stored = insert(step_tallies).values(values)
        changed = {_t[name]: stored.excluded[name] for name in ("added", "deleted", "format", "tally")}
        connection.execute(stored.on_conflict_do_update(index_elements=_KEY, set_=changed))


def counted_records(caller: ColumnElement[bool], run: ColumnElement[str]) -> Any:
    """SQL for how many records `run` has, of whoever `caller` on `run_steps` admits."""
    return select(func.sum(_s.added - _s.deleted)).where(caller, _s.run == run).scalar_subquery()


_KEY = [_t.caller, _t.run, _t.has_step, _t.step]
_size = func.length(_c.sample)
_ROW = (
    _c.record, _c.created_us, _c.grader, _c.digest, _c.item_id, _c.rollout, _c.group, _c.reward, _c.verdict, _c.code,
    _c.duration_us, _size, _c.grade, case((_size <= SAMPLE_READ_MAX_BYTES, _c.sample)),
)  # fmt: skip


def _state(row: Any) -> StepState:
    known = row.format == FORMAT
    return StepState(
        step=row.step if row.has_step else None,
        added=int(row.added),
        deleted=int(row.deleted),
        first=row.first,
        last=row.last,
        tallied=(row.then_added, row.then_deleted) if known else (-1, -1),
        tallies=_tallies.decode(row.tally) if known else [],
    )
