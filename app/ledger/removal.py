"""Taking records out of the ledger: all of one run, or all that are older than they may become.

A run goes in parts, each a transaction of its own, so that nobody who stores grades waits for long. What is cut off in
between is done by doing it again. Others may delete the same records at the same time: a part that they were quicker to
delete is no sign that none is left.
"""

from collections.abc import Sequence

from msgspec import DecodeError, Struct
from msgspec.json import Decoder
from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, select, text, true, tuple_

from app.ledger.queries import parts
from app.ledger.tables import displaced, group_credits, records, run_steps, step_tallies

_PART_ROWS = 500
_s, _t = run_steps.c, step_tallies.c


class _Credited(Struct):
    credit: str | None = None


_credited = Decoder(_Credited)


def some_of_run(connection: Connection, caller: str, run: str) -> int | None:
    """Takes out a part of a run's records, with the credits of their groups; returns how many, None: none was left."""
    own = select(records.c.record, records.c.grade).where(records.c.caller == caller, records.c.run == run)
    found = connection.execute(own.order_by(records.c.record).limit(_PART_ROWS)).all()
    for some in parts({credit for row in found if (credit := _credit_of(row.grade)) is not None}):
        connection.execute(delete(group_credits).where(group_credits.c.credit.in_(some)))
    return _delete(connection, [row.record for row in found])


def rest_of_run(connection: Connection, caller: str, run: str) -> None:
    """Takes out what names a run besides its records: displaced grades, counts and tallies."""
    connection.execute(delete(displaced).where(displaced.c.caller == caller, displaced.c.run == run))
    _forget_counts(connection, and_(_s.caller == caller, _s.run == run))


def some_before(connection: Connection, id: str) -> int | None:
    """Takes out a part of the records whose ids are below `id`; returns how many, None: none was left."""
    oldest = select(records.c.record).where(records.c.record < id).order_by(records.c.record).limit(_PART_ROWS)
    return _delete(connection, connection.scalars(oldest).all())


def rest_before(connection: Connection, id: str, created_us: int) -> None:
    """Takes out what is as old besides records: credits, displaced grades, and counts of steps that are gone."""
    connection.execute(delete(group_credits).where(group_credits.c.credit < id))
    connection.execute(delete(displaced).where(displaced.c.created_us < created_us))
    _forget_counts(connection, true())


def callers_of(connection: Connection, run: str) -> list[str]:
    """Who has records of a run of this name, sorted."""
    held = select(_s.caller).where(_s.run == run).group_by(_s.caller)
    return sorted(connection.scalars(held.having(func.sum(_s.added) > func.sum(_s.deleted))))


def _delete(connection: Connection, ids: Sequence[str]) -> int | None:
    if not ids:
        return None
    return sum(connection.execute(delete(records).where(records.c.record.in_(some))).rowcount for some in parts(ids))


def _forget_counts(connection: Connection, of: ColumnElement[bool]) -> None:
    """Takes out counts and tallies of steps that lost all their records. In a transaction in which nobody else counts:
    a step's counts stand in several rows, which go together or stay."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE run_steps IN SHARE ROW EXCLUSIVE MODE"))
    steps = (_s.caller, _s.run, _s.has_step, _s.step)
    empty = select(*steps).where(of).group_by(*steps).having(func.sum(_s.added) == func.sum(_s.deleted))
    connection.execute(delete(run_steps).where(tuple_(*steps).in_(empty)))
    has_counts = exists().where(
        _s.caller == _t.caller, _s.run == _t.run, _s.has_step == _t.has_step, _s.step == _t.step
    )  # fmt: skip
    connection.execute(delete(step_tallies).where(~has_counts))


def _credit_of(grade: bytes) -> str | None:
    try:
        return _credited.decode(grade).credit
    except DecodeError:
        return None
