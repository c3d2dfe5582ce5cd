"""The service's end of `sqlite_writer.py`."""

import asyncio
import marshal
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from app.errors import LedgerUnavailable
from app.framed_process import FramedProcess
from app.ledger.database import Row, RowsRefused

_SCRIPT = Path(__file__).with_name("sqlite_writer.py")


class SqliteProcess(FramedProcess):
    """Commits one transaction after another; several may be on their way to it."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[asyncio.Future[int]] = deque()
        self.is_gone = False

    @classmethod
    async def open(cls, file: str, *, busy_timeout_s: float, cache_kib: int) -> Self:
        """A process that writes to `file`, which it opens at its first commit.

        Raises:
            LedgerUnavailable: no process can be started.
        """
        command = [sys.executable, "-I", "-S", str(_SCRIPT), file, str(busy_timeout_s), str(cache_kib)]
        try:
            return await cls().start(command, {})
        except OSError as error:
            raise LedgerUnavailable(f"The process that writes to the database cannot be started: {error}") from error

    def commit(self, *work: tuple[str, Sequence[Row]], finally_sql: str | None = None) -> asyncio.Future[int]:
        """Sends statements, each with the rows to run it with, for one transaction, and one that is run after them with
        the greatest rowid that `records` had before.

        The number of new rows of the first comes once all is durable; if that is 0, the others were not run.

        Raises:
            RowsRefused: one of the rows cannot be stored; none was. At once, if it cannot even be sent.
            LedgerUnavailable: the file cannot be written to, or the process ended before it answered.
        """
        try:
            body = marshal.dumps(([(sql, list(rows)) for sql, rows in work], finally_sql))
        except ValueError as error:
            raise RowsRefused(str(error)) from error
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        self.send(body)
        return answer

    def frame_received(self, body: bytes) -> None:
        kind, value = marshal.loads(body)  # noqa: S302 - from a process of ours, which reads no model's code
        answer = self._waiting.popleft()
        if answer.done():
            return
        if kind == "stored":
            answer.set_result(value)
        elif kind == "refused":
            answer.set_exception(RowsRefused(value))
        else:
            answer.set_exception(LedgerUnavailable(f"The database does not answer: {value}"))

    def ended(self) -> None:
        self.is_gone = True
        for answer in self._waiting:
            if not answer.done():
                answer.set_exception(LedgerUnavailable("The process that writes to the database ended."))
        self._waiting.clear()
