"""Displaced grades: answered while the database was away, when another grade held their key by the time it was back.

The one that the database held first stands: others were answered with it. The displaced one was answered too, so it
can be looked up by its id, with the id of what stands; it is in no search and no report, so nothing is counted twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlalchemy import Connection, select

from app.errors import LedgerUnavailable
from app.ledger import group_credits
from app.ledger.database import Row
from app.ledger.inserts import insert_new, record_of
from app.ledger.queries import parts, replay
from app.ledger.tables import displaced, records
from app.ledger.tables import group_credits as credits_table
from app.records import Record, StoredCredit


@dataclass(frozen=True, slots=True)
class Displaced:
    """A grade that does not count, and the id of the record or credit that does."""

    record: Record
    by: str


def keep(connection: Connection, rows: Sequence[Row]) -> int:
    """Keeps those of `rows` that `records` left out as another holds their key; returns how many.

    Raises:
        LedgerUnavailable: nothing holds a row's key any more; store the rows again.
    """
    left_out = _not_stored(connection, [record_of(row) for row in rows])
    holders = [_holder(connection, record) for record in left_out]
    by_id = {record.record: holder for record, holder in zip(left_out, holders, strict=True)}
    _insert(connection, [(*row, by_id[row[0]]) for row in rows if row[0] in by_id])
    return len(left_out)


def keep_group(connection: Connection, credit: Row, rows: Sequence[Row]) -> int:
    """Keeps a group that was left out as another credit holds its key; returns how many rows, 0 if it was stored.

    The credit is stored without a key: nothing counts credits.
    """
    own = StoredCredit(*credit)
    if group_credits.find(connection, own.credit) is not None:
        return 0
    holder = group_credits.replay(connection, own.caller, own.grader, own.idempotency_key or "")
    if holder is None:
        raise LedgerUnavailable("The credit that held a key is gone.")
    _insert(connection, [(*row, holder.credit) for row in rows])
    values = {field.name: getattr(own, field.name) for field in fields(own)}
    connection.execute(
        insert_new(connection.dialect, credits_table), [{**values, "idempotency_key": None, "body_sha256": None}]
    )
    return len(rows)


def find(connection: Connection, record: str, caller: str | None) -> Displaced | None:
    """The displaced grade of that id, if it is `caller`'s; None as caller: anybody's."""
    row = connection.execute(select(displaced).where(displaced.c.record == record)).one_or_none()
    if row is None:
        return None
    found = Displaced(record_of(tuple(row)[:-1]), row.displaced_by)
    return found if caller in {None, found.record.caller} else None


def _not_stored(connection: Connection, given: Sequence[Record]) -> list[Record]:
    stored: set[str] = set()
    for some in parts([record.record for record in given]):
        stored.update(connection.scalars(select(records.c.record).where(records.c.record.in_(some))))
    return [record for record in given if record.record not in stored]


def _holder(connection: Connection, record: Record) -> str:
    key = record.idempotency_key
    holders = {} if key is None else replay(connection, record.caller, record.grader, [key])
    if key not in holders:
        raise LedgerUnavailable(f"What kept record {record.record} from being stored is gone.")
    return holders[key].record


def _insert(connection: Connection, rows: Sequence[Row]) -> None:
    if rows:
        names = displaced.c.keys()
        connection.execute(
            insert_new(connection.dialect, displaced), [dict(zip(names, row, strict=True)) for row in rows]
        )
