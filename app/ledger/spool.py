"""The spool: records on the local disk that wait for the database, in the order in which they came.

Its files are segments of frames; a frame is what one transaction stores. All rows are found by id and by idempotency
key, so that a retry is answered from here; that takes about 350 bytes of memory a record.
"""

import asyncio
import fcntl
import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from msgspec import msgpack

from app.errors import LedgerUnavailable
from app.ledger.database import Row, RowsRefused
from app.ledger.frames import Frame, framed
from app.ledger.segments import Columns, DamagedSegment, Segment, set_aside
from app.ledger.tables import group_credits, records

_log = logging.getLogger(__name__)

_SEGMENT_MAX_BYTES = 16 << 20
# What has to be free before a full spool is tried again.
_ROOM_BYTES = 256 << 10
_SUFFIX = ".spool"

COLUMNS: Columns = {table.name: [str(column.key) for column in table.c] for table in (records, group_credits)}
_RECORD, _CALLER, _GRADER, _KEY = map(COLUMNS["records"].index, ("record", "caller", "grader", "idempotency_key"))
_CREDIT, _CREDIT_CALLER, _CREDIT_GRADER, _CREDIT_KEY = map(
    COLUMNS["group_credits"].index, ("credit", "caller", "grader", "idempotency_key")
)


class SpoolInUse(Exception):
    """Another process works with the folder."""


class SpoolTooNew(Exception):
    """A later release wrote what this one would lose."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What is stored by one transaction or not at all."""

    credit: Row | None
    """Its group's rows are `rows`; None: they are no group's."""
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a unit stands."""

    segment: Segment
    start: int
    rows: int


class Spool:
    """Made by `open`. `rows` and `size_bytes` are what it holds now."""

    def __init__(self, folder: Path, max_bytes: int, lock: int) -> None:
        self.rows = 0
        self._folder, self._max_bytes, self._lock = folder, max_bytes, lock
        self._segments: list[Segment] = []
        self._newest: Segment | None = None
        self._number = 0
        self._waiting: deque[_Place] = deque()
        # The hash of a name -> where it stands. What is found by it is compared with what was asked for.
        self._index: dict[int, _Place] = {}
        self._turn = asyncio.Lock()

    @classmethod
    def open(cls, folder: Path, max_bytes: int) -> Self:
        """The spool in `folder`, which is made, with all that an earlier process left in it.

        Raises:
            SpoolInUse: another process has it.
            SpoolTooNew: a later release wrote it.
            OSError: the folder cannot be used.
        """
        spool = cls(folder, max_bytes, locked(folder))
        for path in sorted(folder.iterdir()):
            name, _, rest = path.name.partition(".")
            if name.isdecimal():
                spool._number = max(spool._number, int(name))
            if f".{rest}" == _SUFFIX:
                spool._recover(path)
        return spool

    @property
    def size_bytes(self) -> int:
        return sum(segment.end for segment in self._segments)

    def has_room(self) -> bool:
        """Whether a few more records fit: found out by writing."""
        trial = self._folder / "trial"
        try:
            trial.write_bytes(bytes(_ROOM_BYTES))
        except OSError:
            return False
        finally:
            trial.unlink(missing_ok=True)
        return self.size_bytes + _ROOM_BYTES <= self._max_bytes

    async def append(self, units: Sequence[Unit]) -> None:
        """Puts `units` at the end; they are on disk when this returns.

        Raises:
            RowsRefused: a row cannot be written, whatever the disk; nothing was.
            LedgerUnavailable: there is no room; nothing was written.
        """
        bodies = [_encoded(unit) for unit in units]
        async with self._turn:
            segment = await self._room_for(sum(map(len, bodies)))
            parts = [framed(segment.marker, body) for body in bodies]
            start = segment.end
            try:
                await asyncio.to_thread(segment.append, b"".join(parts))
            except OSError as error:
                # What this file looks like behind its end is not known for sure; nothing more goes there.
                self._newest = None
                raise _no_room(error) from error
            for unit, part in zip(units, parts, strict=True):
                self._add(unit, _Place(segment, start, len(unit.rows)))
                start += len(part)

    def next(self, rows_max: int, bytes_max: int) -> list[Unit]:
        """The oldest units: one credit, or rows of no group up to a limit, at least one if there are any.

        Raises:
            OSError: the oldest cannot be read.
        """
        found: list[Unit] = []
        rows = size_bytes = 0
        for place in self._waiting:
            try:
                body = place.segment.body(place.start)
            except OSError:
                if found:
                    break
                raise
            unit = _decoded(body, place.segment.columns)
            rows, size_bytes = rows + len(unit.rows), size_bytes + len(body)
            if found and (unit.credit is not None or rows > rows_max or size_bytes > bytes_max):
                break
            found.append(unit)
            if unit.credit is not None:
                break
        return found

    async def forget(self, units: Sequence[Unit], *, kept: bool = True) -> None:
        """Drops the oldest units, which are those of `next`, and every file that only they were in.

        Args:
            kept: False: they are nowhere else, so the file is set aside instead of removed.
        """
        async with self._turn:
            for unit in units:
                place = self._waiting.popleft()
                place.segment.is_damaged |= not kept
                self.rows -= place.rows
                for name in _names(unit):
                    # A later unit of the same name may stand in its place.
                    if self._index.get(name) is place:
                        del self._index[name]
            oldest = self._waiting[0].segment if self._waiting else None
            while self._segments and self._segments[0] is not oldest:
                done = self._segments.pop(0)
                if done is self._newest:
                    self._newest = None
                await asyncio.to_thread(_removed, done)

    async def skip_unreadable(self, error: OSError) -> None:
        """Sets the oldest file aside, as it cannot be read; the others go on."""
        async with self._turn:
            broken = self._waiting[0].segment
            _log.error("%s is set aside, its records wait for you: %s", broken.path, error)
            broken.is_damaged = True
            self._waiting = deque(place for place in self._waiting if place.segment is not broken)
            self._index = {name: place for name, place in self._index.items() if place.segment is not broken}
            self.rows = sum(place.rows for place in self._waiting)
            self._segments.remove(broken)
            if broken is self._newest:
                self._newest = None
            await asyncio.to_thread(_removed, broken)

    def record(self, id: str) -> Row | None:
        """The row of that id, alone or of a group."""
        return next((row for row in self._rows(hash(("record", id))) if row[_RECORD] == id), None)

    def judgement(self, caller: str, grader: str, key: str) -> Row | None:
        """The row that holds the idempotency key."""
        held = (caller, grader, key)
        rows = self._rows(hash(("key", *held)))
        return next((row for row in rows if (row[_CALLER], row[_GRADER], row[_KEY]) == held), None)

    def credit(self, id: str) -> Row | None:
        """The credit of that id."""
        credit = self._credit(hash(("credit", id)))
        return credit if credit is not None and credit[_CREDIT] == id else None

    def credit_of_key(self, caller: str, grader: str, key: str) -> Row | None:
        """The credit that holds the idempotency key."""
        held = (caller, grader, key)
        credit = self._credit(hash(("credit key", *held)))
        if credit is None or (credit[_CREDIT_CALLER], credit[_CREDIT_GRADER], credit[_CREDIT_KEY]) != held:
            return None
        return credit

    def close(self) -> None:
        """Lets go of the folder; what is in it stays for the next process."""
        for segment in self._segments:
            segment.close()
        os.close(self._lock)

    def _rows(self, name: int) -> Sequence[Row]:
        unit = self._unit(name)
        return () if unit is None else unit.rows

    def _credit(self, name: int) -> Row | None:
        unit = self._unit(name)
        return None if unit is None else unit.credit

    def _unit(self, name: int) -> Unit | None:
        if (place := self._index.get(name)) is None:
            return None
        try:
            return _decoded(place.segment.body(place.start), place.segment.columns)
        except OSError:
            _log.exception("A record of the spool cannot be read.")
            return None

    def _add(self, unit: Unit, place: _Place) -> None:
        self.rows += place.rows
        self._waiting.append(place)
        self._index.update(dict.fromkeys(_names(unit), place))

    async def _room_for(self, size_bytes: int) -> Segment:
        if self.size_bytes + size_bytes > self._max_bytes:
            raise LedgerUnavailable(
                f"The database is away, and the spool is full: {self.rows} records wait in {self.size_bytes >> 20} of "
                f"{self._max_bytes >> 20} MiB (RFT_SPOOL_MAX_MIB)."
            )
        if self._newest is None or self._newest.end > _SEGMENT_MAX_BYTES:
            self._number += 1
            path = self._folder / f"{self._number:08}{_SUFFIX}"
            try:
                self._newest = await asyncio.to_thread(Segment.create, path, COLUMNS)
            except OSError as error:
                raise _no_room(error) from error
            self._segments.append(self._newest)
        return self._newest

    def _recover(self, path: Path) -> None:
        """Takes over what another process left in `path`."""
        try:
            segment = Segment.open(path)
        except DamagedSegment:
            # It was being made when the process ended; if it holds more than a head, something destroyed that.
            if path.stat().st_size > _HEAD_MAX_BYTES:
                _log.error("%s is set aside: its head is damaged", path)
                set_aside(path)
            else:
                path.unlink()
            return
        _refuse_newer(segment)
        self._segments.append(segment)
        for part in list(segment.frames()):
            if isinstance(part, Frame):
                unit = _decoded(part.body, segment.columns)
                self._add(unit, _Place(segment, part.start, len(unit.rows)))
            elif part.end == segment.end:
                _log.warning("%s: %d bytes at its end, never answered for, are cut", path, part.end - part.start)
                segment.cut(part.start)
            else:
                _log.error("%s is damaged from byte %d to %d; it will be set aside", path, part.start, part.end)
                segment.is_damaged = True


# A head with the columns of both tables has less.
_HEAD_MAX_BYTES = 4096


def locked(folder: Path) -> int:
    """Makes `folder` if need be and locks it for this process, until the descriptor is closed.

    Raises:
        SpoolInUse: another process has it.
        OSError: it cannot be used.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise SpoolInUse(
            f"Another process keeps its spool in {folder}. Each needs a folder of its own (RFT_SPOOL_DIR)."
        ) from None
    return descriptor


def refuse_unusable(folder: Path) -> None:
    """Raises SpoolInUse or SpoolTooNew, as `Spool.open` would."""
    with suppress(OSError):
        lock = locked(folder)
        try:
            for path in sorted(folder.glob(f"*{_SUFFIX}")):
                with suppress(DamagedSegment):
                    segment = Segment.open(path)
                    segment.close()
                    _refuse_newer(segment)
        finally:
            os.close(lock)


def _removed(segment: Segment) -> None:
    try:
        segment.remove()
    except OSError:
        # What is in it is brought to the database once more at the next start, and left out there.
        _log.exception("%s cannot be removed.", segment.path)


def _names(unit: Unit) -> Iterator[int]:
    """Under what the unit is found."""
    for row in unit.rows:
        yield hash(("record", row[_RECORD]))
        if row[_KEY] is not None:
            yield hash(("key", row[_CALLER], row[_GRADER], row[_KEY]))
    if (credit := unit.credit) is not None:
        yield hash(("credit", credit[_CREDIT]))
        if credit[_CREDIT_KEY] is not None:
            yield hash(("credit key", credit[_CREDIT_CALLER], credit[_CREDIT_GRADER], credit[_CREDIT_KEY]))


def _encoded(unit: Unit) -> bytes:
    try:
        return msgpack.encode((unit.credit, unit.rows))
    except (TypeError, ValueError, OverflowError) as error:
        raise RowsRefused(str(error)) from error


def _decoded(body: bytes, columns: Columns) -> Unit:
    credit, rows = msgpack.decode(body)
    if columns == COLUMNS:
        return Unit(credit and tuple(credit), [tuple(row) for row in rows])
    return Unit(
        credit and _as_now("group_credits", credit, columns), [_as_now("records", row, columns) for row in rows]
    )


def _as_now(table: str, row: Sequence[object], columns: Columns) -> Row:
    """`row` of an earlier release with this one's columns."""
    values = dict(zip(columns[table], row, strict=True))
    return tuple(values.get(name) for name in COLUMNS[table])


def _refuse_newer(segment: Segment) -> None:
    for table, known in COLUMNS.items():
        if unknown := set(segment.columns.get(table, ())) - set(known):
            raise SpoolTooNew(
                f"{segment.path} was written by a later release: this one knows no {', '.join(sorted(unknown))}. Start "
                "that release once more, so that it brings the records to the database."
            )


def _no_room(error: OSError) -> LedgerUnavailable:
    return LedgerUnavailable(
        f"The database is away, and the spool (RFT_SPOOL_DIR) cannot be written to: {error.strerror}"
    )
