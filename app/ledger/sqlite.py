"""The embedded database: SQLite with a write-ahead log, each query one hop to a thread."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, PoolProxiedConnection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.ledger.database import Row, RowsRefused, T, away
from app.ledger.inserts import statements

_READERS = 4
# Longest wait for another process's write, s.
_BUSY_TIMEOUT_S = 5.0
_MIGRATION_TIMEOUT_MS = 600_000
# Page cache of one connection, KiB.
_CACHE_KIB = 32_768

# What sqlite3 raises for a value it cannot bind or a row that breaks a constraint; all else means: no database.
_REFUSALS = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    UnicodeEncodeError,
)


class SqliteDatabase:
    """A file. One thread writes, a few read; the log lets them do so at the same time."""

    def __init__(self, url: URL) -> None:
        self._path = Path(url.database or "")
        self._engine = create_engine(
            url.set(drivername="sqlite"),
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": _BUSY_TIMEOUT_S, "check_same_thread": False},
            pool_size=_READERS + 1,
        )
        event.listen(self._engine, "connect", _prepare)
        self._writing = ThreadPoolExecutor(1, "ledger-writer")
        self._reading = ThreadPoolExecutor(_READERS, "ledger-reader")
        self._writer: PoolProxiedConnection | None = None

    # While the event loop deals with one commit's answers, the thread goes on with the next.
    commits_ahead = 2

    async def insert(self, take: Callable[[], Sequence[Row]]) -> int:
        return await asyncio.get_running_loop().run_in_executor(self._writing, self._insert, take)

    async def run(self, query: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reading, self._run, query)

    async def exclusively(self, work: Callable[[Connection], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._writing, self._exclusively, work)

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    def _insert(self, take: Callable[[], Sequence[Row]]) -> int:
        rows = take()
        if not rows:
            return 0
        try:
            if self._writer is None:
                self._writer = self._engine.raw_connection()
            return _insert_all(self._writer, list(statements(self._engine.dialect, rows)))
        except _REFUSALS as error:
            raise RowsRefused(str(error)) from error
        except (sqlite3.Error, DBAPIError) as error:
            self._drop_writer()
            raise away(error) from error

    def _run(self, query: Callable[[Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                return query(connection)
        except (DBAPIError, PoolTimeoutError) as error:
            raise away(error) from error

    def _exclusively(self, work: Callable[[Connection], None]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._engine.connect() as connection:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {_MIGRATION_TIMEOUT_MS}")
                connection.exec_driver_sql("BEGIN EXCLUSIVE")
                work(connection)
                connection.exec_driver_sql("COMMIT")
        except (DBAPIError, OSError) as error:
            raise away(error) from error

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.invalidate()
            self._writer = None

    def _close(self) -> None:
        self._writing.shutdown()
        self._reading.shutdown()
        if self._writer is not None:
            self._writer.close()
        self._engine.dispose()


def _prepare(connection: Any, _: Any) -> None:
    """Sets what SQLite does not keep in the file. FULL: a commit survives power loss, as the ledger promises."""
    for pragma in ("journal_mode = WAL", "synchronous = FULL", f"cache_size = -{_CACHE_KIB}"):
        connection.execute(f"PRAGMA {pragma}")


def _insert_all(writer: PoolProxiedConnection, work: list[tuple[str, list[Any]]]) -> int:
    """Runs `work` in one transaction and returns the number of new rows. One statement is a transaction by itself."""
    driver: sqlite3.Connection = writer.driver_connection  # type: ignore[assignment]
    if len(work) == 1:
        return driver.execute(*work[0]).rowcount
    driver.execute("BEGIN IMMEDIATE")
    try:
        count = sum(driver.execute(*statement).rowcount for statement in work)
        driver.execute("COMMIT")
    finally:
        if driver.in_transaction:
            driver.rollback()
    return count
