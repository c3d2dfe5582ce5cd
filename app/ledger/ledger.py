"""The ledger as the service sees it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from app.errors import LedgerUnavailable, RecordRefused
from app.ledger import group_credits, queries, recipes, reports
from app.ledger.database import Database, RowsRefused, open_database
from app.ledger.inserts import rows_of
from app.ledger.key_store import KeyStore
from app.ledger.migrate import current_revision, refuse_old
from app.ledger.quarantine import Quarantine
from app.ledger.records import CountedGrade, GraderReport, Record, RecordFilter, RunSummary, StoredCredit, StoredRecipe
from app.ledger.writer import Standing, Writer

_CHECK_TIMEOUT_S = 2.0
# Records in memory at a time while a run is streamed.
_PAGE_ROWS = 100
_GRADES_ROWS = 1000


class Ledger:
    """Stores records and finds them. Every method raises LedgerUnavailable while the database is away."""

    def __init__(self, database: Database, writer: Writer, quarantine: Quarantine) -> None:
        self._database = database
        self._writer = writer
        self._quarantine = quarantine
        self.keys = KeyStore(database)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        group_max: int = 500,
        pending_max: int = 50_000,
        on_group: Callable[[int, float], None] | None = None,
        quarantine: Path | None = None,
    ) -> "Ledger":
        """The ledger in the database at `url`, which may be away for now. It does not migrate.

        Args:
            url: sqlite:///FILE or postgresql://...
            group_max: most records per transaction.
            pending_max: most records that may wait for theirs.
            on_group: told of every commit: how many records, how many seconds.
            quarantine: file for records that the database refuses; None: they are only logged.
        """
        database = open_database(url)
        refused = Quarantine(quarantine)
        writer = Writer(database, refused, group_max=group_max, pending_max=pending_max, on_group=on_group)
        return cls(database, writer, refused)

    async def add(self, records: Sequence[Record]) -> list[Standing]:
        """Stores `records`; returns, in their order and once they are durable, what stands.

        That is the given record; or, where another grade holds its (caller, grader, idempotency key), that one; or a
        RecordRefused, where the database refuses this very record, which is then in quarantine. A task that is
        cancelled while it waits takes nothing back.

        Raises:
            LedgerUnavailable: the database is away, or more than `pending_max` records wait. Some of a large batch may
                have been stored.
        """
        return await self._writer.add(records)

    async def replay(self, caller: str, grader: str, keys: Sequence[str]) -> dict[str, Record]:
        """The grades that hold `keys`; keys without one are left out."""
        return await self._database.run(lambda connection: queries.replay(connection, caller, grader, keys))

    async def add_credit(self, credit: StoredCredit, records: Sequence[Record]) -> StoredCredit:
        """Stores `credit` and the records of its group together; returns, once that is durable, the one that stands.

        That is the given one; or, where another holds its (caller, grader, idempotency key), that one, and then none
        of `records` is stored. Records of a group hold no key of their own.

        Raises:
            LedgerUnavailable: the database is away; nothing was stored.
            RecordRefused: the database refuses one of the records; all are in quarantine.
        """
        try:
            if await self._database.insert_credit(group_credits.row_of(credit), rows_of(records)):
                return credit
        except RowsRefused as refusal:
            for record in records:
                await self._quarantine.put(record, f"It is of a group of which a record was refused: {refusal}")
            raise RecordRefused(f"The database refused a record of the group: {refusal}") from refusal
        return await self._database.run(lambda connection: group_credits.standing(connection, credit))

    async def credit(self, credit: str) -> StoredCredit | None:
        """The credit of that id, or None."""
        return await self._database.run(lambda connection: group_credits.find(connection, credit))

    async def replay_credit(self, caller: str, grader: str, key: str) -> StoredCredit | None:
        """The credit that holds `key`, or None."""
        return await self._database.run(lambda connection: group_credits.replay(connection, caller, grader, key))

    async def records(self, ids: Sequence[str]) -> dict[str, Record]:
        """The records of those ids; unknown ids are left out."""
        return await self._database.run(lambda connection: queries.by_ids(connection, ids))

    async def find(self, record: str, caller: str | None) -> Record | None:
        """The record of that id if it is the caller's; anybody's if the caller is None."""
        return await self._database.run(lambda connection: queries.find(connection, record, caller))

    async def search(self, where: RecordFilter, *, after: str | None, limit: int) -> list[Record]:
        """At most `limit` records, newest first; `after` is the id of the last one of the page before."""
        return await self._database.run(lambda connection: queries.search(connection, where, after, limit))

    async def runs(self, caller: str | None, *, after: str | None, limit: int) -> list[RunSummary]:
        """At most `limit` runs, the latest begun first; `after` is the last one of the page before.

        Caller None: everybody's, runs of one name taken together.
        """
        return await self._database.run(lambda connection: reports.runs(connection, caller, after, limit))

    async def run_report(self, caller: str | None, run: str) -> list[GraderReport]:
        """What each grader id and digest made of the run; empty: there is no such run."""
        return await self._database.run(lambda connection: reports.run_report(connection, caller, run))

    async def samples_of_run(self, caller: str | None, run: str, grader: str | None) -> AsyncIterator[Record]:
        """The grades of the run that count now, in the order in which they were made; only `grader`'s if one is named.

        What is recorded while they are read is not among them.
        """
        ids = await self._counted(caller, run, None if grader is None else [grader])
        for start in range(0, len(ids), _PAGE_ROWS):
            page = ids[start : start + _PAGE_ROWS]
            found = await self._database.run(partial(queries.by_ids, ids=page))
            for record in page:
                yield found[record]

    async def counted_grades(
        self, caller: str | None, run: str, graders: Collection[str]
    ) -> AsyncIterator[list[CountedGrade]]:
        """What reports need of the run's grades by `graders` that count: pages, in the order in which they were made.

        What is recorded while they are read is not among them.
        """
        ids = await self._counted(caller, run, graders)
        for start in range(0, len(ids), _GRADES_ROWS):
            page = ids[start : start + _GRADES_ROWS]
            found = await self._database.run(partial(queries.graded, ids=page))
            yield [found[record] for record in page]

    async def _counted(self, caller: str | None, run: str, graders: Collection[str] | None) -> Sequence[str]:
        return await self._database.run(lambda connection: reports.counted_ids(connection, caller, run, graders))

    async def add_recipe(self, recipe: StoredRecipe) -> StoredRecipe:
        """The stored version with this content, or else `recipe` as the next version of its name."""
        return await self._database.run(lambda connection: recipes.add(connection, recipe))

    async def recipes(self) -> list[StoredRecipe]:
        """Every version of every recipe, by name and version."""
        return await self._database.run(recipes.every)

    async def recipe(self, name: str, version: int) -> StoredRecipe | None:
        """The recipe `name@vVERSION`, or None."""
        return await self._database.run(lambda connection: recipes.get(connection, name, version))

    async def check(self) -> None:
        """Returns if records can be stored.

        Raises:
            LedgerUnavailable: says why not: no answer within 2 s, or not migrated.
        """
        try:
            async with asyncio.timeout(_CHECK_TIMEOUT_S):
                revision = await self._database.run(current_revision)
        except TimeoutError:
            raise LedgerUnavailable(f"The database does not answer within {_CHECK_TIMEOUT_S:g} s.") from None
        refuse_old(revision)

    async def close(self) -> None:
        """Settles what waits, takes no more, and lets go of the database."""
        await self._writer.close()
        await self._database.close()
