"""How many requests begin in one turn of the event loop, and in which order.

A burst of thousands arrives between two turns. Were all of them begun in one, the answers of workers would lie unread
for that time and the workers idle: at ten times the load, a scarce grader then gave a quarter of what it can. So few
begin in a turn; between turns every socket and every worker is looked at. What does not begin at once stands in lines,
one per credential as far as their number allows (stochastic fair queueing, McKenney 1990), which are served in turn:
nobody's burst stands before everybody else's requests.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

_BEGUN_PER_TURN = 8
# Credentials are told apart before it is known whether they are any, so there may not be a line for each.
_LINES = 64
_CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"x-functions-key"})


class _Held(NamedTuple):
    since: float
    cycle: RequestResponseCycle
    begin: Callable[[], None]


class Doorway:
    """One for all connections of a process."""

    def __init__(self) -> None:
        self._lines: OrderedDict[int, deque[_Held]] = OrderedDict()
        self._begun = 0

    def enter(self, cycle: RequestResponseCycle, begin: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        """Calls `begin`, now or in one of the next turns; never if the caller of `cycle` has hung up by then.

        How long it was held stands in the scope as `held_s`, for the border to see.
        """
        if not self._begun:
            loop.call_soon(self._next_turn, loop)
        if self._begun < _BEGUN_PER_TURN and not self._lines:
            self._begun += 1
            begin()
        else:
            self._lines.setdefault(_line_of(cycle), deque()).append(_Held(time.monotonic(), cycle, begin))

    def _next_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._begun = 0
        while self._lines and self._begun < _BEGUN_PER_TURN:
            number, line = self._lines.popitem(last=False)
            held = line.popleft()
            if line:
                self._lines[number] = line
            if not held.cycle.disconnected:
                self._begun += 1
                held.cycle.scope["held_s"] = time.monotonic() - held.since  # type: ignore[typeddict-unknown-key]
                held.begin()
        if self._begun:
            loop.call_soon(self._next_turn, loop)


def _line_of(cycle: RequestResponseCycle) -> int:
    """Where a request stands: by the key it brings, in a header or in its path."""
    path = cycle.scope["raw_path"]
    if path.startswith(b"/k/"):
        return hash(path.split(b"/", 3)[2]) % _LINES
    return hash(next((value for name, value in cycle.scope["headers"] if name in _CREDENTIALS), b"")) % _LINES
