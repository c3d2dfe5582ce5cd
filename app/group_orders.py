"""What goes into grading a group and what comes out of it, whatever the wire format."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.admission.claim import Claim
from app.admission.limit import Quota
from app.auth import Caller
from app.errors import Failure, InvalidRequest
from app.orders import Submission
from app.records import Record


@dataclass(frozen=True, slots=True)
class Unread:
    """A sample that could not even be read. It is a member of its group all the same: its item is left out."""

    error: InvalidRequest
    sent: Any
    """As it came; JSON."""
    item_id: str | None = None
    rollout: int | None = None


@dataclass(frozen=True, slots=True)
class GroupOrder:
    """What one request asks for: samples that are credited together."""

    claim: Claim
    grader_id: str
    contract: str
    members: Sequence[Submission | Unread]
    """In the order of the request."""
    credit: dict[str, Any]
    """The credit's parameters as sent."""
    config: dict[str, Any] | None = None
    key: str | None = None
    """Its idempotency key, in the namespace of its route."""

    @property
    def caller(self) -> Caller:
        return self.claim.caller


@dataclass(frozen=True, slots=True)
class GroupAnswer:
    """What a group was given, recorded."""

    credit: str
    """The id of the recorded credit."""
    results: Sequence[Record | Failure]
    """One per member, in order: its row in the ledger, scored or not; or why it could not be read."""
    block: bytes
    """JSON: the group as a whole."""
    replayed: bool = False
    """Whether an earlier request with the same key made it."""
    quotas: Sequence[Quota] = ()
    """How the caller stands with its rate limits, where little is left: for the answer's headers."""
