"""Runs are counted, and their reports made, in a process of their own: `app/monitors/worker.py`. It is started for the
first question, or a few seconds after the first grade of a run."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

import msgspec

from app.errors import DeadlineExceeded, InternalError, LedgerUnavailable, Overloaded, UnknownRun
from app.framed_process import FramedProcess
from app.ledger import Record
from app.monitors.asking import ANSWER, AWAY, UNKNOWN_GRADERS, UNKNOWN_RUN, Asked, Ranges, unframed

# More questions than these are told to come again.
_WAITING_MAX = 32
_TIMEOUT_S = 20.0
# How long a report waits for what has to be counted first, s; the rest is counted behind it.
_PATIENCE_S = 0.15
# When the process is told of runs that got grades: some steps are over by then, s.
_TELL_AFTER_S = 6.0

RangesOf = Callable[[str], Awaitable[list[tuple[float, float]]]]
"""From a grader id to the ranges that its rewards lie in; none: it is gone."""


class RunWatch:
    """`close` after the last question.

    Args:
        database_url: where the runs are.
        environment: what the process may know of ours.
        tell_after_s: how much later it is told of runs that got grades.
    """

    def __init__(self, database_url: str, environment: Mapping[str, str], tell_after_s: float = _TELL_AFTER_S) -> None:
        self._database_url, self._environment, self._tell_after_s = database_url, environment, tell_after_s
        self._process: _Process | None = None
        self._starting = asyncio.Lock()
        self._waiting = self._number = 0
        self._ranges: Ranges = {}
        self._touched: set[tuple[str, str]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._telling: asyncio.Task[None] | None = None

    async def monitor(self, caller: str, run: str, points: int, ranges_of: RangesOf) -> bytes:
        """JSON of the RunMonitor of `run`, with at most `points` steps.

        Raises:
            UnknownRun: there is none.
            LedgerUnavailable: the database is away.
            Overloaded, DeadlineExceeded, InternalError: it could not be made now.
        """
        return await self._ask("monitor", caller, [run], points, ranges_of)

    async def comparison(self, caller: str, a: str, b: str, points: int, ranges_of: RangesOf) -> bytes:
        """JSON of the RunComparison of two runs; raises as `monitor` does."""
        return await self._ask("comparison", caller, [a, b], points, ranges_of)

    def touched(self, records: Sequence[Record]) -> None:
        """Their runs got records, and are counted when their steps are over."""
        self._touched.update([(record.caller, record.run) for record in records if record.run is not None])
        if self._touched and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._tell_after_s, self._tell)

    async def close(self) -> None:
        """Ends the process."""
        if self._timer is not None:
            self._timer.cancel()
        if self._telling is not None:
            await asyncio.wait([self._telling])
        if self._process is not None:
            await self._process.kill()

    async def _ask(
        self, kind: Literal["monitor", "comparison"], caller: str, runs: list[str], points: int, ranges_of: RangesOf
    ) -> bytes:
        if self._waiting >= _WAITING_MAX:
            raise Overloaded(f"{self._waiting} reports are being made already; at most {_WAITING_MAX} may.")
        self._waiting += 1
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await self._answered(kind, caller, runs, points, ranges_of)
        except TimeoutError as error:
            raise DeadlineExceeded(f"The report was not made within {_TIMEOUT_S:g} s.") from error
        finally:
            self._waiting -= 1

    async def _answered(
        self, kind: Literal["monitor", "comparison"], caller: str, runs: list[str], points: int, ranges_of: RangesOf
    ) -> bytes:
        ranges = dict(self._ranges)
        while True:
            process = await self._started()
            self._number += 1
            asked = Asked(self._number, kind, caller, runs, points, _PATIENCE_S, ranges)
            said, rest = await process.ask(asked)
            if said == UNKNOWN_GRADERS:
                ranges |= await self._looked_up(msgspec.json.decode(rest, type=list[str]), ranges_of)
            elif said == ANSWER:
                return rest
            elif said == UNKNOWN_RUN:
                detail = (
                    f"No run {rest.decode()!r} of yours. GET /v1/runs lists them; a run begins with its first grade."
                )
                raise UnknownRun(detail)
            elif said == AWAY:
                raise LedgerUnavailable(rest.decode())
            else:
                raise InternalError("The report could not be made; the log of the service has the reason.")

    async def _looked_up(self, graders: list[str], ranges_of: RangesOf) -> Ranges:
        found = {id: await ranges_of(id) for id in graders}
        # A grader that is gone may come back; a range never changes.
        self._ranges |= {id: ranges for id, ranges in found.items() if ranges}
        return found

    async def _started(self) -> "_Process":
        async with self._starting:
            if self._process is None or self._process.is_gone:
                command = [sys.executable, "-m", "app.monitors.worker"]
                self._process = await _Process().start(command, self._environment)
                self._process.send(self._database_url.encode())
            return self._process

    def _tell(self) -> None:
        self._timer = None
        touched, self._touched = self._touched, set()
        self._telling = asyncio.create_task(self._tell_of(touched), name="run-watch")

    async def _tell_of(self, touched: set[tuple[str, str]]) -> None:
        process = await self._started()
        for caller, run in touched:
            process.send(msgspec.json.encode(Asked(0, "settle", caller, [run])))


class _Process(FramedProcess):
    """Answers questions in any order."""

    def __init__(self) -> None:
        super().__init__()
        self._answers: dict[int, asyncio.Future[tuple[bytes, bytes]]] = {}
        self.is_gone = False

    async def ask(self, asked: Asked) -> tuple[bytes, bytes]:
        """What is said to `asked`, and the rest of the answer.

        Raises:
            InternalError: the process died.
        """
        answer: asyncio.Future[tuple[bytes, bytes]] = asyncio.get_running_loop().create_future()
        self._answers[asked.number] = answer
        try:
            self.send(msgspec.json.encode(asked))
            return await answer
        finally:
            del self._answers[asked.number]

    def frame_received(self, body: bytes) -> None:
        number, said, rest = unframed(body)
        answer = self._answers.get(number)
        if answer is not None and not answer.done():
            answer.set_result((said, rest))

    def ended(self) -> None:
        self.is_gone = True
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(InternalError("The process that counts runs died; ask again."))
