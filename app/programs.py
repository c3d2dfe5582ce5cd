"""The sandbox as grading knows it: started beside the service, its errors in the service's words, its state told.

The start takes a second of the machine's time, so nobody waits for it but programs. A service that serves no grader
with programs starts it when the first one comes, that is: never.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Literal, Protocol

from pydantic import BaseModel, Field

from app.admission import waiting_room
from app.admission.claim import Claim
from app.admission.fair_queue import DEFAULT_BOUNDS, Bounds
from app.admission.turns import Turn, Turns
from app.admission.waiting_room import Load, Resource, WaitingRoom
from app.cpus import usable_cpus
from app.errors import DeadlineExceeded, InfraError, InvalidProgram, SandboxUnavailable, ServiceError
from app.settings import Settings
from app.trace import Stage
from graders.api import Execution, Program
from sandbox import BadProgram, DeadlinePassed, Sandbox, SandboxError, SandboxSettings, SlotLost, Unavailable
from sandbox.canary import missing_layers

_log = logging.getLogger(__name__)

# A sandbox that could not be started is tried again when a program comes, but not more often than this, s.
_AGAIN_AFTER_S = 10.0

_IN_OUR_WORDS: dict[type[SandboxError], type[ServiceError]] = {
    BadProgram: InvalidProgram,
    DeadlinePassed: DeadlineExceeded,
    SlotLost: InfraError,
    Unavailable: SandboxUnavailable,
}


class Meters(waiting_room.Meters, Protocol):
    def slots(self, resource: Resource, there: Callable[[], int], in_use: Callable[[], int]) -> None: ...
    def stage(self, stage: Stage, seconds: float) -> None: ...
    def executed(self, outcome: str, cpu_s: float) -> None: ...


class SandboxState(BaseModel):
    """What programs would meet now."""

    state: Literal["off", "idle", "starting", "ready", "degraded", "unavailable"] = Field(
        description="`idle`: started when the first program comes; `degraded`: a required layer is missing and "
        "RFT_SANDBOX_ALLOW_DEGRADED is set. Graders without programs need none of it."
    )
    slots: int = Field(description="Programs run at the same time.")
    sets: list[str] = Field(description="Dependency sets that a program may name.")
    layers: list[str] = Field(description="The isolation in force; it stands on every execution too.")
    detail: str = Field(description="What is wrong; empty if nothing is.")


class Programs:
    """Runs programs for callers. `start` may be left out; `close` at the end."""

    def __init__(self, settings: SandboxSettings, meters: Meters, bounds: Bounds = DEFAULT_BOUNDS) -> None:
        self._settings = settings
        self._waiting: WaitingRoom[Turn] = WaitingRoom("sandbox", settings.slots, bounds, meters)
        self._turns = Turns(settings.slots, self._waiting)
        self._sandbox = Sandbox(settings)
        self._meters = meters
        meters.slots("sandbox", lambda: settings.slots, lambda: self._turns.in_use)
        self._starting: asyncio.Task[None] | None = None
        self._is_closing = False
        self._not_before = 0.0
        self._why_not = ""

    def start(self) -> None:
        """Begins to start the sandbox; whoever runs programs waits for that."""
        if self._settings.slots and not self._is_closing:
            self._starting = asyncio.get_running_loop().create_task(self._start())

    async def close(self) -> None:
        """Ends every process of the sandbox; none is left."""
        self._is_closing = True
        self._waiting.close()
        if self._starting is not None:
            # A start that is cut off would leave a process behind, so it is let finish.
            await asyncio.wait([self._starting])
        await self._sandbox.close()

    async def settled(self) -> SandboxState:
        """The state once a start that is under way has come to its end."""
        if self._starting is not None:
            await asyncio.wait([self._starting])
        return self.state

    async def run(self, programs: Sequence[Program], claim: Claim) -> list[Execution]:
        """One execution per program, in order; the scopes of who claims them say whether its tests are trusted.

        The first one waits for its turn; the others then go before whatever has not begun.

        Raises:
            InvalidProgram: one asks for more than the settings allow; none was run.
            Overloaded, CallerGone: none was run.
            SandboxUnavailable, InfraError, DeadlineExceeded: one could not be run to its end.
        """
        if self._starting is None or not self._starting.done() or self._why_not:
            await self._ready(claim.deadline)
        for program in programs:
            self._check(program)
        first, *others = programs
        if not others:
            return [await self._in_turn(first, claim)]
        running: list[asyncio.Task[Execution]] = []

        def run_others() -> None:
            begun = claim.begun()
            running.extend(asyncio.create_task(self._in_turn(program, begun)) for program in others)

        try:
            execution = await self._in_turn(first, claim, run_others)
            return [execution, *await asyncio.gather(*running)]
        except BaseException:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            raise

    def _check(self, program: Program) -> None:
        try:
            self._settings.check(program)
        except BadProgram as error:
            raise InvalidProgram(error.detail) from error

    async def _in_turn(self, program: Program, claim: Claim, begun: Callable[[], None] | None = None) -> Execution:
        """Runs `program` once it is its turn, and calls `begun` then."""

        async def run() -> Execution:
            caller, began = claim.caller, time.monotonic()
            is_trusted = "trusted_tests" in caller.scopes
            [execution] = await self._sandbox.run([program], claim.deadline, is_trusted, caller.name)
            self._meters.stage("sandbox", time.monotonic() - began)
            self._meters.executed(execution.outcome, execution.cpu_s)
            return execution

        try:
            return await self._turns.use(claim, program.shape, _size_bytes(program), run, begun)
        except SandboxError as error:
            raise _IN_OUR_WORDS[type(error)](error.detail) from error
        except OSError as error:
            # Out of descriptors or memory.
            raise InfraError(f"The program could not be given to the sandbox: {error}.") from error

    @property
    def load(self) -> Load:
        return self._waiting.load

    @property
    def state(self) -> SandboxState:
        """How the sandbox is now."""
        state, detail = self._state()
        return SandboxState(
            state=state,
            slots=self._settings.slots,
            sets=sorted(self._settings.sets),
            layers=list(self._sandbox.layers),
            detail=detail,
        )

    def _state(self) -> tuple[Literal["off", "idle", "starting", "ready", "degraded", "unavailable"], str]:
        if not self._settings.slots:
            return "off", "RFT_SANDBOX_SLOTS=0: this service runs no programs."
        if self._starting is None:
            return "idle", ""
        if not self._starting.done():
            return "starting", ""
        if self._why_not:
            return "unavailable", self._why_not
        if not self._sandbox.is_ready:
            return "starting", "Its processes are gone; they are started again."
        missing = missing_layers(self._sandbox.layers)
        return ("degraded", f"This host has no {' and no '.join(missing)}.") if missing else ("ready", "")

    async def _ready(self, deadline: float) -> None:
        """Waits until the sandbox is started, and starts it if nobody has.

        Raises:
            SandboxUnavailable, DeadlineExceeded: it is not.
        """
        if self._starting is None or (self._why_not and self._starting.done() and time.monotonic() >= self._not_before):
            self.start()
        if self._starting is not None:
            await asyncio.wait([self._starting], timeout=max(0.0, deadline - time.monotonic()))
            if not self._starting.done():
                raise DeadlineExceeded("The sandbox was still being started when the request's time was up.")
        if self._why_not or self._starting is None:
            raise SandboxUnavailable(self.state.detail)

    async def _start(self) -> None:
        try:
            await self._sandbox.start()
        except (Unavailable, OSError) as error:
            self._why_not = error.detail if isinstance(error, Unavailable) else f"It could not be started: {error}."
            self._not_before = time.monotonic() + _AGAIN_AFTER_S
            _log.error("Programs cannot be run: %s", self._why_not)
        else:
            self._why_not = ""


def _size_bytes(program: Program) -> int:
    """What it takes while it waits, about."""
    texts = (program.source, program.stdin, program.test, program.prompt, *program.calls, *program.stdins)
    return sum(map(len, texts)) + sum(map(len, program.checks))


def sandbox_settings(settings: Settings) -> SandboxSettings:
    """The service's settings as the sandbox's."""
    same = {field.name for field in fields(SandboxSettings)} - {"slots", "sets"}
    return SandboxSettings(
        slots=usable_cpus() + 1 if settings.sandbox_slots is None else settings.sandbox_slots,
        sets=settings.dependency_sets,
        **{name: getattr(settings, f"sandbox_{name}") for name in same},
    )
