"""How many requests begin in one turn of the event loop, and in which order.

A burst of thousands arrives between two turns. Were all of them begun in one, the answers of workers would lie unread
for that time and the workers idle: at ten times the load, a scarce grader then gave a quarter of what it can. So few
begin in a turn; between turns every socket and every worker is looked at. How many is found out from how long turns
take: a fixed number is too many of large batches, and too few when turns are long for other reasons, such as a thousand
new connections, and then the more connections there are the less is answered. What does not begin at once stands in
lines, one per credential as far as their number allows (stochastic fair queueing, McKenney 1990), which are served in
turn: nobody's burst stands before everybody else's requests.

A line that is far behind is served from both ends. From its front alone, all that begins has waited too long and is
refused, and what is scarce is idle while thousands wait (`bench/overload.py`).
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

from app.http_cycle import Cycle

# Requests that begin in a turn: more while turns are short, half as many after one that was long, s.
_FEWEST, _MOST = 8, 64
_ONE_MORE_BELOW_S, _HALF_ABOVE_S = 0.005, 0.015
# Credentials are told apart before it is known whether they are any, so there may not be a line for each.
_LINES = 64
# A request may stand in its line for so much of its time; its line is far behind when its first has stood there
# for half of that.
_PATIENCE = 1 / 3
_FAR_BEHIND = 0.5
# Digits of a time that a caller gives; more are no time.
_DIGITS_MAX = 12
TIMEOUT_MS = b"x-request-timeout-ms"
_CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"x-functions-key"})


class _Held(NamedTuple):
    since: float
    cycle: Cycle
    begin: Callable[[Cycle], None]


def patience_s(timeout_ms: bytes, deadline_s: float) -> float:
    """How long a request may be held before it is refused: a share of the time in its `X-Request-Timeout-Ms`, or of
    `deadline_s` if it does not say how long it waits."""
    is_time = timeout_ms.isdigit() and len(timeout_ms) < _DIGITS_MAX
    return _PATIENCE * (int(timeout_ms) / 1000 if is_time else deadline_s)


class Doorway:
    """One for all connections of a process."""

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._lines: OrderedDict[int, deque[_Held]] = OrderedDict()
        self._begun = 0
        self._most = _FEWEST
        self._turn_began = 0.0
        self._newest_is_next = False

    @property
    def is_behind(self) -> bool:
        """Whether requests are held."""
        return bool(self._lines)

    def enter(self, cycle: Cycle, begin: Callable[[Cycle], None], loop: asyncio.AbstractEventLoop) -> None:
        """Calls `begin` with `cycle`, now or in one of the next turns; never if its caller has hung up by then.

        How long it has waited, here and before, stands in the scope as `held_s`, for the border to see.
        """
        if not self._begun:
            self._turn_began = time.monotonic()
            loop.call_soon(self._next_turn, loop)
        if self._begun < self._most and not self._lines:
            self._begun += 1
            begin(cycle)
        else:
            self._lines.setdefault(_line_of(cycle), deque()).append(_Held(cycle.scope["presence"].since, cycle, begin))  # type: ignore[typeddict-item]

    def _next_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        began, self._turn_began = self._turn_began, time.monotonic()
        self._most = self._most_after(self._turn_began - began)
        self._begun = 0
        while self._lines and self._begun < self._most:
            number, line = self._lines.popitem(last=False)
            held = self._taken(line)
            if line:
                self._lines[number] = line
            if not held.cycle.disconnected:
                self._begun += 1
                held.cycle.scope["held_s"] = time.monotonic() - held.since  # type: ignore[typeddict-unknown-key]
                held.begin(held.cycle)
        if self._begun:
            loop.call_soon(self._next_turn, loop)

    def _taken(self, line: deque[_Held]) -> _Held:
        """The one of `line` that begins now."""
        first = line[0]
        timeout_ms = next((value for name, value in first.cycle.scope["headers"] if name == TIMEOUT_MS), b"")
        if self._turn_began - first.since > _FAR_BEHIND * patience_s(timeout_ms, self._deadline_s):
            self._newest_is_next = not self._newest_is_next
            return line.popleft() if self._newest_is_next else line.pop()
        return line.popleft()

    def _most_after(self, turn_s: float) -> int:
        """How many may begin in a turn after one that took so long."""
        if turn_s > _HALF_ABOVE_S:
            return max(_FEWEST, self._most // 2)
        if self._begun < self._most // 2:
            # Not needed: a burst that comes out of quiet is to find few.
            return max(_FEWEST, self._most - 1)
        return min(_MOST, self._most + 1) if turn_s < _ONE_MORE_BELOW_S else self._most


def _line_of(cycle: Cycle) -> int:
    """Where a request stands: by the key it brings, in a header or in its path."""
    path = cycle.scope["raw_path"]
    if path.startswith(b"/k/"):
        return hash(path.split(b"/", 3)[2]) % _LINES
    return hash(next((value for name, value in cycle.scope["headers"] if name in _CREDENTIALS), b"")) % _LINES
