"""From the spool into the database: in order, in groups, each row exactly once.

A group is dropped from the spool when it is committed. If the process ends in between, it is committed again, and the
database leaves out the rows that it has.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain

from app.ledger import displaced
from app.ledger.database import Database, Row, RowsRefused
from app.ledger.inserts import in_key_order, record_of
from app.ledger.quarantine import Quarantine
from app.ledger.spool import Spool
from app.records import StoredCredit

_log = logging.getLogger(__name__)

_GROUP_ROWS = 200
_GROUP_BYTES = 4 << 20


class Replaying:
    """Commits the spool group by group.

    Args:
        database: with connections of its own, as others write at the same time.
        spool: what is to be committed.
        quarantine: for rows that the database refuses.
        on_rows: told how many rows were `replayed`, of those `displaced`, and how many were `quarantined`.
    """

    def __init__(
        self, database: Database, spool: Spool, quarantine: Quarantine, on_rows: Callable[[str, int], None]
    ) -> None:
        self._database, self._spool, self._quarantine, self._on_rows = database, spool, quarantine, on_rows

    async def next(self) -> None:
        """Commits the oldest group, if there is one.

        Raises:
            LedgerUnavailable: the database is away; the group stays.
        """
        try:
            units = self._spool.next(_GROUP_ROWS, _GROUP_BYTES)
        except OSError as error:
            await self._spool.skip_unreadable(error)
            return
        rows = list(chain.from_iterable(unit.rows for unit in units))
        if not units:
            return
        if (credit := units[0].credit) is not None:
            kept = await self._store_group(credit, rows)
        else:
            kept = await self._store(in_key_order(rows))
        await self._spool.forget(units, kept=kept)

    async def _store(self, rows: Sequence[Row]) -> bool:
        """Stores or quarantines each row; False: one could not be kept anywhere."""
        try:
            stored = await self._database.insert(lambda: rows)
        except RowsRefused as refusal:
            if len(rows) == 1:
                return await self._refuse(rows, str(refusal))
            half = len(rows) // 2
            first = await self._store(rows[:half])
            return await self._store(rows[half:]) and first
        if stored < len(rows):
            self._tell_displaced(await self._database.run(partial(displaced.keep, rows=rows)))
        self._on_rows("replayed", len(rows))
        return True

    async def _store_group(self, credit: Row, rows: Sequence[Row]) -> bool:
        try:
            stored = await self._database.insert_credit(credit, rows)
        except RowsRefused as refusal:
            reason = f"It is of a group of which a record was refused: {refusal}"
            is_kept = await self._quarantine.keep(StoredCredit(*credit), reason)
            return await self._refuse(rows, reason) and is_kept
        if not stored:
            self._tell_displaced(await self._database.run(partial(displaced.keep_group, credit=credit, rows=rows)))
        self._on_rows("replayed", len(rows))
        return True

    async def _refuse(self, rows: Sequence[Row], reason: str) -> bool:
        kept = [await self._quarantine.keep(record_of(row), reason) for row in rows]
        self._on_rows("quarantined", len(rows))
        return all(kept)

    def _tell_displaced(self, rows: int) -> None:
        if rows:
            _log.warning("%d grades of the outage do not count: others held their idempotency keys by then", rows)
            self._on_rows("displaced", rows)
