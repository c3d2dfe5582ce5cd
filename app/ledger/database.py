"""What the ledger needs of a database, and the choice of one by its URL. The databases say how, no more."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError

from app.errors import LedgerUnavailable

T = TypeVar("T")
PROBE_SQL = "UPDATE records SET step = step WHERE 1 = 0"
"""Changes nothing, but waits for a lock on the table and fails on a server that may only be read."""

COMMIT_TIMEOUT_S = 5.0

Row = tuple[Any, ...]
"""A record's values in the order of the table's columns."""


class RowsRefused(Exception):
    """The database is well but will not store one of these rows; none of them was stored."""


class Database(Protocol):
    """SQLite or PostgreSQL. Its methods raise LedgerUnavailable while it is away, and work again when it is back."""

    is_remote: bool
    """Whether it can be away while our own disk is well."""
    commits_ahead: int
    """How many inserts may be asked for at a time. They run one after the other all the same."""

    async def insert(self, take: Callable[[], Sequence[Row]]) -> int:
        """Stores what `take` returns in one transaction and returns, once that is durable, how many were stored.

        `take` is called when its turn has come, so that it can gather rows until then; perhaps in another thread.

        A row whose id or idempotency key is there already is left out.

        Raises:
            RowsRefused: one of them cannot be stored; none was.
        """

    async def insert_credit(self, credit: Row, rows: Sequence[Row]) -> bool:
        """Stores the credit and its group's rows in one transaction; returns, once that is durable, whether it did.

        It does not where the credit's id or idempotency key is there already; then nothing is stored.

        Raises:
            RowsRefused: one of the rows cannot be stored; none was, nor the credit.
        """

    async def probe(self) -> None:
        """Returns if rows can be stored, as far as that can be known without storing one."""

    async def run(self, query: Callable[[Connection], T]) -> T:
        """What `query` makes of a connection on which every statement is a transaction of its own.

        A query may run twice, if its connection broke.
        """

    async def exclusively(self, work: Callable[[Connection], None]) -> None:
        """Does `work` in one transaction while no other process does any by this method."""

    async def close(self) -> None:
        """Gives back threads and connections."""


def open_database(url: str, commit_timeout_s: float = COMMIT_TIMEOUT_S) -> Database:
    """The database at `url`; nothing is connected yet.

    Args:
        url: sqlite:///FILE or postgresql://...
        commit_timeout_s: longest time of one transaction that writes to PostgreSQL.

    Raises:
        LedgerUnavailable: the URL is of no database that the ledger knows.
    """
    # The databases are imported here because they import this file's words, and one by one because PostgreSQL's driver
    # and asynchronous engine are half of what the ledger's import costs.
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise LedgerUnavailable(_WANTED) from None
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        from app.ledger.postgres import PostgresDatabase

        return PostgresDatabase(parsed, commit_timeout_s)
    if backend == "sqlite" and parsed.database not in {None, "", ":memory:"}:
        from app.ledger.sqlite import SqliteDatabase

        return SqliteDatabase(parsed)
    raise LedgerUnavailable(f"{_WANTED} Got {parsed.render_as_string(hide_password=True)}.")


def place_of(url: str) -> str:
    """Which database `url` is of, whoever asks it: a SHA-256 of the URL without user and password.

    What is no URL is a place of its own.
    """
    with suppress(ArgumentError):
        url = make_url(url)._replace(username=None, password=None).render_as_string()
    return hashlib.sha256(url.encode()).hexdigest()


def shown_place(url: str) -> str:
    """Which database `url` is of, for people: the whole path of a file, or the URL without its password."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return "no database"
    if parsed.get_backend_name() == "sqlite":
        return str(Path(parsed.database or "").absolute())
    return parsed.render_as_string(hide_password=True)


_WANTED = "Wanted the URL of a database: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE."


def away(error: Exception) -> LedgerUnavailable:
    """The error to raise where `error` says that the database is not there."""
    # Around what the driver says, SQLAlchemy puts the statement, its values and a link to its own manual.
    said = str(getattr(error, "orig", None) or error).partition("(Background on this error")[0].strip()
    return LedgerUnavailable(f"The database does not answer: {(said or type(error).__name__).rstrip('.')}.")
