"""The database of production: PostgreSQL through asyncpg. Several replicas may share one."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import URL, Connection, NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from app.ledger.database import Row, RowsRefused, T, away
from app.ledger.inserts import credit_sql, statements

_CONNECT_TIMEOUT_S = 3.0
_COMMIT_TIMEOUT_S = 5.0
# Reports over a long run may take a while.
_QUERY_TIMEOUT_S = 30.0

# Any number that no other program uses as an advisory lock in the same database.
_MIGRATION_LOCK = 0x5246_5447

# What a row can do wrong: a value out of range, a broken constraint, too large for a page of an index.
_REFUSALS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
# asyncpg says InternalClientError when the server ends a session in the very moment in which it is asked something.
_LOST = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    DBAPIError,
    PoolTimeoutError,
    OSError,
    TimeoutError,
)


class PostgresDatabase:
    """A server. One connection is kept for writing; reading takes from a pool."""

    def __init__(self, url: URL) -> None:
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        url = url.set(drivername="postgresql+asyncpg")
        self._pool = create_async_engine(url, isolation_level="AUTOCOMMIT", async_creator=self._connect_to_read)
        # Every connection of this one is new: when one breaks, those in a pool are likely broken too.
        self._unpooled = create_async_engine(url, poolclass=NullPool, async_creator=self._connect)
        self._writer: AsyncConnection | None = None

    commits_ahead = 1

    async def insert(self, take: Callable[[], Sequence[Row]]) -> int:
        rows = take()
        if self._writer is not None:
            # A kept connection may be stale, its server restarted. What was stored before it broke is left out below.
            with suppress(*_LOST):
                return await self._insert(rows)
        with _away_if_lost():
            return await self._insert(rows)

    async def insert_credit(self, credit: Row, rows: Sequence[Row]) -> bool:
        with suppress(*_LOST):
            return await self._insert_credit(credit, rows)
        # A kept connection may be stale. What was stored before it broke is left out now, and found by who asks.
        with _away_if_lost():
            return await self._insert_credit(credit, rows)

    async def run(self, query: Callable[[Connection], T]) -> T:
        with _away_if_lost():
            try:
                return await self._run(query)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            return await self._run(query)

    async def exclusively(self, work: Callable[[Connection], None]) -> None:
        with _away_if_lost():
            async with self._unpooled.begin() as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
                await connection.run_sync(work)

    async def close(self) -> None:
        if self._writer is not None:
            await self._writer.close()
        await self._pool.dispose()

    async def _insert(self, rows: Sequence[Row]) -> int:
        """Stores `rows`. An error other than a refusal costs the kept connection."""
        try:
            if self._writer is None:
                self._writer = await self._unpooled.connect()
            driver: Any = (await self._writer.get_raw_connection()).driver_connection
            async with asyncio.timeout(_COMMIT_TIMEOUT_S):
                return await _insert_all(driver, list(statements(self._unpooled.dialect, rows)))
        except _REFUSALS as error:
            raise RowsRefused(str(error)) from error
        except _LOST:
            await self._drop_writer()
            raise

    async def _insert_credit(self, credit: Row, rows: Sequence[Row]) -> bool:
        dialect = self._pool.dialect
        try:
            async with self._pool.connect() as connection, asyncio.timeout(_COMMIT_TIMEOUT_S):
                driver: Any = (await connection.get_raw_connection()).driver_connection
                async with driver.transaction():
                    if not await _insert(driver, credit_sql(dialect), list(credit)):
                        return False
                    for statement in statements(dialect, rows):
                        await _insert(driver, *statement)
                    return True
        except _REFUSALS as error:
            raise RowsRefused(str(error)) from error

    async def _run(self, query: Callable[[Connection], T]) -> T:
        async with self._pool.connect() as connection:
            return await connection.run_sync(query)

    async def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.invalidate()
            await writer.close()

    async def _connect_to_read(self) -> Any:
        return await self._connect(_QUERY_TIMEOUT_S)

    async def _connect(self, query_timeout_s: float | None = None) -> Any:
        """A connection as asyncpg reads the URL, `sslmode` and all; its commits survive power loss."""
        return await asyncpg.connect(
            self._dsn,
            timeout=_CONNECT_TIMEOUT_S,
            command_timeout=query_timeout_s,
            server_settings={"application_name": "rft-graders", "synchronous_commit": "on"},
        )


async def _insert_all(driver: Any, work: list[tuple[str, list[Any]]]) -> int:
    """Runs `work` in one transaction and returns the number of new rows. One statement is a transaction by itself."""
    if len(work) == 1:
        return await _insert(driver, *work[0])
    async with driver.transaction():
        return sum([await _insert(driver, *statement) for statement in work])


async def _insert(driver: Any, sql: str, parameters: list[Any]) -> int:
    # The server answers "INSERT 0 <rows>".
    status: str = await driver.execute(sql, *parameters)
    return int(status.rpartition(" ")[2])


@contextmanager
def _away_if_lost() -> Iterator[None]:
    try:
        yield
    except _LOST as error:
        # A query for a value that no column can hold is a defect of whoever asked; the database is well.
        if isinstance(error, DBAPIError) and error.orig and isinstance(error.orig.__cause__, _REFUSALS):
            raise
        raise away(error) from error
