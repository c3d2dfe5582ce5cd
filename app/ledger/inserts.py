"""The statement that stores records, compiled once per number of rows.

PostgreSQL gets many rows in one statement: that takes a third of the CPU that `unnest` takes, and it says how many of
them were new. SQLite gets one statement many times, which costs it the same.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any

from msgspec.structs import astuple, replace
from sqlalchemy import Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite

from app.ledger.database import Row
from app.ledger.tables import checksum, group_credits, records
from app.records import Record

# Rows per statement; a larger group is several statements in one transaction.
STATEMENT_ROWS = 32

# A row holds a record's fields in their order; the checksums stand last.
_COLUMNS = tuple(column.key for column in records.c)
_key_of: Callable[[Record], str | None] = attrgetter("idempotency_key")


def insert_new(dialect: Dialect, table: Table) -> Any:
    """An INSERT that leaves out rows which a unique index holds already."""
    insert = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
    return insert(table).on_conflict_do_nothing()


def rows_of(given: Sequence[Record]) -> list[Row]:
    """The rows to insert for `given`, in the order of their idempotency keys.

    Two replicas that insert the same keys in the same order wait for each other; in different orders they deadlock.
    """
    if not any(map(_key_of, given)):
        return list(map(_values, given))
    return [_values(_without_idle_key(record)) for record in sorted(given, key=_key)]


def record_of(row: Row) -> Record:
    """The record that `row` was made of."""
    return Record(*row[:-2])


def in_key_order(rows: Sequence[Row]) -> list[Row]:
    """`rows` in the order in which `rows_of` gives them."""
    at = [_COLUMNS.index(name) for name in ("idempotency_key", "caller", "grader")]
    return sorted(rows, key=lambda row: ("", "", "") if row[at[0]] is None else tuple(row[index] for index in at))


# What the triggers of migration 0005 do on PostgreSQL, for SQLite: a trigger there runs for each row, and makes the
# database keep a journal of every page that the row's statement touches, which costs a quarter of the row. Without
# NOT INDEXED it would read an index of all records for their order.
COUNT_ADDED_SQL = """
INSERT INTO run_steps (caller, run_id, has_step, step, part, added, deleted, first, last)
SELECT caller, run_id, step IS NOT NULL, coalesce(step, 0), 0, count(*), 0, min(record), max(record)
FROM records NOT INDEXED WHERE rowid > ? AND run_id IS NOT NULL GROUP BY 1, 2, 3, 4
ON CONFLICT (caller, run_id, has_step, step, part) DO UPDATE SET
    added = added + excluded.added, first = min(first, excluded.first), last = max(last, excluded.last)
"""
"""Counts the records of a transaction into `run_steps`, given the greatest rowid there was before."""


@lru_cache(maxsize=4 * STATEMENT_ROWS)
def insert_sql(dialect: Dialect, rows: int, table: Table = records) -> str:
    """The SQL that inserts so many rows, but those that are there already."""
    statement = insert_new(dialect, table).values([dict.fromkeys(column.key for column in table.c)] * rows)
    return str(statement.compile(dialect=dialect))


def credit_sql(dialect: Dialect) -> str:
    """The SQL that inserts a group's credit, but for one whose id or key is there already."""
    return insert_sql(dialect, 1, group_credits)


def statements(dialect: Dialect, rows: Sequence[Row]) -> Iterator[tuple[str, list[Any]]]:
    """SQL and parameters of the statements that insert `rows`."""
    for start in range(0, len(rows), STATEMENT_ROWS):
        part = rows[start : start + STATEMENT_ROWS]
        yield insert_sql(dialect, len(part)), list(chain.from_iterable(part))


def _values(record: Record) -> Row:
    return (*astuple(record), checksum(record.item_id), checksum(record.group))


def _key(record: Record) -> tuple[str, str, str]:
    return ("", "", "") if record.idempotency_key is None else (record.idempotency_key, record.caller, record.grader)


def _without_idle_key(record: Record) -> Record:
    """An error frees its key: an unscored row holds none."""
    if record.idempotency_key is None or record.reward is not None:
        return record
    return replace(record, idempotency_key=None)
