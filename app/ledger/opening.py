"""The choice of a database by its URL."""

import hashlib
from contextlib import suppress
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from app.errors import LedgerUnavailable
from app.ledger.database import COMMIT_TIMEOUT_S, Database

_WANTED = "Wanted the URL of a database: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE."


def open_database(url: str, commit_timeout_s: float = COMMIT_TIMEOUT_S) -> Database:
    """The database at `url`; nothing is connected yet.

    Args:
        url: sqlite:///FILE or postgresql://...
        commit_timeout_s: longest time of one transaction that writes to PostgreSQL.

    Raises:
        LedgerUnavailable: the URL is of no database that the ledger knows.
    """
    # Each is imported where it is wanted: PostgreSQL's driver and asynchronous engine are half of what the ledger's
    # import costs.
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
