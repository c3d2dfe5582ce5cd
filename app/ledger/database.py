"""What the ledger needs of a database. The databases say how, no more."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

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


def away(error: Exception) -> LedgerUnavailable:
    """The error to raise where `error` says that the database is not there."""
    # Around what the driver says, SQLAlchemy puts the statement, its values and a link to its own manual.
    said = str(getattr(error, "orig", None) or error).partition("(Background on this error")[0].strip()
    return LedgerUnavailable(f"The database does not answer: {(said or type(error).__name__).rstrip('.')}.")
