"""Finding records: by id, by idempotency key, by filter. Functions of a connection; where it is from is not theirs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import islice
from typing import Any

from msgspec import structs
from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select

from app.errors import LedgerUnavailable
from app.ledger.tables import checksum, records, run_steps
from app.records import CountedGrade, ErrorTally, Record, RecordFilter

# Values per IN list: both databases limit the parameters of a statement.
_IN_MAX = 500

_RECORD = select(*(records.c[field.name] for field in structs.fields(Record)))

# Made once, as they are on the path of grades: SQLAlchemy spends more on making a statement than on running it.
_FIND = _RECORD.where(records.c.record == bindparam("record"))
_GRADED = select(*(records.c[field.name] for field in fields(CountedGrade))).where(
    records.c.record.in_(bindparam("ids", expanding=True))
)
_REPLAY = _RECORD.where(
    records.c.caller == bindparam("caller"),
    records.c.grader == bindparam("grader"),
    records.c.idempotency_key.in_(bindparam("keys", expanding=True)),
)


def find(connection: Connection, record: str, caller: str | None) -> Record | None:
    """The record of that id, if it is `caller`'s; None as caller: anybody's."""
    found = _read(connection, _FIND, record=record)
    return found[0] if found and caller in {None, found[0].caller} else None


def by_ids(connection: Connection, ids: Iterable[str]) -> dict[str, Record]:
    """The records of those ids; unknown ids are left out."""
    return {
        record.record: record
        for some in parts(ids)
        for record in _read(connection, _RECORD.where(records.c.record.in_(some)))
    }


def graded(connection: Connection, ids: Iterable[str]) -> dict[str, CountedGrade]:
    """What reports need of the grades of those ids."""
    return {row.record: CountedGrade(*row) for some in parts(ids) for row in connection.execute(_GRADED, {"ids": some})}


def replay(connection: Connection, caller: str, grader: str, keys: Iterable[str]) -> dict[str, Record]:
    """The judgements under `keys`; keys that hold none are left out."""
    found: dict[str, Record] = {}
    for some in parts(keys):
        holders = _read(connection, _REPLAY, caller=caller, grader=grader, keys=some)
        found |= {record.idempotency_key or "": record for record in holders}
    return found


def standing(connection: Connection, given: Sequence[Record]) -> list[Record]:
    """For each record, which was just inserted, the one that stands: itself, or the one that holds its key.

    Raises:
        LedgerUnavailable: neither is there any more: somebody deleted its run. Insert the records again.
    """
    stored = by_ids(connection, [record.record for record in given])
    keys: dict[tuple[str, str], list[str]] = defaultdict(list)
    for record in given:
        if record.record not in stored and record.idempotency_key is not None:
            keys[record.caller, record.grader].append(record.idempotency_key)
    holders = {owner: replay(connection, *owner, wanted) for owner, wanted in keys.items()}
    return [_standing(record, stored, holders.get((record.caller, record.grader), {})) for record in given]


def _standing(record: Record, stored: Mapping[str, Record], holders: Mapping[str, Record]) -> Record:
    if record.idempotency_key is None or record.record in stored:
        # Without a key nothing keeps it from being stored: if it is gone, it was deleted since.
        return record
    if (holder := holders.get(record.idempotency_key)) is None:
        raise LedgerUnavailable(f"Record {record.record}, or what held its key, was deleted at this very moment.")
    return holder


def search(connection: Connection, where: RecordFilter, after: str | None, limit: int) -> list[Record]:
    """At most `limit` records, the newest first, beginning below the id `after`."""
    query = _RECORD.where(*conditions(where), *_within_step(where)).order_by(records.c.record.desc()).limit(limit)
    return _read(connection, query if after is None else query.where(records.c.record < after))


def page_of_run(connection: Connection, caller: str, run: str, after: str, limit: int) -> list[Record]:
    """At most `limit` records of a run, the oldest first, beginning above the id `after`."""
    query = _RECORD.where(records.c.caller == caller, records.c.run == run, records.c.record > after)
    return _read(connection, query.order_by(records.c.record).limit(limit))


def _within_step(where: RecordFilter) -> list[ColumnElement[bool]]:
    """Between which ids the records of the wanted step stand: no other part of its run's index is read."""
    if where.caller is None or where.run is None or where.step is None:
        return []
    ends = select(func.min(run_steps.c.first), func.max(run_steps.c.last)).where(
        run_steps.c.caller == where.caller, run_steps.c.run == where.run, run_steps.c.has_step == 1,
        run_steps.c.step == where.step,
    )  # fmt: skip
    first, last = (ends.with_only_columns(column).scalar_subquery() for column in ends.selected_columns)
    return [records.c.record >= first, records.c.record <= last]


def recent_errors(connection: Connection, caller: str | None, since_us: int, rows_max: int) -> list[ErrorTally]:
    """Why samples stayed unscored since then, the most frequent reason first; of the last `rows_max` such rows."""
    of = [] if caller is None else [records.c.caller == caller]
    latest = select(records.c.record, records.c.code, records.c.created_us).where(records.c.code.is_not(None), *of)
    found: dict[str, ErrorTally] = {}
    for record, code, created_us in connection.execute(latest.order_by(records.c.record.desc()).limit(rows_max)):
        if created_us < since_us:
            continue
        known = found.get(code)
        found[code] = (
            ErrorTally(code, 1, created_us, record) if known is None else replace(known, count=known.count + 1)
        )
    return sorted(found.values(), key=lambda one: (-one.count, one.code))


def conditions(where: RecordFilter) -> list[ColumnElement[bool]]:
    """`where` as SQL, each of its fields a condition."""
    equal = {name: getattr(where, name) for name in _EQUAL}
    found: list[ColumnElement[bool]] = [records.c[name] == value for name, value in equal.items() if value is not None]
    for name, crc in (("item_id", records.c.item_crc), ("group", records.c.group_crc)):
        if (wanted := getattr(where, name)) is not None:
            # The checksum passes over nearly all other records inside the index.
            found += [crc == checksum(wanted), records.c[name] == wanted]
    if where.min_reward is not None:
        found.append(records.c.reward >= where.min_reward)
    if where.max_reward is not None:
        found.append(records.c.reward <= where.max_reward)
    if where.scored is not None:
        # An unscored row is one with a code: said so, it is found in an index of its own.
        found.append(records.c.reward.is_not(None) if where.scored else records.c.code.is_not(None))
    return found


_EQUAL = ("caller", "run", "grader", "verdict", "code", "step")


def parts(values: Iterable[str]) -> Iterator[list[str]]:
    """`values` in lists that both databases take at a time."""
    left = iter(values)
    while part := list(islice(left, _IN_MAX)):
        yield part


def _read(connection: Connection, query: Select[Any], **parameters: object) -> list[Record]:
    return [Record(*row) for row in connection.execute(query, parameters)]
