"""What goes into grading and what comes out of it, whatever the wire format."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field

from app.admission.claim import Claim
from app.admission.limit import Quota
from app.auth import Caller
from app.errors import Failure
from app.records import Record
from graders.api import Execution, Program, Sample

# Of a run's, an item's or a group's name: an entry of a PostgreSQL index holds one such name.
NAME_MAX_CHARS = 512


class RunPoint(Struct, gc=False):
    """Where in a training run a sample was drawn. It never decides whether a sample is graded."""

    id: str | None = None
    step: int | None = None
    item_id: str | None = None
    rollout: int | None = None
    group: str | None = None

    def within(self, shared: "RunPoint") -> "RunPoint":
        """These coordinates, with those of `shared` where they say nothing."""
        return RunPoint(
            shared.id if self.id is None else self.id,
            shared.step if self.step is None else self.step,
            shared.item_id if self.item_id is None else self.item_id,
            shared.rollout if self.rollout is None else self.rollout,
            shared.group if self.group is None else self.group,
        )


class Submission(Struct, gc=False):
    """One sample to grade."""

    item: dict[str, Any]
    sample: Any
    """As it came, unknown fields and all: this is what is stored. Its shape has been checked."""
    run: RunPoint = field(default_factory=RunPoint)
    key: str | None = None
    """Its idempotency key, in the namespace of its route."""
    pointer: str = ""
    """Where in the request it stands."""
    read: Sample | None = None
    """The sample, read; where there was reason to."""
    item_json: bytes | None = None
    """Its bytes as they were sent, if they are known to be JSON that can be stored; so too `sample_json`."""
    sample_json: bytes | None = None
    executions: Sequence[tuple[Program, Execution]] = ()
    """What is known already of programs it may ask for (re-grading)."""


class Order(Struct):
    """What one request asks for."""

    claim: Claim
    grader_id: str
    contract: str
    submissions: Sequence[Submission]
    config: dict[str, Any] | None = None
    key: str | None = None
    """Requests with the same key take turns, so that a retry finds what the first one made."""
    unread: Sequence[Failure] = ()
    """Why other samples of the request are none: they are answered beside these, and counted with them."""
    quotas: Sequence[Quota] = ()
    """How the caller stands with its rate limits, where little is left: for the answer's headers."""

    @property
    def caller(self) -> Caller:
        return self.claim.caller


class Graded(Struct, gc=False):
    """A judgement, recorded. `replayed`: by an earlier request with the same key."""

    record: Record
    replayed: bool = False


class Refused(Struct):
    """No judgement. `record` is the id of the unscored row, where there is one."""

    error: Failure
    record: str | None = None


Answer = Graded | Refused
