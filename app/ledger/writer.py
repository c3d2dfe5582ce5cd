"""Group commit: while one group of records becomes durable the next one gathers, and each waits for its own.

There is one writer per process and no timer: a lone record is committed at once, a burst in ever larger groups.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import Any, Protocol

from sqlalchemy import Connection

from app.errors import LedgerUnavailable, RecordRefused
from app.ledger import group_credits, queries
from app.ledger.database import Database, Row, RowsRefused, T
from app.ledger.inserts import rows_of
from app.ledger.quarantine import Quarantine
from app.records import Record, StoredCredit

# A group is closed beyond this size, so that no transaction carries gigabytes.
_GROUP_MAX_BYTES = 16 << 20

Standing = Record | RecordRefused
"""What became of a record: it stands, another with its key does, or the database refused it."""


@dataclass(slots=True)
class _Entry:
    """Records that wait together, at most one group of them."""

    records: Sequence[Record]
    standing: asyncio.Future[list[Standing]]


@dataclass(slots=True)
class _CreditEntry:
    """A credit with its group's records, committed by themselves."""

    credit: StoredCredit
    records: Sequence[Record]
    standing: asyncio.Future[StoredCredit]


@dataclass(slots=True, eq=False)
class _Group:
    """What one commit is about; empty until the database takes it."""

    entries: list[Any] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    started: float = 0.0


class LookUp(Protocol):
    """`run` of a database, for what the path of a grade reads."""

    def __call__(self, query: Callable[[Connection], T]) -> Awaitable[T]: ...


class Writer:
    """Puts records into the database in groups, in the order in which they came."""

    def __init__(
        self,
        database: Database,
        look_up: LookUp,
        quarantine: Quarantine,
        *,
        group_max: int,
        pending_max: int,
        on_group: Callable[[int, float], None] | None,
        on_added: Callable[[Sequence[Record]], None],
    ) -> None:
        self._database = database
        self._look_up = look_up
        self._quarantine = quarantine
        self._group_max = group_max
        self._pending_max = pending_max
        self._on_group, self._on_added = on_group, on_added
        self._pending: deque[_Entry | _CreditEntry] = deque()
        self._pending_rows = self._draining = 0
        self._groups: set[_Group] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        # Kept, as asking for the running loop costs a system call (getpid) on Python 3.11.
        self._loop = asyncio.get_running_loop()

    async def add(self, records: Sequence[Record]) -> list[Standing]:
        """What became of `records`, in their order, once they are durable. Recorded even if nobody waits any more.

        Raises:
            LedgerUnavailable: nothing was taken, as too many wait already; or the database is away.
        """
        if not records:
            return []
        self._refuse_unless_room(len(records))
        if len(records) <= self._group_max:
            standing = self._enqueue(records)
            self._ensure_drain()
            return await standing
        starts = range(0, len(records), self._group_max)
        parts = [self._enqueue(records[at : at + self._group_max]) for at in starts]
        self._ensure_drain()
        return list(chain.from_iterable(await asyncio.gather(*parts)))

    async def add_credit(self, credit: StoredCredit, records: Sequence[Record]) -> StoredCredit:
        """The credit that stands, once it is durable: `credit` with its group's records, or the one that holds its key.

        Raises:
            LedgerUnavailable: as `add`; nothing was stored.
            RecordRefused: the database refuses one of the records; all are in quarantine.
        """
        self._refuse_unless_room(len(records))
        entry = _CreditEntry(credit, records, self._loop.create_future())
        self._pending.append(entry)
        self._pending_rows += len(records)
        self._ensure_drain()
        return await entry.standing

    @property
    def quarantine(self) -> Quarantine:
        """Where refused records are."""
        return self._quarantine

    @property
    def pending_rows(self) -> int:
        """How many records wait for their commit."""
        return self._pending_rows

    async def close(self) -> None:
        """Takes no more, and returns when all that waits is settled."""
        self._closed = True
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _refuse_unless_room(self, rows: int) -> None:
        if self._closed:
            raise LedgerUnavailable("The ledger is closed: the service is stopping.")
        if self._pending_rows + rows > self._pending_max:
            raise LedgerUnavailable(
                f"{self._pending_rows} records wait for the database; with {rows} more they are over the limit of "
                f"{self._pending_max}."
            )

    def _enqueue(self, records: Sequence[Record]) -> asyncio.Future[list[Standing]]:
        entry = _Entry(records, self._loop.create_future())
        self._pending.append(entry)
        self._pending_rows += len(records)
        return entry.standing

    def _ensure_drain(self) -> None:
        if self._draining < self._database.commits_ahead:
            self._draining += 1
            task = asyncio.create_task(self._drain(), name="ledger-writer")
            self._tasks.add(task)
            task.add_done_callback(self._drained)

    async def _drain(self) -> None:
        try:
            while self._pending:
                group = _Group()
                self._groups.add(group)
                if isinstance(entry := self._pending[0], _CreditEntry):
                    group.entries.append(self._pending.popleft())
                    await self._commit_credit(entry)
                else:
                    await self._commit_next(group)
                self._groups.discard(group)
        finally:
            self._draining -= 1

    async def _commit_credit(self, entry: _CreditEntry) -> None:
        """Commits a group with its credit, and tells who waits for it."""
        try:
            standing = await self._standing_credit(entry.credit, entry.records)
        except (LedgerUnavailable, RecordRefused) as error:
            _fail([entry], error)
        else:
            self._on_added(entry.records)
            if not entry.standing.done():
                entry.standing.set_result(standing)
        finally:
            self._pending_rows -= len(entry.records)

    async def _standing_credit(self, credit: StoredCredit, records: Sequence[Record]) -> StoredCredit:
        try:
            if await self._database.insert_credit(group_credits.row_of(credit), rows_of(records)):
                return credit
        except RowsRefused as refusal:
            for record in records:
                await self._quarantine.put(record, f"It is of a group of which a record was refused: {refusal}")
            raise RecordRefused(f"The database refused a record of the group: {refusal}") from refusal
        return await self._look_up(partial(group_credits.standing, credit=credit))

    async def _commit_next(self, group: "_Group") -> None:
        """Commits what waits when the database's turn comes, and tells those who wait for it."""
        try:
            standing = iter(await self._standing(group))
        except LedgerUnavailable as error:
            self._pending_rows -= len(group.records)
            _fail(group.entries, error)
            return
        self._pending_rows -= len(group.records)
        self._on_added(group.records)
        if self._on_group is not None and group.records:
            self._on_group(len(group.records), time.perf_counter() - group.started)
        for entry in group.entries:
            own = list(islice(standing, len(entry.records)))
            if not entry.standing.done():
                entry.standing.set_result(own)

    async def _standing(self, group: "_Group") -> Sequence[Standing]:
        try:
            stored = await self._database.insert(lambda: self._take(group))
        except RowsRefused as refusal:
            return await self._halved(group.records, refusal)
        return await self._after(group.records, stored)

    def _take(self, group: "_Group") -> list[Row]:
        """Fills `group` with whole entries, at least one if any waits, within the limits. May run in a thread."""
        group.started = time.perf_counter()
        rows = size_bytes = 0
        while self._pending:
            entry = self._pending[0]
            if isinstance(entry, _CreditEntry):
                break
            rows += len(entry.records)
            for record in entry.records:
                size_bytes += len(record.item) + len(record.sample) + len(record.executions)
            if group.entries and (rows > self._group_max or size_bytes > _GROUP_MAX_BYTES):
                break
            self._pending.popleft()
            group.entries.append(entry)
        group.records = list(chain.from_iterable(entry.records for entry in group.entries))
        return rows_of(group.records)

    async def _commit(self, records: Sequence[Record]) -> Sequence[Standing]:
        """Stores `records`; a refusal halves them until the refused ones are alone."""
        try:
            stored = await self._database.insert(lambda: rows_of(records))
        except RowsRefused as refusal:
            return await self._halved(records, refusal)
        return await self._after(records, stored)

    async def _halved(self, records: Sequence[Record], refusal: RowsRefused) -> Sequence[Standing]:
        if len(records) == 1:
            return [await self._quarantine.put(records[0], str(refusal))]
        half = len(records) // 2
        return [*await self._commit(records[:half]), *await self._commit(records[half:])]

    async def _after(self, records: Sequence[Record], stored: int) -> Sequence[Standing]:
        if stored == len(records):
            return records
        return await self._look_up(partial(queries.standing, given=records))

    def _drained(self, task: asyncio.Task[None]) -> None:
        """Lets no one wait for ever: if the writer died of a defect, everyone who waits is told of it."""
        self._tasks.discard(task)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None:
            _fail([*(entry for group in self._groups for entry in group.entries), *self._pending], error)
            self._groups.clear()
            self._pending.clear()
            self._pending_rows = 0


def _fail(entries: Sequence[_Entry | _CreditEntry], error: BaseException) -> None:
    for entry in entries:
        if not entry.standing.done():
            entry.standing.set_exception(error)
