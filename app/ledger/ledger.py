"""The ledger as the service sees it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import UUID

from app.errors import LedgerUnavailable
from app.ledger import displaced, group_credits, queries, recipes, removal, reports, steps
from app.ledger.database import Database
from app.ledger.displaced import Displaced
from app.ledger.guarded import Guarded, SpoolState
from app.ledger.inserts import record_of
from app.ledger.key_store import KeyStore
from app.ledger.opening import open_database
from app.ledger.outages import Outages, guarded
from app.ledger.quarantine import Quarantine
from app.ledger.revision import current_revision, refuse_old
from app.ledger.spool import Spool
from app.ledger.tallying import RunTallies, Tallying
from app.ledger.writer import Standing, Writer
from app.records import (
    CountedGrade,
    ErrorTally,
    GraderReport,
    Record,
    RecordFilter,
    RunSummary,
    StoredCredit,
    StoredRecipe,
)

_CHECK_TIMEOUT_S = 2.0
# Records in memory at a time while a run is streamed.
_PAGE_ROWS = 100
_GRADES_ROWS = 1000


def _tell_nobody(records: Sequence[Record]) -> None:
    pass


_NO_SPOOL = SpoolState("off", 0, 0, "")


class Ledger:
    """Stores records and finds them. Every method raises LedgerUnavailable while the database is away."""

    def __init__(self, database: Database, guarded: Guarded | None, writer: Writer) -> None:
        self._database: Database = guarded or database
        self._unguarded = database
        self._guarded = guarded
        self._look_up = database.run if guarded is None else guarded.look_up
        self._writer = writer
        self._tallying = Tallying(self._database)
        # Whoever reads the keys does so beside the requests, and finds out for itself whether they can be read.
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
        outages: Outages | None = None,
        on_added: Callable[[Sequence[Record]], None] = _tell_nobody,
    ) -> "Ledger":
        """The ledger in the database at `url`, which may be away for now. It does not migrate.

        Args:
            url: sqlite:///FILE or postgresql://...
            group_max: most records per transaction.
            pending_max: most records that may wait for theirs.
            on_group: told of every commit: how many records, how many seconds.
            quarantine: file for records that the database refuses; None: they are only logged.
            outages: how grades go on while the database is away; None: they do not, and everybody waits for it.
            on_added: told of records once they are durable.

        Raises:
            SpoolInUse, SpoolTooNew: the spool cannot be worked with.
        """
        refused = Quarantine(quarantine)
        database = open_database(url)
        guard = None
        if outages is not None:
            guard = await guarded(url, outages, refused)
            await guard.start()
        look_up = database.run if guard is None else guard.look_up
        writer = Writer(
            guard or database,
            look_up,
            refused,
            group_max=group_max,
            pending_max=pending_max,
            on_group=on_group,
            on_added=on_added,
        )
        return cls(database, guard, writer)

    def add(self, records: Sequence[Record]) -> Awaitable[list[Standing]]:
        """Stores `records`; returns, in their order and once they are durable, what stands.

        That is the given record; or, where another grade holds its (caller, grader, idempotency key), that one; or a
        RecordRefused, where the database refuses this very record, which is then in quarantine. A task that is
        cancelled while it waits takes nothing back.

        Raises:
            LedgerUnavailable: the database is away, or more than `pending_max` records wait. Some of a large batch may
                have been stored.
        """
        return self._writer.add(records)

    async def replay(self, caller: str, grader: str, keys: Sequence[str]) -> dict[str, Record]:
        """The grades that hold `keys`; keys without one are left out.

        While the database is away and the spool takes records, a key is only known if its grade is in the spool.
        """
        found = self._spooled_judgements(caller, grader, keys)
        if missing := [key for key in keys if key not in found]:
            with self._known_here():
                found |= await self._look_up(partial(queries.replay, caller=caller, grader=grader, keys=missing))
        return found

    async def add_credit(self, credit: StoredCredit, records: Sequence[Record]) -> StoredCredit:
        """Stores `credit` and the records of its group together; returns, once that is durable, the one that stands.

        That is the given one; or, where another holds its (caller, grader, idempotency key), that one, and then none
        of `records` is stored. Records of a group hold no key of their own.

        Raises:
            LedgerUnavailable: the database is away, or too many records wait; nothing was stored.
            RecordRefused: the database refuses one of the records; all are in quarantine.
        """
        return await self._writer.add_credit(credit, records)

    async def credit(self, credit: str) -> StoredCredit | None:
        """The credit of that id, or None."""
        if self._spool is not None and (spooled := self._spool.credit(credit)) is not None:
            return StoredCredit(*spooled)
        return await self._database.run(partial(group_credits.find, credit=credit))

    async def replay_credit(self, caller: str, grader: str, key: str) -> StoredCredit | None:
        """The credit that holds `key`, or None; as `replay` while the database is away."""
        if self._spool is not None and (spooled := self._spool.credit_of_key(caller, grader, key)) is not None:
            return StoredCredit(*spooled)
        with self._known_here():
            return await self._look_up(partial(group_credits.replay, caller=caller, grader=grader, key=key))
        return None

    async def records(self, ids: Sequence[str]) -> dict[str, Record]:
        """The records of those ids; unknown ids are left out."""
        found = self._spooled_records(ids)
        if missing := [id for id in ids if id not in found]:
            found |= await self._look_up(partial(queries.by_ids, ids=missing))
        return found

    async def find(self, record: str, caller: str | None) -> Record | None:
        """The record of that id if it is the caller's; anybody's if the caller is None."""
        if (spooled := self._spooled_records([record]).get(record)) is not None:
            return spooled if caller in {None, spooled.caller} else None
        return await self._database.run(partial(queries.find, record=record, caller=caller))

    async def find_displaced(self, record: str, caller: str | None) -> Displaced | None:
        """The grade of that id, if it was answered in an outage and another one counts; of whom, as in `find`."""
        return await self._database.run(partial(displaced.find, record=record, caller=caller))

    async def search(self, where: RecordFilter, *, after: str | None, limit: int) -> list[Record]:
        """At most `limit` records, newest first; `after` is the id of the last one of the page before."""
        return await self._database.run(lambda connection: queries.search(connection, where, after, limit))

    async def runs(self, caller: str | None, *, after: str | None, limit: int) -> list[RunSummary]:
        """At most `limit` runs, the latest begun first; `after` is the last one of the page before.

        Caller None: everybody's, runs of one name taken together.
        """
        return await self._database.run(lambda connection: reports.runs(connection, caller, after, limit))

    async def recent_errors(self, caller: str | None, *, since_us: int, rows_max: int) -> list[ErrorTally]:
        """Why samples stayed unscored since then, the most frequent reason first; of the last `rows_max` such rows."""
        return await self._database.run(
            partial(queries.recent_errors, caller=caller, since_us=since_us, rows_max=rows_max)
        )

    async def run_tallies(self, caller: str, run: str, *, patience_s: float) -> RunTallies:
        """What is counted of the run per step, brought up to date as far as that is possible in `patience_s`.

        Without records: there is no such run.
        """
        return await self._tallying.run(caller, run, patience_s)

    async def run_report(self, caller: str | None, run: str) -> list[GraderReport]:
        """What each grader id and digest made of the run; empty: there is no such run."""
        return await self._database.run(lambda connection: reports.run_report(connection, caller, run))

    async def callers_of(self, run: str) -> list[str]:
        """Who has records of a run of this name, sorted."""
        return await self._database.run(partial(removal.callers_of, run=run))

    async def size_of_run(self, caller: str, run: str) -> int:
        """How many records the run has."""
        return await self._database.run(partial(steps.size, caller=caller, run=run))

    async def records_of_run(self, caller: str, run: str) -> AsyncIterator[Record]:
        """All records of the run, in the order in which they were made: superseded and unscored ones too."""
        after = ""
        while page := await self._database.run(
            partial(queries.page_of_run, caller=caller, run=run, after=after, limit=_PAGE_ROWS)
        ):
            for record in page:
                yield record
            after = page[-1].record

    async def counted_ids(self, caller: str, run: str) -> Sequence[str]:
        """Ids of the run's grades that count, in the order in which they were made."""
        return await self._counted(caller, run, None)

    async def delete_run(self, caller: str, run: str) -> AsyncIterator[int]:
        """Takes a run out with all that names it; tells after each part how many records are gone by now.

        What the spool still holds of it comes to the database later, as a run of the same name.
        """
        gone = 0
        while (part := await self._database.run(partial(removal.some_of_run, caller=caller, run=run))) is not None:
            gone += part
            yield gone
        await self._database.exclusively(partial(removal.rest_of_run, caller=caller, run=run))

    async def delete_before(self, created_us: int) -> AsyncIterator[int]:
        """Takes out all that was recorded before then; tells after each part how many records are gone by now."""
        gone, id = 0, str(UUID(int=(created_us // 1000) << 80))
        while (part := await self._database.run(partial(removal.some_before, id=id))) is not None:
            gone += part
            yield gone
        await self._database.exclusively(partial(removal.rest_before, id=id, created_us=created_us))

    async def forget_refused_before(self, created_us: int) -> int:
        """Takes records that the database refused before then out of quarantine; returns how many.

        Raises:
            OSError: the file cannot be written.
        """
        return await self._writer.quarantine.forget_before(created_us)

    async def samples_of_run(self, caller: str | None, run: str, grader: str | None) -> AsyncIterator[Record]:
        """The grades of the run that count now, in the order in which they were made; only `grader`'s if one is named.

        What is recorded or deleted while they are read is not among them.
        """
        ids = await self._counted(caller, run, None if grader is None else [grader])
        for start in range(0, len(ids), _PAGE_ROWS):
            page = ids[start : start + _PAGE_ROWS]
            found = await self._database.run(partial(queries.by_ids, ids=page))
            for record in page:
                if record in found:
                    yield found[record]

    async def counted_grades(
        self, caller: str | None, run: str, graders: Collection[str]
    ) -> AsyncIterator[list[CountedGrade]]:
        """What reports need of the run's grades by `graders` that count: pages, in the order in which they were made.

        What is recorded or deleted while they are read is not among them.
        """
        ids = await self._counted(caller, run, graders)
        for start in range(0, len(ids), _GRADES_ROWS):
            page = ids[start : start + _GRADES_ROWS]
            found = await self._database.run(partial(queries.graded, ids=page))
            yield [found[record] for record in page if record in found]

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
        return await self._look_up(partial(recipes.get, name=name, version=version))

    @property
    def pending_records(self) -> int:
        """How many records wait for their commit."""
        return self._writer.pending_rows

    @property
    def spool_state(self) -> SpoolState:
        """How the spool is, and how much waits in it."""
        return _NO_SPOOL if self._guarded is None else self._guarded.state

    def refuse_if_away(self) -> None:
        """Raises LedgerUnavailable while the database is known to be away."""
        if self._guarded is not None:
            self._guarded.refuse_if_away()

    @property
    def is_away(self) -> bool:
        """Whether the database is known to be away."""
        return self._guarded is not None and self._guarded.is_away

    async def check(self) -> None:
        """Returns if records can be stored in the database.

        Raises:
            LedgerUnavailable: says why not: no answer within 2 s, or not migrated; at once where that is known.
        """
        try:
            async with asyncio.timeout(_CHECK_TIMEOUT_S):
                revision = await self._look_up(current_revision)
        except TimeoutError:
            error = LedgerUnavailable(f"The database does not answer within {_CHECK_TIMEOUT_S:g} s.")
            if self._guarded is not None:
                self._guarded.trip(error)
            raise error from None
        refuse_old(revision)

    async def close(self) -> None:
        """Settles what waits, takes no more, and lets go of the database."""
        await self._tallying.close()
        await self._writer.close()
        await self._database.close()
        if self._guarded is not None:
            await self._unguarded.close()

    @property
    def _spool(self) -> Spool | None:
        return None if self._guarded is None else self._guarded.spool

    @contextmanager
    def _known_here(self) -> Iterator[None]:
        """Does without what the database does not say, if grades can go on without it."""
        try:
            yield
        except LedgerUnavailable:
            if not self.spool_state.takes_records:
                raise

    def _spooled_judgements(self, caller: str, grader: str, keys: Sequence[str]) -> dict[str, Record]:
        if self._spool is None or not self._spool.rows:
            return {}
        rows = {key: self._spool.judgement(caller, grader, key) for key in keys}
        return {key: record_of(row) for key, row in rows.items() if row is not None}

    def _spooled_records(self, ids: Sequence[str]) -> dict[str, Record]:
        if self._spool is None or not self._spool.rows:
            return {}
        rows = {id: self._spool.record(id) for id in ids}
        return {id: record_of(row) for id, row in rows.items() if row is not None}
