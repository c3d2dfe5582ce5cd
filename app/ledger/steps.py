"""The steps of a run: how many records each has, its tallies, and the rows that these are counted from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Subquery, and_, case, func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.ledger.tables import records, run_steps, step_tallies
from app.ledger.tallies import FORMAT, StepTally, TallyRow

# Larger samples are not looked into for tool calls, so that a page of rows stays small.
SAMPLE_READ_MAX_BYTES = 256 << 10
# Tallies stored by one statement; both databases limit its parameters.
_STORED_TOGETHER = 100

_c, _s, _t = records.c, run_steps.c, step_tallies.c
_tallies = msgspec.json.Decoder(list[StepTally])


@dataclass(frozen=True, slots=True)
class StaleStep:
    """A step that got or lost records since it was counted last, or never was."""

    step: int | None
    added: int
    """How many records it ever got."""
    deleted: int
    first: str
    """Its records stand between these two ids."""
    last: str


@dataclass(frozen=True, slots=True)
class StepState:
    """A step as it is now, and what was counted of it last."""

    step: int | None
    records: int
    counted: int
    """How many of them `tallies` hold, as far as can be said."""
    is_current: bool
    """Whether `tallies` were counted of just these records."""
    tallies: list[StepTally]


def states(connection: Connection, caller: str, run: str) -> list[StepState]:
    """Every step of the run that has records, in order; the one of records without a step is the last."""
    counted = _counted(caller, run)
    query = (
        select(counted, _t.added.label("then_added"), _t.deleted.label("then_deleted"), _t.tally)
        .join_from(counted, step_tallies, _tally_of(counted, caller, run), isouter=True)
        .order_by(counted.c.has_step.desc(), counted.c.step)
    )
    return [_state(row) for row in connection.execute(query)]


def stale(connection: Connection, caller: str, run: str) -> list[StaleStep]:
    """The steps to be counted, in order."""
    counted = _counted(caller, run)
    same = and_(_tally_of(counted, caller, run), _t.added == counted.c.added, _t.deleted == counted.c.deleted)
    query = (
        select(counted)
        .join_from(counted, step_tallies, same, isouter=True)
        .where(_t.caller.is_(None))
        .order_by(counted.c.has_step.desc(), counted.c.step)
    )
    return [
        StaleStep(row.step if row.has_step else None, int(row.added), int(row.deleted), row.first, row.last)
        for row in connection.execute(query)
    ]


def _counted(caller: str, run: str) -> Subquery:
    """The steps of the run that have records."""
    added, deleted = func.sum(_s.added), func.sum(_s.deleted)
    return (
        select(
            _s.has_step, _s.step, added.label("added"), deleted.label("deleted"),
            func.min(_s.first).label("first"), func.max(_s.last).label("last"),
        )
        .where(_s.caller == caller, _s.run == run)
        .group_by(_s.has_step, _s.step)
        .having(added > deleted)
        .subquery("counted")
    )  # fmt: skip


def _tally_of(counted: Subquery, caller: str, run: str) -> ColumnElement[bool]:
    """Whether a tally is one of a step's own records: not of those of a run of the same name that was deleted."""
    step = and_(_t.has_step == counted.c.has_step, _t.step == counted.c.step, _t.first == counted.c.first)
    return and_(_t.caller == caller, _t.run == run, step, _t.format == FORMAT)


def step_rows(
    connection: Connection, caller: str, run: str, state: StaleStep, before: str | None, limit: int
) -> list[TallyRow]:
    """At most `limit` records of a step, the newest first, beginning below the id `before`."""
    at_step = _c.step.is_(None) if state.step is None else _c.step == state.step
    end = _c.record <= state.last if before is None else _c.record < before
    within = and_(_c.caller == caller, _c.run == run, _c.record >= state.first, end, at_step)
    query = select(*_ROW).where(within).order_by(_c.record.desc()).limit(limit)
    return [TallyRow._make(row) for row in connection.execute(query)]


def keep(connection: Connection, caller: str, run: str, given: Sequence[tuple[StaleStep, Sequence[StepTally]]]) -> None:
    """Stores tallies of steps, each as of the counts of its step."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    for start in range(0, len(given), _STORED_TOGETHER):
        values = [
            {
                "caller": caller, "run": run, "has_step": int(state.step is not None), "step": state.step or 0,
                "added": state.added, "deleted": state.deleted, "first": state.first, "format": FORMAT,
                "tally": msgspec.json.encode(tallies),
            }
            for state, tallies in given[start : start + _STORED_TOGETHER]
        ]  # fmt: skip
        stored = insert(step_tallies).values(values)
        changed = {_t[name]: stored.excluded[name] for name in ("added", "deleted", "first", "format", "tally")}
        connection.execute(stored.on_conflict_do_update(index_elements=_KEY, set_=changed))


def size(connection: Connection, caller: str, run: str) -> int:
    """How many records the run has."""
    query = select(func.coalesce(func.sum(_s.added - _s.deleted), 0)).where(_s.caller == caller, _s.run == run)
    return int(connection.execute(query).scalar_one())


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
    step, records_now = row.step if row.has_step else None, int(row.added - row.deleted)
    if row.tally is None:
        return StepState(step, records_now, 0, is_current=False, tallies=[])
    return StepState(
        step=step,
        records=records_now,
        counted=min(records_now, row.then_added - row.then_deleted),
        is_current=(row.then_added, row.then_deleted) == (row.added, row.deleted),
        tallies=_tallies.decode(row.tally),
    )
