"""One process of the sandbox as the service sees it: started, given runs, ended. It knows no programs."""

import asyncio
import json
import logging
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Literal

from sandbox.errors import SlotLost, Unavailable
from sandbox.inside import protocol
from sandbox.inside.last_used import LastUsed
from sandbox.inside.protocol import Note, Report, Run
from sandbox.interpreter import ENVIRONMENT, FLAGS, INSIDE, Interpreter

Role = Literal["candidate", "judge", "replay"]

_log = logging.getLogger(__name__)

_START_TIMEOUT_S = 30.0
_END_TIMEOUT_S = 5.0
# Beyond a run's own limit; a zygote that does not answer for so long is ended.
_SILENCE_MAX_S = 5.0
_LOOK_EVERY_S = 1.0
_MESSAGE_BYTES = 4096


class JailedProcess:
    """A zygote (roles `candidate` and `judge`) or a judge that stays (`replay`). It does one thing at a time."""

    def __init__(self, role: Role, interpreter: Interpreter, lost: Callable[["JailedProcess"], None]) -> None:
        self.role = role
        self.interpreter = interpreter
        self.layers: tuple[str, ...] = ()
        self.is_lost = False
        self.on_expired: Callable[[Note], None] = _nobody
        """Is told when a live run has used up its time on the clock."""
        self._on_lost = lost
        self._loop = asyncio.get_running_loop()
        self._process: Process | None = None
        self._socket: socket.socket | None = None
        self._number = 0
        self._answer: asyncio.Future[Report] | None = None
        self._notes: asyncio.Queue[Note] = asyncio.Queue()
        self._watch: asyncio.TimerHandle | None = None
        self._silent_until = 0.0
        self.tasks: LastUsed[bool] = LastUsed(protocol.TASKS_MAX)
        """The tasks that a judge that stays knows."""
        self._was_asked = False

    async def start(self, user: int | None, replay: Run | None = None) -> None:
        """Starts it and waits until its jail is closed.

        Raises:
            Unavailable: it ended instead.
        """
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        try:
            with theirs:
                self._process = await asyncio.create_subprocess_exec(
                    self.interpreter.path, *FLAGS, str(INSIDE / "zygote.py"), self.role,
                    stdin=theirs.fileno(), stdout=DEVNULL, env=ENVIRONMENT, cwd="/", start_new_session=True,
                )  # fmt: skip
            await self._greet(self._socket, self.interpreter.config | {"user": user, "replay": replay})
        except (OSError, TimeoutError) as error:
            raise Unavailable(f"A sandbox process of {self.interpreter.path} did not start: {error!r}") from error
        finally:
            if not self.layers:
                await self.close()

    async def _greet(self, own: socket.socket, config: dict[str, Any]) -> None:
        """Tells the process what it is to be, and hears what it has become."""
        async with asyncio.timeout(_START_TIMEOUT_S):
            await self._loop.sock_sendall(own, json.dumps(config).encode())
            hello = await self._loop.sock_recv(own, _MESSAGE_BYTES)
        if not hello:
            raise Unavailable(f"A sandbox process of {self.interpreter.path} ended at its start; the log says why.")
        self.layers = tuple(json.loads(hello)["layers"])
        self._loop.add_reader(own, self._read)
        self._look()

    @property
    def number(self) -> int:
        """The number of the run that was started last."""
        return self._number

    @property
    def is_busy(self) -> bool:
        return self._answer is not None

    @property
    def pid(self) -> int:
        assert self._process is not None, "only a started process has an id"
        return self._process.pid

    def run(self, run: Run, descriptors: Sequence[int]) -> "asyncio.Future[Report]":
        """Starts one run; the future's result is what became of it.

        Raises (through the future):
            SlotLost: this process is gone.
        """
        self._number += 1
        return self._order(run._replace(number=self._number).pack(), descriptors, run.timeout_ms / 1000)

    def replay(
        self, cpu_s: int, digest: bytes, descriptors: Sequence[int], timeout_s: float
    ) -> "asyncio.Future[Report]":
        """Lets a judge that stays execute a test; of the report, number and mark mean something."""
        self._number += 1
        return self._order(protocol.replay(self._number, cpu_s, digest), descriptors, timeout_s)

    def tell(self, number: int, kind: bytes, amount: int = 0) -> None:
        """Sends a note about the run `number`; about one that has ended it is ignored."""
        if not self.is_lost and self._socket is not None:
            with suppress(OSError):
                self._socket.send(Note(kind, number, amount).pack())

    async def note(self) -> Note:
        """The answer to `ASK` about the current run."""
        while True:
            note = await self._notes.get()
            if note.number == self._number:
                return note

    async def settle(self) -> None:
        """Ends the current run, if there is one, so that the next may begin."""
        if self._answer is None:
            return
        if self._answer.done():
            # Who waited was cancelled; the report is still to come.
            self._answer = self._loop.create_future()
        answer = self._answer
        self.tell(self._number, protocol.STOP)
        await asyncio.wait([answer], timeout=_SILENCE_MAX_S)
        if not answer.done():
            self.kill()
        # Nobody waits for what it says.
        answer.exception()

    def kill(self) -> None:
        """Ends the process at once; what runs in it is lost."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        self._lose()

    async def close(self) -> None:
        """Ends the process and waits until it is gone, with what runs in it."""
        self._on_lost = _nobody
        self._lose()
        if self._process is None:
            return
        try:
            async with asyncio.timeout(_END_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()

    def _order(self, message: bytes, descriptors: Sequence[int], timeout_s: float) -> "asyncio.Future[Report]":
        assert self._answer is None, "a process does one thing at a time"
        answer: asyncio.Future[Report] = self._loop.create_future()
        if self.is_lost or self._socket is None:
            answer.set_exception(SlotLost("The sandbox process is gone."))
            return answer
        self._answer = answer
        try:
            socket.send_fds(self._socket, [message], descriptors)
        except OSError:
            self._lose()
        else:
            self._silent_until = self._loop.time() + timeout_s + _SILENCE_MAX_S
        return answer

    def _look(self) -> None:
        """Ends a process that is silent long after its run should have ended. A zygote whose run only waits for a busy
        machine answers when it is asked."""
        self._watch = self._loop.call_later(_LOOK_EVERY_S, self._look)
        if self._answer is None or self._loop.time() < self._silent_until:
            return
        if self.role == "replay" or self._was_asked:
            self.kill()
        else:
            self._ask()

    def _ask(self) -> None:
        self._was_asked = True
        self._silent_until = self._loop.time() + _SILENCE_MAX_S
        self.tell(self._number, protocol.ASK)

    def _read(self) -> None:
        assert self._socket is not None, "it is read only while it is open"
        try:
            message = self._socket.recv(_MESSAGE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        kind = message[:1]
        if kind == protocol.REPORT:
            self._finish(Report.unpack(message))
        elif kind == protocol.REPLAYED:
            self._finish(
                Report(int.from_bytes(message[1:5], "little"), protocol.BY_ITSELF, 0, 0, 0, 0, 0, 0, message[5])
            )
        elif message:
            self._notice(Note.unpack(message))
        else:
            self._lose()

    def _notice(self, note: Note) -> None:
        if note.kind == protocol.BUSY:
            self._was_asked = False
        if note.kind == protocol.EXPIRED:
            if note.number == self._number and self._answer is not None:
                self.on_expired(note)
        else:
            self._notes.put_nowait(note)

    def _finish(self, report: Report) -> None:
        answer, self._answer = self._answer, None
        self._was_asked = False
        if answer is not None and not answer.done():
            answer.set_result(report)

    def _lose(self) -> None:
        if self.is_lost:
            return
        self.is_lost = True
        if self._watch is not None:
            self._watch.cancel()
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(SlotLost("The process that ran the program is gone; the program did not end it."))
        self._on_lost(self)


def _nobody(process: Any) -> None:
    """Nobody misses a process that is closed on purpose."""
