"""One place in which programs run, one at a time: its processes, started when first wanted and again when lost."""

import asyncio
from collections.abc import Awaitable, Callable

from sandbox.errors import Unavailable
from sandbox.inside.protocol import Run
from sandbox.interpreter import Interpreter
from sandbox.process import JailedProcess, Role

Check = Callable[[JailedProcess], Awaitable[None]]
"""Raises Unavailable for a started process that is not fit for programs."""


class Slot:
    """Holds a process per role and dependency set."""

    def __init__(
        self, interpreters: dict[str, Interpreter], next_user: Callable[[], int | None], check: Check, stays: Run
    ) -> None:
        self._interpreters = interpreters
        self._next_user = next_user
        self._check = check
        # The limits of a judge that stays.
        self._stays = stays
        self._processes: dict[tuple[Role, str], JailedProcess] = {}
        self._starting = asyncio.Lock()
        self._revivals: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def processes(self) -> list[JailedProcess]:
        return list(self._processes.values())

    @property
    def is_busy(self) -> bool:
        return any(process.is_busy for process in self._processes.values())

    async def process(self, role: Role, dependencies: str) -> JailedProcess:
        """The process for `role`, started if there is none.

        Raises:
            Unavailable: it cannot be had.
        """
        process = self._processes.get((role, dependencies))
        if process is not None and not process.is_lost:
            return process
        async with self._starting:
            process = self._processes.get((role, dependencies))
            if process is None or process.is_lost:
                process = await self._start(role, dependencies)
            return process

    async def _start(self, role: Role, dependencies: str) -> JailedProcess:
        if self._is_closed:
            raise Unavailable("The sandbox is closed.")
        process = JailedProcess(role, self._interpreters[dependencies], self._lost)
        await process.start(self._next_user(), self._stays if role == "replay" else None)
        try:
            await self._check(process)
            self._processes[role, dependencies] = process
        finally:
            if process not in self.processes:
                await process.close()
        return process

    async def settle(self) -> None:
        """Ends what still runs here."""
        for process in self.processes:
            await process.settle()

    async def close(self) -> None:
        """Ends every process and waits for that."""
        self._is_closed = True
        async with self._starting:
            await asyncio.gather(*(process.close() for process in self.processes))
            self._processes.clear()
        await asyncio.gather(*self._revivals, return_exceptions=True)

    def _lost(self, lost: JailedProcess) -> None:
        """Starts another one at once, so that the next program need not wait for it."""
        for key, process in self._processes.items():
            if process is lost and not self._is_closed:
                task = asyncio.get_running_loop().create_task(self._revive(lost, *key))
                self._revivals.add(task)
                task.add_done_callback(self._revivals.discard)

    async def _revive(self, lost: JailedProcess, role: Role, dependencies: str) -> None:
        await lost.close()
        try:
            await self.process(role, dependencies)
        except Unavailable:
            # The next program tries again, and tells its caller.
            return
