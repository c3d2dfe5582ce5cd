"""The sandbox: as many slots as programs may run at the same time, and the programs that wait for one."""

import asyncio
import resource
import time
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, Self

from graders.api import Execution, Program
from sandbox import canary, interpreter
from sandbox.errors import DeadlinePassed, Unavailable
from sandbox.interpreter import Interpreter
from sandbox.judged import checked, judged
from sandbox.judgements import judge_run
from sandbox.process import JailedProcess
from sandbox.recordings import Recordings, digest_of
from sandbox.settings import SandboxSettings
from sandbox.shapes import stdio, structured
from sandbox.slot import Slot
from sandbox.users import users


class Sandbox:
    """Runs programs. `start` it first, `close` it at the end, or use it as an async context manager."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.layers: tuple[str, ...] = ()
        """The isolation in force; empty before the start."""
        self.interpreters: dict[str, Interpreter] = {}
        """Per dependency set."""
        self._slots: list[Slot] = []
        self._free: asyncio.LifoQueue[Slot] = asyncio.LifoQueue()
        self._settling: set[asyncio.Task[None]] = set()
        self._recordings = Recordings(settings.recordings_max)

    @property
    def is_ready(self) -> bool:
        """Whether a program would be run now: a process for it is there in some slot."""
        return any(not process.is_lost for slot in self._slots for process in slot.processes)

    @property
    def processes(self) -> list[JailedProcess]:
        """Every process that it has started and not lost."""
        return [process for slot in self._slots for process in slot.processes if not process.is_lost]

    async def start(self) -> None:
        """Finds an interpreter that works in the finished jail and fills every slot.

        Raises:
            Unavailable: there is none; the sentence says why for each that was tried.
        """
        reasons = []
        for path in interpreter.candidates(self.settings.python):
            try:
                await self._start_with(path)
            except Unavailable as error:
                reasons.append(f"{path}: {error.detail}")
                await self.close()
            else:
                return
        raise Unavailable("No interpreter works in the sandbox (RFT_SANDBOX_PYTHON names one). " + " ".join(reasons))

    async def close(self) -> None:
        """Ends every process and waits until they are gone. Programs that still run are lost."""
        await asyncio.gather(*(slot.close() for slot in self._slots))
        await asyncio.gather(*self._settling, return_exceptions=True)
        self._slots.clear()
        self._free = asyncio.LifoQueue()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def run(
        self, programs: Sequence[Program], deadline: float, trusted: bool = False, caller: str = ""
    ) -> list[Execution]:
        """One execution per program, in order. `deadline` is a time of `time.monotonic`.

        `trusted` says that the caller's tests are (never that programs are): they may share a process with one
        another, and their calls are remembered under `caller`.

        Raises:
            BadProgram: one asks for more than the settings allow; none was run.
            Unavailable, SlotLost, DeadlinePassed: one could not be run to its end.
        """
        if not self._slots:
            raise Unavailable("The sandbox is not started.")
        for program in programs:
            self.settings.check(program)
        waiting = iter(enumerate(programs))
        found: list[Execution | None] = [None] * len(programs)
        work = [self._work(waiting, found, trusted, caller) for _ in range(min(len(programs), len(self._slots)))]
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                await _together(work)
        except TimeoutError as error:
            raise DeadlinePassed(
                "The program had not ended when the request's time was up: lower its timeout_s and cpu_s, send fewer "
                "programs at once, or let the request wait longer (X-Request-Timeout-Ms)."
            ) from error
        return [execution for execution in found if execution is not None]

    async def _work(
        self, waiting: Iterator[tuple[int, Program]], found: list[Execution | None], trusted: bool, caller: str
    ) -> None:
        """Runs what waits, one after the other."""
        for place, program in waiting:
            slot = await self._free.get()
            try:
                found[place] = await self._run(slot, program, trusted, caller)
            finally:
                self._leave(slot)

    async def _run(self, slot: Slot, program: Program, trusted: bool, caller: str) -> Execution:
        if program.shape == "judged":
            digest = digest_of(program)
            recording = self._recordings.of(caller, digest) if trusted else None
            return self._labelled(await judged(slot, program, self.settings, recording, digest))
        process = await slot.process("candidate", program.dependencies)
        execution = await (structured if program.shape == "structured" else stdio)(process, program)
        if program.test:
            execution = await checked(slot, program, self.settings, execution)
        return self._labelled(execution)

    def _labelled(self, execution: Execution) -> Execution:
        object.__setattr__(execution, "layers", self.layers)
        return execution

    def _leave(self, slot: Slot) -> None:
        """Frees a slot, once nothing runs there any more."""
        if not slot.is_busy:
            self._free.put_nowait(slot)
            return
        task = asyncio.get_running_loop().create_task(self._settle(slot))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _settle(self, slot: Slot) -> None:
        await slot.settle()
        self._free.put_nowait(slot)

    async def _start_with(self, path: str) -> None:
        sets = self.settings.sets
        probed = await asyncio.gather(*(interpreter.probe(path, packages) for packages in sets.values()))
        self.interpreters = dict(zip(sets, probed, strict=True))
        next_user = users()
        stays = judge_run(self.settings, 0.0, is_live=False)._replace(cpu_s=resource.RLIM_INFINITY)
        for _ in range(self.settings.slots):
            self._slots.append(Slot(self.interpreters, lambda: next(next_user), self._check, stays))
        await _together([slot.process("candidate", name) for slot in self._slots for name in sets])
        self.layers = self._slots[0].processes[0].layers
        for slot in self._slots:
            self._free.put_nowait(slot)

    async def _check(self, process: JailedProcess) -> None:
        canary.check_layers(process, self.settings)
        if process.role == "candidate":
            await canary.try_out(process, self.settings)


async def _together(work: Sequence[Coroutine[Any, Any, Any]]) -> None:
    """Does all of it at the same time; the first error ends the rest and is raised."""
    if len(work) == 1:
        await work[0]
        return
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
