"""Turns at slots that somebody else keeps: whoever has one may use a slot, and hands the turn on."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.admission.claim import Claim
from app.admission.ticket import Ticket
from app.admission.waiting_room import WaitingRoom
from app.errors import ServiceError

R = TypeVar("R")


class Turn(Ticket):
    """One sample's wait for a slot."""

    __slots__ = ("began", "granted")

    def __init__(self, claim: Claim, kind: str, size_bytes: int) -> None:
        super().__init__(claim, kind, 1, size_bytes)
        self.began = 0.0
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def grant(self) -> None:
        self.began = time.monotonic()
        if not self.granted.done():
            self.granted.set_result(None)

    def drop(self, error: ServiceError) -> None:
        if not self.granted.done():
            self.granted.set_exception(error)


class Turns:
    """As many at a time as there are slots; the others wait in `room`."""

    def __init__(self, slots: int, room: WaitingRoom[Turn]) -> None:
        self._slots = self._free = slots
        self._room = room

    @property
    def in_use(self) -> int:
        """How many have their turn now."""
        return self._slots - self._free

    async def use(
        self,
        claim: Claim,
        kind: str,
        size_bytes: int,
        work: Callable[[], Awaitable[R]],
        begun: Callable[[], None] | None = None,
    ) -> R:
        """What `work` returns, done in its turn; `begun` is called when that has come.

        Raises:
            Overloaded: it was not let in.
            LateInQueue, CallerGone: its turn did not come in time.
        """
        turn = Turn(claim, kind, size_bytes)
        await self._wait(turn)
        is_usual = False
        try:
            if begun is not None:
                begun()
            result = await work()
            is_usual = True
            return result
        finally:
            self._end(turn, is_usual)

    async def _wait(self, turn: Turn) -> None:
        self._room.enter(turn)
        self._grant()
        try:
            await turn.granted
        except asyncio.CancelledError:
            if turn.began:
                self._end(turn, is_usual=False)
            else:
                self._room.withdraw(turn)
            raise

    def _grant(self) -> None:
        """Gives free slots to those whose turn it is."""
        while self._free and self._room.peek() is not None:
            self._free -= 1
            self._room.take().grant()

    def _end(self, turn: Turn, is_usual: bool) -> None:
        self._free += 1
        self._room.done(turn, time.monotonic() - turn.began, is_usual=is_usual)
        self._grant()
