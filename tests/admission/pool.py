"""A fair queue with a clock of the test's own, and a record of what has become of its tickets."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from app.admission.claim import Claim, Presence, Priority
from app.admission.fair_queue import Bounds, FairQueue, Loss
from app.admission.ticket import Ticket
from app.auth import Caller, Limits
from app.errors import ServiceError

FAR = 1e9
KIND_COSTS_S = {"quick": 0.01, "slow": 0.05, "slower": 0.4}


class Waiting(Ticket):
    """A ticket with a number, in the order of arrival."""

    def __init__(self, number: int, claim: Claim, kind: str = "quick", samples: int = 1, size_bytes: int = 10) -> None:
        super().__init__(claim, kind, samples, size_bytes)
        self.number = number

    def drop(self, error: ServiceError) -> None:
        raise AssertionError("the queue itself only says why")

    @property
    def flow(self) -> tuple[str, str]:
        return self.claim.caller.name, self.claim.run


class KnownTimes:
    """Every kind takes what it takes."""

    def expected_s(self, caller: str, kind: str, now: float) -> float:
        return KIND_COSTS_S[kind]

    needed_s = expected_s


class UnknownTimes:
    """Nothing has been seen yet."""

    def expected_s(self, caller: str, kind: str, now: float) -> float:
        return 0.0

    needed_s = expected_s


@dataclass
class Pool:
    """A queue and what has come of its tickets. Time passes only where a test says so."""

    slots: int = 1
    times: KnownTimes | UnknownTimes = field(default_factory=KnownTimes)
    bounds: Bounds = field(default_factory=lambda: Bounds(10**9, 10**12))
    now: float = 0.0
    losses: list[tuple[Waiting, Loss]] = field(default_factory=list)
    served: list[Waiting] = field(default_factory=list)
    serving: list[Waiting] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.queue = FairQueue(self.slots, self.bounds, self.times, self._lose)

    def _lose(self, ticket: Ticket, why: Loss) -> None:
        assert isinstance(ticket, Waiting)
        self.losses.append((ticket, why))

    def push(
        self,
        name: str = "a",
        run: str = "",
        kind: str = "quick",
        *,
        weight: float = 1.0,
        concurrency: int | None = None,
        priority: Priority = "train",
        deadline: float = FAR,
        presence: Presence | None = None,
        has_begun: bool = False,
        samples: int = 1,
        size_bytes: int = 10,
    ) -> Waiting:
        caller = Caller(name, limits=Limits(concurrency=concurrency, weight=weight))
        claim = Claim(caller, deadline, run, priority, presence, has_begun)
        ticket = Waiting(next(self.numbers), claim, kind, samples, size_bytes)
        self.queue.push(ticket, self.now)
        return ticket

    def take(self) -> Waiting | None:
        """Serves the next ticket, and leaves it in service."""
        found = self.queue.peek(self.now)
        if found is None:
            return None
        ticket = self.queue.take()
        assert ticket is found
        assert isinstance(ticket, Waiting)
        self.served.append(ticket)
        self.serving.append(ticket)
        return ticket

    def serve(self, spent_s: float | None = None) -> Waiting | None:
        """Serves the next ticket to its end."""
        ticket = self.take()
        if ticket is not None:
            self.finish(ticket, spent_s)
        return ticket

    def finish(self, ticket: Waiting, spent_s: float | None = None) -> None:
        self.serving.remove(ticket)
        self.queue.done(ticket, ticket.cost if spent_s is None else spent_s)

    def drain(self) -> list[Waiting]:
        return list(iter(self.serve, None))
