"""The database with a breaker in front and a spool beside it.

While the database is known to be away no request waits for it: grades go to the spool, everything else is refused at
once. In the background the spool is tried on the database; when a group of it is committed, requests use the database
again, while the rest of the spool follows.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection

from app.errors import LedgerUnavailable
from app.ledger.database import Database, Row, T
from app.ledger.replaying import Replaying
from app.ledger.revision import current_revision, refuse_old
from app.ledger.spool import Spool, Unit

_log = logging.getLogger(__name__)

# Waits between two attempts to reach the database, s: the first, and the longest.
_RETRY_S, _RETRY_MAX_S = 0.1, 1.0
# How long a stop waits for a spool that is being emptied, s. All must be closed within what its deadline leaves.
_EMPTYING_S = 1.0
# Longest wait at the start for which schema the database has, s: a slow answer is no reason to spool.
_SCHEMA_TIMEOUT_S = 10.0

SpoolCondition = Literal["off", "ephemeral", "empty", "spooling", "draining", "full"]


@dataclass(frozen=True, slots=True)
class SpoolState:
    """How the spool is, and how much waits in it."""

    state: SpoolCondition
    records: int
    size_bytes: int
    detail: str

    @property
    def takes_records(self) -> bool:
        """Whether grades can be recorded while the database is away."""
        return self.state in {"empty", "spooling", "draining"}


@dataclass(slots=True)
class Refuge:
    """Where records go while the database is away."""

    spool: Spool | None
    """None: there is none, or it cannot be used."""
    condition: Literal["off", "ephemeral", "in use"]
    """Only one that is in use takes records; what is in another one is brought to the database all the same."""
    detail: str
    replaying: Replaying | None


class Guarded:
    """A Database that raises LedgerUnavailable at once while it is known that the one behind it is away.

    Args:
        database: the one behind it.
        probed: the same with connections of its own.
        asked: the same, for what the path of a grade reads, so that it waits for no report.
        refuge: for records meanwhile.
        suspect_after_s: after how long without an answer it is asked whether the database is there.
        probe_timeout_s: longest wait for the answer then.
        on_rows: told how many rows were `spooled`.
        prepare: what is to be done once before anything is stored, if the database was away at the start or has an
            older release's schema: it was away when it should have been migrated, and is back by now.
    """

    def __init__(
        self,
        database: Database,
        *,
        probed: Database,
        asked: Database,
        refuge: Refuge,
        suspect_after_s: float,
        probe_timeout_s: float,
        on_rows: Callable[[str, int], None],
        prepare: Callable[[], Awaitable[None]],
    ) -> None:
        self._database, self._probed, self._asked, self._refuge = database, probed, asked, refuge
        self._suspect_after_s, self._on_rows, self._prepare = suspect_after_s, on_rows, prepare
        self._probe_timeout_s = probe_timeout_s
        self._unprepared = False
        self._away = ""
        self._away_since = 0.0
        self._full = ""
        self._full_is_told = False
        self._tripped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self.is_remote, self.commits_ahead = database.is_remote, database.commits_ahead

    async def start(self) -> None:
        """Finds out whether the database is there with the schema it must have, and begins to watch over it."""
        try:
            await self._probe()
            refuse_old(await _soon(self._asked.run(current_revision), _SCHEMA_TIMEOUT_S))
        except LedgerUnavailable as error:
            self._unprepared = True
            self.trip(error)
        if self._spooled:
            self._work.set()
        self._keeper = asyncio.create_task(self._keep(), name="ledger-keeper")
        self._keeper.add_done_callback(_tell)

    @property
    def spool(self) -> Spool | None:
        return self._refuge.spool

    @property
    def is_away(self) -> bool:
        """Whether the database is known to be away."""
        return self._away != ""

    @property
    def state(self) -> SpoolState:
        spool, condition, detail = self._refuge.spool, self._refuge.condition, self._refuge.detail
        state: SpoolCondition
        if condition != "in use":
            state = condition
        elif self._full:
            state, detail = "full", self._full
        elif not self._spooled:
            state = "empty"
        else:
            state = "spooling" if self._away else "draining"
        return SpoolState(state, self._spooled, spool.size_bytes if spool else 0, detail)

    def trip(self, error: LedgerUnavailable) -> None:
        """From now on the database is known to be away, because of `error`."""
        if not self._away:
            self._away_since = time.monotonic()
            _log.error("The database is away: %s", error.detail)
        self._away = error.detail
        if not self._tripped.done():
            self._tripped.set_result(None)
        self._idle.clear()
        self._work.set()

    def refuse_if_away(self) -> None:
        """Raises LedgerUnavailable while the database is known to be away."""
        if self._away:
            raise self._unavailable()

    async def insert(self, take: Callable[[], Sequence[Row]]) -> int:
        if self._away:
            return await self._append_rows(take())
        taken: Sequence[Row] | None = None

        def taking() -> Sequence[Row]:
            nonlocal taken
            taken = take()
            return taken

        try:
            return await self._database.insert(taking)
        except LedgerUnavailable as error:
            self.trip(error)
            # Whether they were stored is not always known; then the spool brings them once more, and they are left out.
            return await self._append_rows(taking() if taken is None else taken)

    async def insert_credit(self, credit: Row, rows: Sequence[Row]) -> bool:
        try:
            if not self._away:
                return await self._database.insert_credit(credit, rows)
        except LedgerUnavailable as error:
            self.trip(error)
        await self._append([Unit(credit, rows)])
        return True

    async def probe(self) -> None:
        await self._database.probe()

    async def run(self, query: Callable[[Connection], T]) -> T:
        self.refuse_if_away()
        return await self._database.run(query)

    async def look_up(self, query: Callable[[Connection], T]) -> T:
        """As `run`, but behind no report, and not waited for any longer once the database is found to be away."""
        self.refuse_if_away()
        asked, tripped = asyncio.create_task(self._asked.run(query)), self._tripped
        try:
            done, _ = await asyncio.wait({asked}, timeout=self._suspect_after_s)
            if not done:
                # Slow or away? Whoever watches over it finds out.
                self._work.set()
                either: set[asyncio.Future[Any]] = {asked, tripped}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # A task that is cancelled may still take its time, so it is left to itself.
            if not asked.done():
                asked.cancel()
                asked.add_done_callback(_forget)
        if not asked.done():
            raise self._unavailable()
        return asked.result()

    async def exclusively(self, work: Callable[[Connection], None]) -> None:
        await self._database.exclusively(work)

    async def close(self) -> None:
        """Empties the spool if that takes no more than seconds; what is left waits for the next start."""
        if self._keeper is not None:
            if self._spooled and not self._away:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_EMPTYING_S):
                        await self._idle.wait()
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        if self._refuge.spool is not None:
            self._refuge.spool.close()
        for database in {self._probed, self._asked, self._database}:
            await database.close()

    @property
    def _spooled(self) -> int:
        return self._refuge.spool.rows if self._refuge.spool is not None else 0

    def _unavailable(self) -> LedgerUnavailable:
        return LedgerUnavailable(f"The database is away: {self._away}")

    async def _append_rows(self, rows: Sequence[Row]) -> int:
        await self._append([Unit(None, [row]) for row in rows])
        return len(rows)

    async def _append(self, units: Sequence[Unit]) -> None:
        """Puts `units` into the spool.

        Raises:
            LedgerUnavailable: they cannot be kept there either.
        """
        if self._refuge.spool is None or self._refuge.condition != "in use":
            raise self._unavailable()
        try:
            await self._refuge.spool.append(units)
        except LedgerUnavailable as error:
            self._full = error.detail
            if not self._full_is_told:
                _log.error("Grades are refused: %s", error.detail)
            self._full_is_told = True
            raise
        self._full = ""
        # The database may have come back while they were written.
        self._idle.clear()
        self._work.set()
        self._on_rows("spooled", sum(len(unit.rows) for unit in units))

    async def _keep(self) -> None:
        """Brings the spool to the database whenever that is there, and finds out when it is."""
        retry_s = _RETRY_S
        while True:
            await self._work.wait()
            try:
                if self._unprepared:
                    await self._prepare()
                    self._unprepared = False
                if self._spooled and self._refuge.replaying is not None:
                    await self._refuge.replaying.next()
                else:
                    await self._probe()
            except LedgerUnavailable as error:
                self.trip(error)
                await self._look_for_room()
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, _RETRY_MAX_S)
                continue
            retry_s = _RETRY_S
            self._reset()

    async def _probe(self) -> None:
        """Returns if the database is there."""
        await _soon(self._probed.probe(), self._probe_timeout_s)

    async def _look_for_room(self) -> None:
        """A service that is not ready gets no grades by which it would notice that its spool takes them again."""
        spool = self._refuge.spool
        if self._full and spool is not None and await asyncio.to_thread(spool.has_room):
            _log.warning("The spool has room again; grades are taken")
            self._full = ""
            self._full_is_told = False

    def _reset(self) -> None:
        if self._away:
            _log.warning(
                "The database is back after %.1f s; %d records follow",
                time.monotonic() - self._away_since,
                self._spooled,
            )
            self._tripped = asyncio.get_running_loop().create_future()
        self._away = self._full = ""
        self._full_is_told = False
        if not self._spooled:
            self._work.clear()
            self._idle.set()


async def _soon(answer: Awaitable[T], timeout_s: float) -> T:
    """The database's answer; LedgerUnavailable if it takes longer."""
    try:
        async with asyncio.timeout(timeout_s):
            return await answer
    except TimeoutError:
        raise LedgerUnavailable(f"It does not answer within {timeout_s:g} s.") from None


def _forget(task: asyncio.Task[T]) -> None:
    """Nobody waits for it any more."""
    if not task.cancelled():
        task.exception()


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("Nobody watches over the database any more; restart the service", exc_info=error)
