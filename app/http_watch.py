"""The time limits of connections: one sweep for all of them, no timer and no task for each.

Time is counted in ticks of the sweep. So a connection's moves cost no look at the clock, and while the service itself
stands still (a machine that is suspended, a busy loop) no time passes for its callers.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from app.errors import Overloaded, RequestTimeout, ServiceError

TICK_S = 0.25

KEEP_ALIVE_S = 75.0
"""Above the idle timeouts of the clients that trainers use (aiohttp 15 s, requests none), so that they close first."""
BODY_GRACE_S = 10.0
BODY_LEAST_BYTES_PER_S = 1024
"""A body that has taken longer than the grace must have come at this rate on average. Honest slow links are faster."""
LINGER_S = 2.0
"""How long a connection whose request was not read to its end is still read from: closed at once, the kernel would
tell the sender of a reset, and the answer be lost on the way."""
STALL_S = 30.0
"""How long a caller may take nothing of an answer that is there."""


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What connections may take."""

    connections_max: int
    head_timeout_s: float
    """From the first byte of a request to the end of its headers."""
    body_timeout_s: float
    """From the end of the headers to the end of the body, at whatever rate it comes."""
    receiving_max_bytes: int
    """Of all requests that have begun to arrive and are not complete, together."""


class Watched(Protocol):
    """A connection."""

    @property
    def received_bytes(self) -> int: ...
    def close_idle(self) -> None: ...
    def refuse(self, error: ServiceError) -> None: ...
    def is_flushed(self) -> bool: ...
    def abort(self) -> None: ...


Place = dict[Watched, int]
"""Connections that wait for the same thing, in the order in which they began to, and at which tick."""


@dataclass(slots=True, eq=False)
class Watch:
    """Where every connection is. A connection is in one place at most; in none while the service works for it."""

    limits: HttpLimits
    on_cut_off: Callable[[str], None]
    """Told why, in one word, whenever a connection is ended because of a limit."""
    now: int = 0
    """Ticks so far."""
    idle: Place = field(default_factory=dict)
    """Between requests, or before the first."""
    head: Place = field(default_factory=dict)
    body: Place = field(default_factory=dict)
    stalled: Place = field(default_factory=dict)
    """Their answers are not taken; these may be in another place too."""
    ending: Place = field(default_factory=dict)
    """Closed on our side."""
    receiving_bytes: int = 0
    """Of requests that are not complete."""
    _is_sweeping: bool = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins to sweep, if nobody has."""
        if not self._is_sweeping:
            self._is_sweeping = True
            loop.call_later(TICK_S, self._sweep_again, loop)

    def _sweep_again(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(TICK_S, self._sweep_again, loop)
        self.sweep()

    @property
    def is_full(self) -> bool:
        return self.receiving_bytes > self.limits.receiving_max_bytes

    def sweep(self) -> None:
        """One tick: ends every connection whose time is up."""
        self.now += 1
        for connection in self._since(self.idle, KEEP_ALIVE_S):
            connection.close_idle()
        for connection in self._since(self.head, self.limits.head_timeout_s):
            self._refuse_head(connection)
        for connection in [one for one, since in self.body.items() if self._is_slow(one, self.now - since)]:
            self.refuse(connection, RequestTimeout("The request's body did not arrive in time."))
        for connection in self._since(self.stalled, STALL_S):
            self.on_cut_off("answer_not_taken")
            # Its end is told in a later turn, and this may be the last of several ticks that are due in this one.
            del self.stalled[connection]
            connection.abort()
        flushed_by, all_by = self.now - LINGER_S / TICK_S, self.now - STALL_S / TICK_S
        for connection in [
            one for one, since in self.ending.items() if since <= (flushed_by if one.is_flushed() else all_by)
        ]:
            connection.abort()

    def make_room(self, newest: Watched) -> None:
        """Ends one connection, as there is one more than may be: the one that has been idle or sending the headers of a
        request for longest, else the newest."""
        eldest = next(iter(self.idle), None)
        if eldest is not None:
            self.on_cut_off("idle_beyond_limit")
            eldest.close_idle()
        elif self.head:
            self._refuse_head(next(iter(self.head)))
        else:
            most = self.limits.connections_max
            self.refuse(newest, Overloaded(f"There are {most} connections already, and all have requests under way."))

    def refuse(self, connection: Watched, error: ServiceError) -> None:
        """Ends a connection with `error` as its answer, as far as HTTP allows one."""
        self.on_cut_off(type(error).__name__)
        connection.refuse(error)

    def _refuse_head(self, connection: Watched) -> None:
        self.refuse(connection, RequestTimeout("The request's headers did not arrive in time."))

    def _since(self, place: Place, seconds: float) -> list[Watched]:
        """Those that have been in `place` for so long."""
        return list(_until(place, self.now - seconds / TICK_S))

    def _is_slow(self, connection: Watched, ticks: int) -> bool:
        spent_s = ticks * TICK_S
        earned_s = BODY_GRACE_S + connection.received_bytes / BODY_LEAST_BYTES_PER_S
        return spent_s >= min(self.limits.body_timeout_s, earned_s)


def _until(place: Place, tick: float) -> Iterator[Watched]:
    for connection, since in place.items():
        if since > tick:
            return
        yield connection
