"""Start-time fair queueing (Goyal, Vin, Cheng, 1996), in levels: a share is divided among flows, and a flow may be a
share that is divided again.

Every flow has a start tag, in units of cost per weight; the one with the least tag is served, and its next tag is later
by what was served. Virtual time is the start tag of what is being served, so whoever comes after a time of rest begins
there: nobody saves up, and nobody pays for service that others did not want. In any stretch of time in which two flows
have something waiting, what each was served, divided by its weight, differs by at most one largest cost over weight of
each.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from heapq import heappop, heappush, heapreplace
from typing import TypeVar

from app.admission.ticket import Ticket

F = TypeVar("F", bound="Flow")


class Flow(ABC):
    """Whatever takes turns with others in a share.

    Attributes:
        in_service: how many of its tickets are being served. Until it is 0, the flow is not forgotten: what they cost
            beyond the estimate is yet to be told.
    """

    def __init__(self, share: "Share | None", key: str, weight: float = 1.0) -> None:
        self.share = share
        self.key = key
        self.weight = weight
        self.start = self.finish = 0.0
        self.is_queued = False
        self.in_service = 0

    @property
    @abstractmethod
    def is_empty(self) -> bool:
        """Whether nothing waits here, served or not."""

    @abstractmethod
    def head(self) -> Ticket | None:
        """What would be served next; None: nothing may."""

    @abstractmethod
    def take(self) -> Ticket:
        """Serves the head, which was asked for just before and may not be None."""

    def wake(self) -> None:
        """Something waits here that may be served: has it take its turn, at every level."""
        if self.share is not None:
            self.share.queue(self)
            self.share.wake()

    def charge(self, cost: float) -> None:
        """One ticket has been served; it cost so much more than it was taken for."""
        self.in_service -= 1
        self.finish += cost / self.weight
        if self.is_queued:
            self.start += cost / self.weight
        if self.share is not None:
            self.share.settle(self)


class Line(Flow):
    """Tickets that are served in the order in which they came, those that have begun before those that have not."""

    def __init__(self, share: "Share", key: str) -> None:
        super().__init__(share, key)
        self._fresh: OrderedDict[Ticket, None] = OrderedDict()
        self._begun: OrderedDict[Ticket, None] = OrderedDict()
        self.samples: dict[str, int] = {}
        """How many wait, by kind."""

    def add(self, ticket: Ticket) -> None:
        (self._begun if ticket.claim.has_begun else self._fresh)[ticket] = None
        self.samples[ticket.kind] = self.samples.get(ticket.kind, 0) + ticket.samples
        ticket.lines.append(self)
        self.wake()

    def discard(self, ticket: Ticket) -> None:
        """Takes out a ticket that waits here, wherever it stands."""
        del (self._begun if ticket.claim.has_begun else self._fresh)[ticket]
        left = self.samples[ticket.kind] - ticket.samples
        if left:
            self.samples[ticket.kind] = left
        else:
            del self.samples[ticket.kind]

    @property
    def is_empty(self) -> bool:
        return not (self._begun or self._fresh)

    def head(self) -> Ticket | None:
        line = self._begun or self._fresh
        return next(iter(line)) if line else None

    def take(self) -> Ticket:
        return next(iter(self._begun or self._fresh))


class Share(Flow):
    """What flows take turns in."""

    def __init__(self, share: "Share | None", key: str, weight: float = 1.0) -> None:
        super().__init__(share, key, weight)
        self.virtual = 0.0
        self._flows: dict[str, Flow] = {}
        self._turns: list[tuple[float, int, Flow]] = []
        self._resting: list[tuple[float, int, Flow]] = []
        self._latest = 0.0
        self._numbers = 0

    def __len__(self) -> int:
        """How many flows it knows."""
        return len(self._flows)

    @property
    def is_empty(self) -> bool:
        # A flow that has lost its last ticket leaves when its turn comes; until then it counts.
        return not self._turns

    def find(self, key: str) -> Flow | None:
        return self._flows.get(key)

    def flow(self, key: str, make: Callable[["Share", str], F]) -> F:
        """The flow of this key, made if it is not known."""
        found = self._flows.get(key)
        if found is None:
            found = self._flows[key] = make(self, key)
        return found  # type: ignore[return-value]  # a share holds flows of one kind

    def queue(self, flow: Flow) -> None:
        """Has `flow` take turns, from now on."""
        if not flow.is_queued:
            flow.is_queued = True
            flow.start = max(self.virtual, flow.finish)
            heappush(self._turns, (flow.start, self._number(), flow))

    def head(self) -> Ticket | None:
        while self._turns:
            start, _, flow = self._turns[0]
            if flow.start > start:
                heapreplace(self._turns, (flow.start, self._number(), flow))
            elif (ticket := flow.head()) is not None:
                return ticket
            else:
                heappop(self._turns)
                flow.is_queued = False
                self.settle(flow)
        # Whatever was served is settled: the next one begins where all have ended.
        self._advance(self._latest)
        return None

    def take(self) -> Ticket:
        flow = self._turns[0][2]
        ticket = flow.take()
        flow.in_service += 1
        ticket.served_by.append(flow)
        flow.finish = flow.start + ticket.cost / flow.weight
        self._advance(flow.start)
        flow.start = flow.finish
        heapreplace(self._turns, (flow.start, self._number(), flow))
        return ticket

    def settle(self, flow: Flow) -> None:
        """Remembers what `flow` was served, and forgets the flow when that no longer says anything."""
        self._latest = max(self._latest, flow.finish)
        if flow.is_queued or flow.in_service or not flow.is_empty:
            return
        if flow.finish <= self.virtual:
            self._flows.pop(flow.key, None)
        else:
            heappush(self._resting, (flow.finish, self._number(), flow))

    def _advance(self, virtual: float) -> None:
        self.virtual = max(self.virtual, virtual)
        while self._resting and self._resting[0][0] <= self.virtual:
            flow = heappop(self._resting)[2]
            if self._flows.get(flow.key) is flow:
                self.settle(flow)

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers
