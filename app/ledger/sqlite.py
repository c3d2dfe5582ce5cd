"""The embedded database: SQLite with a write-ahead log. A process of its own writes, a few threads read."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.errors import LedgerUnavailable
from app.ledger.database import PROBE_SQL, Row, T, away
from app.ledger.inserts import COUNT_ADDED_SQL, credit_sql, insert_sql
from app.ledger.sqlite_process import SqliteProcess

_READERS = 4
# Longest wait for another process's write, s.
_BUSY_TIMEOUT_S = 5.0
_MIGRATION_TIMEOUT_MS = 600_000
# Page cache of one connection, KiB.
_CACHE_KIB = 32_768
# What has to be free before a database that was away is used again.
_ROOM_BYTES = 256 << 10


class SqliteDatabase:
    """A file. The log lets it be read and written at the same time.

    Writing is no thread's work: beside a busy event loop, a thread asks for the GIL several times a commit, and both
    wait for each other (DECISIONS.md, 10).
    """

    def __init__(self, url: URL) -> None:
        self._file = url.database or ""
        self._engine = create_engine(
            url.set(drivername="sqlite"),
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": _BUSY_TIMEOUT_S, "check_same_thread": False},
            pool_size=_READERS,
        )
        event.listen(self._engine, "connect", _prepare)
        self._reading = ThreadPoolExecutor(_READERS, "ledger-reader")
        self._writer: SqliteProcess | None = None
        self._starting = asyncio.Lock()

    is_remote = False
    # While the event loop deals with one commit's answers, the process goes on with the next.
    commits_ahead = 2

    async def insert(self, take: Callable[[], Sequence[Row]]) -> int:
        writer = await self._started()
        rows = take()
        statement = (insert_sql(self._engine.dialect, 1), rows)
        return await writer.commit(statement, finally_sql=COUNT_ADDED_SQL) if rows else 0

    async def insert_credit(self, credit: Row, rows: Sequence[Row]) -> bool:
        writer = await self._started()
        dialect = self._engine.dialect
        work = (credit_sql(dialect), [credit]), (insert_sql(dialect, 1), rows)
        return bool(await writer.commit(*work, finally_sql=COUNT_ADDED_SQL))

    async def probe(self) -> None:
        await asyncio.to_thread(self._find_room)
        writer = await self._started()
        await writer.commit((PROBE_SQL, [()]))

    async def run(self, query: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reading, self._run, query)

    async def exclusively(self, work: Callable[[Connection], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._reading, self._exclusively, work)

    async def close(self) -> None:
        if self._writer is not None:
            await self._writer.finish()
        await asyncio.to_thread(self._close)

    async def _started(self) -> SqliteProcess:
        """The process that writes."""
        async with self._starting:
            if self._writer is None or self._writer.is_gone:
                self._writer = await SqliteProcess.open(
                    self._file, busy_timeout_s=_BUSY_TIMEOUT_S, cache_kib=_CACHE_KIB
                )
            return self._writer

    def _find_room(self) -> None:
        """Writes a file beside the database's: on a full disk what changes nothing is still committed."""
        try:
            with TemporaryFile(dir=Path(self._file).parent) as trial:
                trial.write(bytes(_ROOM_BYTES))
                trial.flush()
        except OSError as error:
            raise LedgerUnavailable(f"Nothing can be written beside {self._file}: {error.strerror}") from error

    def _run(self, query: Callable[[Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                return query(connection)
        except (DBAPIError, PoolTimeoutError) as error:
            raise away(error) from error

    def _exclusively(self, work: Callable[[Connection], None]) -> None:
        try:
            Path(self._file).parent.mkdir(parents=True, exist_ok=True)
            with self._engine.connect() as connection:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {_MIGRATION_TIMEOUT_MS}")
                try:
                    connection.exec_driver_sql("BEGIN EXCLUSIVE")
                    work(connection)
                    connection.exec_driver_sql("COMMIT")
                finally:
                    # The connection goes back to those who read, and store recipes.
                    connection.exec_driver_sql(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_S * 1000:.0f}")
        except OSError as error:
            raise away(error) from error
        except DBAPIError as error:
            # SQLite says "unable to open database file" of a disk that may only be read, and of another user's folder.
            self._find_room()
            raise away(error) from error

    def _close(self) -> None:
        self._reading.shutdown()
        self._engine.dispose()


def _prepare(connection: Any, _: Any) -> None:
    """Sets what SQLite does not keep in the file, as the writer does."""
    for pragma in ("journal_mode = WAL", "synchronous = FULL", f"cache_size = -{_CACHE_KIB}"):
        connection.execute(f"PRAGMA {pragma}")
