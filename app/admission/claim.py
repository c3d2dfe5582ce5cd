"""Who wants something done, in which order of importance, and until when it is of use to them."""

import time
from collections.abc import Callable
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from app.auth import Caller
from app.trace import Trace

Priority = Literal["train", "eval", "interactive", "probe"]
"""What a request is for. A small reserve of every scarce resource is there for all but `train`."""


class Presence(Struct, eq=False):
    """Whether whoever sent one request still waits for its answer. The HTTP protocol says when they hang up."""

    since: float = field(default_factory=time.monotonic)
    """When the request arrived."""
    is_gone: bool = False
    _listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Has `listener` called when the caller hangs up."""
        self._listeners.append(listener)

    def leave(self) -> None:
        """The caller hung up."""
        self.is_gone = True
        for listener in self._listeners:
            listener()
        self._listeners.clear()


class Claim(Struct, eq=False):
    """What one request may ask of scarce resources. It is made once, handed down to each of them, and never
    changed."""

    caller: Caller
    deadline: float
    """A time of `time.monotonic`; nothing is of use after it."""
    run: str = ""
    """The training run; empty: none. Runs of one caller share what is the caller's."""
    priority: Priority = "train"
    presence: Presence | None = None
    """None: a caller that cannot hang up."""
    has_begun: bool = False
    """Whether something scarce was spent on it already: then it is carried to its end, and before what has not."""
    trace: Trace | None = None
    """Of the request that makes it; None: nobody logs it."""

    @classmethod
    def within(
        cls,
        seconds: float,
        caller: Caller,
        run: str = "",
        priority: Priority = "train",
        presence: Presence | None = None,
        trace: Trace | None = None,
    ) -> "Claim":
        """The claim of a caller who waits so long from the arrival of the request, or from now."""
        since = time.monotonic() if presence is None else presence.since
        return cls(caller, since + seconds, run, priority, presence, trace=trace)

    @property
    def left_s(self) -> float:
        """Seconds until its deadline; at least 0."""
        return max(0.0, self.deadline - time.monotonic())

    def is_gone(self) -> bool:
        """Whether the caller hung up before anything was spent on it."""
        return self.presence is not None and self.presence.is_gone and not self.has_begun

    def begun(self) -> "Claim":
        """The same for what is left to do, now that something was spent on it."""
        return self if self.has_begun else replace(self, has_begun=True)

    def sooner(self, seconds: float) -> "Claim":
        """The same with a deadline so much earlier."""
        return replace(self, deadline=self.deadline - seconds)
