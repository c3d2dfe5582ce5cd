"""Evaluations run in a process of their own, one after the other: seconds of arithmetic in a thread would hold up every
grade, since threads share one interpreter. The process is started for the first of them."""

import asyncio
import sys
from typing import Literal

from app.errors import DeadlineExceeded, InternalError, Overloaded
from app.framed_process import FramedProcess
from app.settings import worker_environment
from evaluations.worker import unpacked

# More than these are told to come again.
_WAITING_MAX = 16


class Evaluator:
    """`close` after the last evaluation.

    Args:
        memory_mib: address space of the process.
        timeout_s: longest time of one evaluation, with the time it waits for those before it.
    """

    def __init__(self, *, memory_mib: int, timeout_s: float) -> None:
        self._memory_mib = memory_mib
        self._timeout_s = timeout_s
        self._process: _Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def __call__(self, name: Literal["f1", "compare", "moderation"], body: bytes) -> bytes:
        """The JSON that answers `body`, the JSON of a request.

        Raises:
            InvalidEvaluation: it is refused.
            Overloaded: too many wait.
            DeadlineExceeded: it took too long.
            InternalError: the process died.
        """
        if self._waiting >= _WAITING_MAX:
            raise Overloaded(f"{self._waiting} evaluations wait already; at most {_WAITING_MAX} may.")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._timeout_s), self._turn:
                return unpacked(await self._run(name, body))
        except TimeoutError as error:
            detail = f"Not evaluated within {self._timeout_s:g} s. Send fewer rows, or ask for fewer resamples."
            raise DeadlineExceeded(detail) from error
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            await self._process.kill()

    async def _run(self, name: str, body: bytes) -> bytes:
        if self._process is None or self._process.is_gone:
            command = [sys.executable, "-m", "evaluations.worker", str(self._memory_mib)]
            self._process = await _Process().start(command, worker_environment())
        process = self._process
        try:
            return await process.ask(f"{name} {self._timeout_s}\n".encode() + body)
        except asyncio.CancelledError:
            # Nobody wants the answer any more, and the next one should not wait for it.
            process.end()
            self._process = None
            raise


class _Process(FramedProcess):
    """Answers one frame at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._answer: asyncio.Future[bytes] | None = None
        self.is_gone = False

    async def ask(self, frame: bytes) -> bytes:
        """The frame that answers `frame`.

        Raises:
            InternalError: the process died over it.
        """
        self._answer = asyncio.get_running_loop().create_future()
        self.send(frame)
        return await self._answer

    def frame_received(self, body: bytes) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(body)

    def ended(self) -> None:
        self.is_gone = True
        if self._answer is not None and not self._answer.done():
            detail = "The process that evaluates died over this request. If it is very large, send it in parts."
            self._answer.set_exception(InternalError(detail))
