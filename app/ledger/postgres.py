"""The database of production: PostgreSQL through asyncpg. Several replicas may share one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import URL, Connection, Dialect, NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import create_async_engine

from app.ledger.database import PROBE_SQL, Row, RowsRefused, T, away
from app.ledger.inserts import credit_sql, statements

_CONNECT_TIMEOUT_S = 3.0
# How long a server that is told goodbye may take to hang up.
_CLOSE_TIMEOUT_S = 1.0
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
    """A server. One connection is kept for writing; reading takes from a pool.

    Args:
        url: where it is.
        commit_timeout_s: longest time of one transaction that writes, connecting included.
    """

    def __init__(self, url: URL, commit_timeout_s: float) -> None:
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._commit_timeout_s = commit_timeout_s
        url = url.set(drivername="postgresql+asyncpg")
        self._pool = create_async_engine(url, isolation_level="AUTOCOMMIT", async_creator=self._connect_to_read)
        # Every connection of this one is new: when one breaks, those in a pool are likely broken too.
        self._unpooled = create_async_engine(url, poolclass=NullPool, async_creator=self._connect)
        self._writer: Any = None

    is_remote = True
    commits_ahead = 1

    async def insert(self, take: Callable[[], Sequence[Row]]) -> int:
        rows = take()
        return await self._written(lambda writer: _insert_all(writer, list(statements(self._pool.dialect, rows))))

    async def insert_credit(self, credit: Row, rows: Sequence[Row]) -> bool:
        return await self._written(lambda writer: _insert_credit(writer, self._pool.dialect, credit, rows))

    async def probe(self) -> None:
        await self._written(lambda writer: writer.execute(PROBE_SQL))

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
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(*_LOST):
                await writer.close(timeout=_CLOSE_TIMEOUT_S)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._pool.dispose()

    async def _written(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """What `work` makes of the kept connection; of a new one, if that was stale, its server restarted.

        What was stored before the kept one broke is left out the second time.
        """
        ends = asyncio.get_running_loop().time() + self._commit_timeout_s
        if self._writer is not None:
            with suppress(*_LOST):
                return await self._write(work, ends)
        with _away_if_lost():
            return await self._write(work, ends)

    async def _write(self, work: Callable[[Any], Awaitable[T]], ends: float) -> T:
        """An error other than a refusal costs the kept connection; so does the time `ends`.

        The connection is cut then, not asked to stop: asyncpg asks on another connection, and waits for it.
        """
        loop = asyncio.get_running_loop()
        if self._writer is None:
            self._writer = await self._connect_to_write(min(_CONNECT_TIMEOUT_S, ends - loop.time()))
        cut = loop.call_at(ends, self._writer.terminate)
        try:
            with _ended_amid(self._writer):
                return await work(self._writer)
        except _REFUSALS as error:
            raise RowsRefused(str(error)) from error
        except BaseException:
            self._writer.terminate()
            self._writer = None
            raise
        finally:
            cut.cancel()

    async def _run(self, query: Callable[[Connection], T]) -> T:
        async with self._pool.connect() as connection:
            return await connection.run_sync(query)

    async def _connect_to_read(self) -> Any:
        return await self._connect(query_timeout_s=_QUERY_TIMEOUT_S)

    async def _connect_to_write(self, timeout_s: float) -> Any:
        # The server gives up when we do: else sessions that wait for a lock would pile up there.
        return await self._connect(timeout_s, statement_timeout=f"{self._commit_timeout_s * 1000:.0f}ms")

    async def _connect(
        self, timeout_s: float = _CONNECT_TIMEOUT_S, *, query_timeout_s: float | None = None, **settings: str
    ) -> Any:
        """A connection as asyncpg reads the URL, `sslmode` and all; its commits survive power loss."""
        return await asyncpg.connect(
            self._dsn,
            timeout=timeout_s,
            command_timeout=query_timeout_s,
            server_settings={"application_name": "rft-graders", "synchronous_commit": "on", **settings},
        )


async def _insert_all(driver: Any, work: list[tuple[str, list[Any]]]) -> int:
    """Runs `work` in one transaction and returns the number of new rows. One statement is a transaction by itself."""
    if len(work) == 1:
        return await _insert(driver, *work[0])
    async with driver.transaction():
        return sum([await _insert(driver, *statement) for statement in work])


async def _insert_credit(driver: Any, dialect: Dialect, credit: Row, rows: Sequence[Row]) -> bool:
    async with driver.transaction():
        if not await _insert(driver, credit_sql(dialect), list(credit)):
            return False
        for statement in statements(dialect, rows):
            await _insert(driver, *statement)
        return True


async def _insert(driver: Any, sql: str, parameters: list[Any]) -> int:
    # The server answers "INSERT 0 <rows>".
    status: str = await driver.execute(sql, *parameters)
    return int(status.rpartition(" ")[2])


@contextmanager
def _ended_amid(driver: Any) -> Iterator[None]:
    """asyncpg does not look again whether it is still connected between preparing a statement and running it."""
    try:
        yield
    except AttributeError as error:
        if not driver.is_closed():
            raise
        raise asyncpg.InterfaceError("The connection ended between preparing a statement and running it.") from error


@contextmanager
def _away_if_lost() -> Iterator[None]:
    try:
        yield
    except _LOST as error:
        # A query for a value that no column can hold is a defect of whoever asked; the database is well.
        if isinstance(error, DBAPIError) and error.orig and isinstance(error.orig.__cause__, _REFUSALS):
            raise
        raise away(error) from error
