"""What stands in a fair queue for samples that wait together."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from app.admission.claim import Claim
from app.admission.deadlines import Ending
from app.errors import ServiceError

if TYPE_CHECKING:
    from app.admission.flows import Flow, Line


class Ticket(ABC):
    """Waits, and is then served or dropped, once.

    Args:
        claim: who wants it, and until when.
        kind: what it is to be done by; tickets of one caller and kind take about as long, per sample.
        samples: how many it stands for.
        size_bytes: what it takes while it waits.

    Attributes:
        is_waiting: whether it stands in a queue.
        begins: when it was to be begun, by `time.monotonic`.
        cost: what it was taken for, in seconds of one slot; 0 before that.
    """

    __slots__ = (
        "begins",
        "claim",
        "cost",
        "ending",
        "is_waiting",
        "kind",
        "lines",
        "samples",
        "served_by",
        "since",
        "size_bytes",
    )

    def __init__(self, claim: Claim, kind: str, samples: int, size_bytes: int) -> None:
        self.claim, self.kind, self.samples, self.size_bytes = claim, kind, samples, size_bytes
        self.is_waiting = False
        self.cost = self.since = self.begins = 0.0
        self.lines: list[Line] = []
        self.served_by: list[Flow] = []
        self.ending: Ending[Ticket] | None = None

    @abstractmethod
    def drop(self, error: ServiceError) -> None:
        """Tells that it will not be served: nothing is known about its samples."""
