"""The process that writes to an SQLite file: `python -I -S sqlite_writer.py FILE BUSY_TIMEOUT_S CACHE_KIB`.

It needs nothing but the standard library, so it starts in a few milliseconds and stays small. Frames on stdin and
stdout: four bytes of length (big-endian), then that many of `marshal`. In: statements of one transaction, each with its
rows, and None or one to run after them with the greatest rowid that `records` had before; the first decides whether the
others are run. Out, once that is durable: "stored" and the number of new rows of the first; or "refused", one of the
rows cannot be stored, or "away", the file cannot be written to, and why.
"""

import marshal
import signal
import sqlite3
import sys
from typing import Any, BinaryIO

# What sqlite3 raises for a value it cannot bind or a row that breaks a constraint; all else means: no database.
_REFUSALS = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    UnicodeEncodeError,
)
_STATEMENTS_KEPT = 256
_GREATEST_ROWID = "SELECT coalesce(max(rowid), 0) FROM records"

Statement = tuple[str, list[Any]]
Work = tuple[list[Statement], str | None]


def main() -> None:
    """Serves until stdin closes."""
    # What is bytes or NULL is bound as it is. Told so, sqlite3 does not ask each value for an adapter of its own, and
    # make and drop an error as it has none: a seventh of a row's cost.
    sqlite3.register_adapter(bytes, bytes)
    sqlite3.register_adapter(type(None), dict[None, None]().get)
    # Ctrl-C goes to the whole terminal, and systemd's stop to all processes; the service closes its ledger itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    file, busy_timeout_s, cache_kib = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    connection: sqlite3.Connection | None = None
    while (work := _read(requests)) is not None:
        try:
            connection = connection or _connect(file, busy_timeout_s, cache_kib)
            answer: tuple[str, Any] = ("stored", _commit(connection, *work))
        except _REFUSALS as error:
            answer = ("refused", str(error))
        except sqlite3.Error as error:
            answer = ("away", str(error))
            if connection is not None:
                connection.close()
                connection = None
        body = marshal.dumps(answer)
        answers.write(len(body).to_bytes(4, "big") + body)
        answers.flush()


def _read(stream: BinaryIO) -> Work | None:
    """The next transaction's statements with their rows; None: nothing more comes."""
    head = stream.read(4)
    size = int.from_bytes(head, "big")
    body = stream.read(size)
    # A service that was killed leaves half a frame at most; nobody was answered for it.
    if len(head) < 4 or len(body) < size:
        return None
    found: Work = marshal.loads(body)  # noqa: S302 - from the service that started us
    return found


def _connect(file: str, busy_timeout_s: float, cache_kib: int) -> sqlite3.Connection:
    connection = sqlite3.connect(
        file, busy_timeout_s, isolation_level=None, cached_statements=_STATEMENTS_KEPT, uri=file.startswith("file:")
    )
    # FULL: a commit survives power loss, as the ledger promises.
    for pragma in ("journal_mode = WAL", "synchronous = FULL", f"cache_size = -{cache_kib}"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _commit(connection: sqlite3.Connection, work: list[Statement], finally_sql: str | None) -> int:
    """Runs all in one transaction, and returns the number of new rows of the first statement.

    If that is 0, the others are left out.
    """
    first, *others = work
    connection.execute("BEGIN IMMEDIATE")
    try:
        before = connection.execute(_GREATEST_ROWID).fetchone()
        count = connection.executemany(*first).rowcount
        for statement in others if count else ():
            connection.executemany(*statement)
        if finally_sql is not None and count:
            connection.execute(finally_sql, before)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.rollback()
    return count


if __name__ == "__main__":
    main()
