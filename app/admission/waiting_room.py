"""The fair queue in front of one scarce resource, with its clock, its door, and what it tells those it cannot serve."""

import asyncio
import math
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar, cast

from app.admission.alarm import Alarm
from app.admission.fair_queue import Bounds, FairQueue, Loss, Refusal
from app.admission.service_times import Delays, ServiceTimes
from app.admission.ticket import Ticket
from app.errors import CallerGone, DeadlineExceeded, LateInQueue, Overloaded, ServiceError

T = TypeVar("T", bound=Ticket)

Resource = Literal["workers", "sandbox"]

# Nobody is told to wait longer than this, s: trainers wait for nothing longer, and load does not last.
_WAIT_MAX_S = 60.0
# The deadlines of a whole burst come at one instant. Answered in one turn of the event loop, they would hold up whoever
# is not late for half a second.
_TOLD_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Load:
    """How a resource is used now."""

    slots: int
    served: int
    """Samples in slots; a slot may serve several at a time."""
    waiting: int
    per_s: float
    """Samples a second that all slots serve, by what samples took lately; 0: not known yet."""


class Meters(Protocol):
    def queued(self, resource: Resource, queue: "WaitingRoom[Any]") -> None: ...
    def waited(self, resource: Resource, seconds: float) -> None: ...
    def dropped(self, resource: Resource, why: Refusal | Loss, samples: int) -> None: ...


class WaitingRoom(Generic[T]):
    """Tickets on their way to `slots` slots of `resource`.

    A caller that hangs up loses its place at once, and what waits is answered at its deadline and not later.
    """

    def __init__(self, resource: Resource, slots: int, bounds: Bounds, meters: Meters) -> None:
        self._resource, self._meters = resource, meters
        self._times = ServiceTimes()
        self._delays = Delays()
        self._queue = FairQueue(slots, bounds, self._times, self._drop)
        self._alarm = Alarm(self._sweep)
        self._untold: deque[tuple[Ticket, ServiceError]] = deque()
        meters.queued(resource, self)

    def enter(self, ticket: T) -> None:
        """Has `ticket` wait.

        Raises:
            Overloaded: too much waits already, or the ticket surely could not be served by its deadline.
        """
        now = time.monotonic()
        refusal = self._queue.refusal(ticket, now)
        if refusal is not None:
            self._meters.dropped(self._resource, refusal, ticket.samples)
            raise self._refused(ticket, refusal, now)
        self._queue.push(ticket, now)
        self._alarm.set(ticket.claim.deadline)

    def __len__(self) -> int:
        """How many tickets wait."""
        return len(self._queue)

    def peek(self, begins_in_s: float = 0.0) -> T | None:
        """What is to be served next, in so many seconds, if anything may."""
        now = time.monotonic()
        ticket = self._queue.peek(now + begins_in_s + self._delays.expected_s(now))
        if ticket is not None:
            ticket.begins = now + begins_in_s
        return cast(T | None, ticket)

    def take(self) -> T:
        """Serves what was just peeked at; `done` must follow."""
        ticket = self._queue.take()
        waited_s = time.monotonic() - ticket.since
        self._meters.waited(self._resource, waited_s)
        trace = ticket.claim.trace
        if trace is not None and waited_s > trace.queue_s:
            trace.queue_s = waited_s
        return cast(T, ticket)

    def done(self, ticket: T, spent_s: float, *, is_usual: bool = True) -> None:
        """`ticket` was served for so long; `is_usual`: by itself, so that others may be expected to take as long."""
        self._queue.done(ticket, spent_s)
        if is_usual:
            now = time.monotonic()
            self._times.observe(ticket.claim.caller.name, ticket.kind, spent_s / ticket.samples, now)
            self._delays.observe(max(0.0, now - ticket.begins - spent_s), now)

    def withdraw(self, ticket: T) -> None:
        """Takes `ticket` out, if it waits: nobody wants it any more."""
        self._queue.withdraw(ticket)

    def close(self) -> None:
        self._alarm.cancel()
        while self._untold:
            self._tell()

    @property
    def load(self) -> Load:
        return Load(self._queue.slots, self._queue.served, self._queue.samples, self.per_s)

    @property
    def samples(self) -> int:
        """How many wait."""
        return self._queue.samples

    @property
    def size_bytes(self) -> int:
        """What they take."""
        return self._queue.size_bytes

    @property
    def samples_max(self) -> int:
        """How many may wait."""
        return self._queue.bounds.samples

    @property
    def per_s(self) -> float:
        """Samples that are served a second when every slot is busy; 0: not known yet."""
        return self._queue.slots / self._times.mean_s if self._times.mean_s else 0.0

    @property
    def drained_in_s(self) -> float:
        """Seconds until what waits now has been served; 0: not known."""
        return self._queue.samples / self.per_s if self.per_s else 0.0

    def _sweep(self, now: float) -> float | None:
        self._queue.drop_late(now)
        return self._queue.first_deadline

    def _refused(self, ticket: T, refusal: Refusal, now: float) -> Overloaded:
        if refusal == "full":
            queue = self._queue
            waiting = f"{queue.samples} samples ({queue.size_bytes >> 20} MiB) wait for {self._resource} already"
            bounds = f"{queue.bounds.samples} samples and {queue.bounds.size_bytes >> 20} MiB may"
            return Overloaded(f"{waiting}; at most {bounds}.", _bounded(self.drained_in_s))
        least_s, left_s = self._queue.least_s(ticket, now), ticket.claim.left_s
        time_left = f"{left_s:.3g} s are left of its time. It was not begun."
        detail = f"With what waits for {self._resource} before it this takes at least {least_s:.3g} s; {time_left}"
        return Overloaded(detail, _bounded(least_s - left_s))

    def _drop(self, ticket: Ticket, why: Loss) -> None:
        self._meters.dropped(self._resource, why, ticket.samples)
        if not self._untold:
            asyncio.get_running_loop().call_soon(self._tell)
        self._untold.append((ticket, self._lost(ticket, why)))

    def _tell(self) -> None:
        """Tells a few that they were dropped, and the others in the next turns of the event loop."""
        for _ in range(min(_TOLD_AT_ONCE, len(self._untold))):
            ticket, error = self._untold.popleft()
            ticket.drop(error)
        if self._untold:
            asyncio.get_running_loop().call_soon(self._tell)

    def _lost(self, ticket: Ticket, why: Loss) -> ServiceError:
        waited_s = time.monotonic() - ticket.since
        if why == "gone":
            return CallerGone(f"The caller hung up after {waited_s:.3g} s in the queue for {self._resource}.")
        kind: Any = DeadlineExceeded if ticket.claim.has_begun else LateInQueue
        left = f"{ticket.claim.left_s:.3g} s of its time were left, too little for it"
        detail = f"It waited {waited_s:.3g} s for {self._resource}; {left}."
        return cast(ServiceError, kind(detail, _bounded(self.drained_in_s)))


def _bounded(seconds: float) -> float:
    return min(_WAIT_MAX_S, math.ceil(max(seconds, 0.1) * 1000) / 1000)
