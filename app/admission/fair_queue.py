"""What waits for something scarce: who is served next, who is told at once that they cannot be, and who no longer can.

Fair queueing divides the time of the slots among callers by their weights, whatever each sends, and a caller's part
evenly among its runs; within one run it is first come first served. What has begun elsewhere (its programs have run)
goes first within its run. Beside the callers stands a reserve of an eighth, for whatever is not training: such tickets
wait in both and are served by whichever comes first, so that a probe or an evaluation passes a burst of training, and
no slot stays idle for them.

A plain data structure: no clock, no event loop. Every step costs the logarithm of the number of flows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from app.admission.deadlines import Deadlines
from app.admission.flows import Line, Share
from app.admission.ticket import Ticket

Refusal = Literal["full", "hopeless"]
"""Why nothing is let in: too much waits, or it surely cannot be done by its deadline."""
Loss = Literal["late", "gone"]
"""Why a ticket was dropped: it cannot be done by its deadline any more, or its caller hung up."""

RESERVE = 1 / 8
"""Share of the time that is there first for whatever is not training."""

# What a sample is charged at least, s: so that what nothing is known of yet takes turns too.
_LEAST_COST_S = 0.0005


class Times(Protocol):
    """How long one sample takes at least, and what must be left for it to be begun, s; 0: not known."""

    def expected_s(self, caller: str, kind: str, now: float) -> float: ...
    def needed_s(self, caller: str, kind: str, now: float) -> float: ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait."""

    samples: int
    size_bytes: int


DEFAULT_BOUNDS = Bounds(samples=16_384, size_bytes=256 << 20)


class _CallerShare(Share):
    """What one caller has waiting. It takes no turns while as many of its samples are served as its key allows."""

    def __init__(self, share: Share, key: str, serving: dict[str, int]) -> None:
        super().__init__(share, key)
        self._name = key
        self._serving = serving
        self.concurrency: int | None = None

    def head(self) -> Ticket | None:
        ticket = super().head()
        if ticket is None or self.concurrency is None:
            return ticket
        # More than it allows at once are served when none is.
        busy = self._serving.get(self._name, 0)
        return None if busy and busy + ticket.samples > self.concurrency else ticket


class FairQueue:
    """Tickets on their way to `slots` slots. Times are those of `time.monotonic`.

    Args:
        slots: how many are served at a time.
        bounds: how much may wait.
        times: what is known of how long samples take.
        dropped: told of each ticket that is dropped, and why; it may not call the queue.
    """

    def __init__(self, slots: int, bounds: Bounds, times: Times, dropped: Callable[[Ticket, Loss], None]) -> None:
        self.slots, self.bounds = slots, bounds
        self.samples = self.size_bytes = 0
        """What waits."""
        self._times = times
        self._dropped = dropped
        self._serving: dict[str, int] = {}
        self._ends: Deadlines[Ticket] = Deadlines()
        self._all = Share(None, "")
        self._callers = self._all.flow("callers", lambda share, key: Share(share, key, 1 - RESERVE))
        self._reserve = self._all.flow("reserve", lambda share, key: Share(share, key, RESERVE))

    def __len__(self) -> int:
        """How many tickets wait."""
        return len(self._ends)

    @property
    def served(self) -> int:
        """Samples in slots now."""
        return sum(self._serving.values())

    @property
    def known(self) -> int:
        """How many callers are remembered: whoever waits or is served, and for a while what they were served."""
        return len(self._callers) + len(self._reserve)

    @property
    def first_deadline(self) -> float | None:
        """When the next ticket is late; None: none waits."""
        return self._ends.first

    def refusal(self, ticket: Ticket, now: float) -> Refusal | None:
        """Why `ticket` should not be let in; None: it should. What has begun always should.

        Hopeless is what could not be done in time even if all slots served nothing but its own flow.
        """
        if ticket.claim.has_begun:
            return None
        if self.samples and self.samples + ticket.samples > self.bounds.samples:
            return "full"
        if self.size_bytes and self.size_bytes + ticket.size_bytes > self.bounds.size_bytes:
            return "full"
        return "hopeless" if now + self.least_s(ticket, now) > ticket.claim.deadline else None

    def least_s(self, ticket: Ticket, now: float) -> float:
        """Seconds after which `ticket` could be done, if it came now and all slots served nothing but its own flow."""
        caller = ticket.claim.caller
        ahead_s = 0.0
        share = self._callers.find(caller.name)
        line = share.find(ticket.claim.run) if isinstance(share, _CallerShare) else None
        if isinstance(line, Line):
            for kind, samples in line.samples.items():
                ahead_s += samples * self._times.expected_s(caller.name, kind, now)
        slots = min(self.slots, caller.limits.concurrency or self.slots)
        return ahead_s / slots + ticket.samples * self._times.expected_s(caller.name, ticket.kind, now)

    def push(self, ticket: Ticket, now: float) -> None:
        """Lets `ticket` wait."""
        claim = ticket.claim
        ticket.is_waiting, ticket.since = True, now
        ticket.ending = self._ends.add(claim.deadline, ticket)
        self.samples += ticket.samples
        self.size_bytes += ticket.size_bytes
        self._line(self._callers, ticket).add(ticket)
        if claim.priority != "train":
            self._line(self._reserve, ticket).add(ticket)
        if claim.presence is not None and not claim.has_begun:
            claim.presence.listen(lambda: self._leave(ticket))

    def peek(self, now: float) -> Ticket | None:
        """What is to be served next; None: nothing that may be. Drops what can no longer be done."""
        while (ticket := self._all.head()) is not None:
            claim, about = ticket.claim, (ticket.claim.caller.name, ticket.kind, now)
            if claim.is_gone():
                self._drop(ticket, "gone")
            elif now + ticket.samples * self._times.needed_s(*about) > claim.deadline:
                self._drop(ticket, "late")
            else:
                ticket.cost = ticket.samples * max(self._times.expected_s(*about), _LEAST_COST_S)
                return ticket
        return None

    def take(self) -> Ticket:
        """Serves what `peek` has just found; `done` must follow."""
        ticket = self._all.take()
        self._remove(ticket)
        caller = ticket.claim.caller.name
        self._serving[caller] = self._serving.get(caller, 0) + ticket.samples
        return ticket

    def done(self, ticket: Ticket, spent_s: float) -> None:
        """`ticket` is no longer served. What it took of a slot beyond its cost is charged to those it was served by."""
        for flow in ticket.served_by:
            flow.charge(max(0.0, spent_s - ticket.cost))
        ticket.served_by.clear()
        caller = ticket.claim.caller.name
        left = self._serving[caller] - ticket.samples
        if left:
            self._serving[caller] = left
        else:
            del self._serving[caller]
        for tree in (self._callers, self._reserve):
            share = tree.find(caller)
            if share is not None:
                share.wake()

    def withdraw(self, ticket: Ticket) -> None:
        """Takes out `ticket`, if it waits; nobody is told."""
        if ticket.is_waiting:
            self._remove(ticket)

    def drop_late(self, now: float) -> None:
        """Drops what waits beyond its deadline."""
        for ticket in self._ends.due(now):
            self._drop(ticket, "late")

    def _leave(self, ticket: Ticket) -> None:
        if ticket.is_waiting:
            self._drop(ticket, "gone")

    def _drop(self, ticket: Ticket, why: Loss) -> None:
        self._remove(ticket)
        self._dropped(ticket, why)

    def _remove(self, ticket: Ticket) -> None:
        ticket.is_waiting = False
        self.samples -= ticket.samples
        self.size_bytes -= ticket.size_bytes
        if ticket.ending is not None:
            self._ends.remove(ticket.ending)
            ticket.ending = None
        for line in ticket.lines:
            line.discard(ticket)
        ticket.lines.clear()

    def _line(self, tree: Share, ticket: Ticket) -> Line:
        """Where `ticket` waits in `tree`, with what its caller's key allows now."""
        caller = ticket.claim.caller
        share = tree.flow(caller.name, self._new_share)
        share.weight, share.concurrency = caller.limits.weight, caller.limits.concurrency
        return share.flow(ticket.claim.run, Line)

    def _new_share(self, tree: Share, key: str) -> _CallerShare:
        return _CallerShare(tree, key, self._serving)
