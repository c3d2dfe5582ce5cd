"""What goes into the ledger and what comes out of it. Plain values; no SQL."""

from dataclasses import dataclass

from msgspec import Struct
from pydantic import ConfigDict

_SHOWN = ConfigDict(use_attribute_docstrings=True)
"""Of a dataclass that answers show: its fields are explained on the OpenAPI page as they are here."""


class Record(Struct, gc=False):
    """One row: a grade with all that led to it, or an unscored sample with the reason.

    Its fields stand in the order of the table's columns, so that a row is made of it in one go.
    """

    record: str
    """Its id: a UUIDv7 as text, so ids sort by time."""
    created_us: int
    """Microseconds since the epoch, UTC."""
    caller: str
    grader: str
    """The id that was called, of a grader or of a recipe."""
    digest: str
    contract: str
    """The wire format it came by: "native", "azure", "cli", ..."""
    run: str | None
    step: int | None
    item_id: str | None
    rollout: int | None
    group: str | None
    reward: float | None
    """None: unscored."""
    verdict: str | None
    """None: unscored."""
    code: str | None
    """Why it is unscored; None for a grade."""
    duration_us: int
    idempotency_key: str | None
    """In the namespace of its contract. Only a grade holds one; on an unscored row it is not stored."""
    body_sha256: bytes | None
    grade: bytes
    """JSON: the rest of the grade (reason, answer, span, sub-rewards, details), or the problem of an unscored row."""
    config: bytes
    """JSON, as are `item`, `sample` and `executions`."""
    item: bytes
    sample: bytes
    executions: bytes


@dataclass(frozen=True, slots=True)
class StoredCredit:
    """What the samples of one group were given together. It never changes; its records name it."""

    credit: str
    """Its id: a UUIDv7 as text."""
    created_us: int
    """Microseconds since the epoch, UTC."""
    caller: str
    grader: str
    digest: str
    parameters: bytes
    """JSON: `credit` as the request had it."""
    members: bytes
    """JSON: a list of `{"record", "item_id", "rollout"}` in the order of the request: the id of the sample's record
    (null: it could not even be read), and as what it was credited."""
    block: bytes
    """JSON: the group as a whole."""
    idempotency_key: str | None
    """In the namespace of its contract."""
    body_sha256: bytes | None


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which records are wanted; None asks for nothing."""

    caller: str | None = None
    run: str | None = None
    grader: str | None = None
    verdict: str | None = None
    code: str | None = None
    step: int | None = None
    item_id: str | None = None
    group: str | None = None
    min_reward: float | None = None
    max_reward: float | None = None
    scored: bool | None = None


@dataclass(frozen=True, slots=True)
class CountedGrade:
    """Of a grade that counts, what reports are made of."""

    record: str
    grader: str
    digest: str
    step: int | None
    item_id: str | None
    grade: bytes
    """JSON, as in `Record`."""


@dataclass(frozen=True, slots=True)
class ErrorTally:
    """How often samples stayed unscored for one reason."""

    __pydantic_config__ = _SHOWN

    code: str
    """Code of the error."""
    count: int
    """How many rows it left unscored, of those that were looked at."""
    last_us: int
    """When it was last so, microseconds since the epoch, UTC."""
    record: str
    """The last of these rows."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A training run in one line."""

    __pydantic_config__ = _SHOWN

    run: str
    """Its name, as `run.id` had it."""
    records: int
    """All its rows: grades, superseded ones and unscored ones."""
    first_us: int
    """When its first record was made, microseconds since the epoch, UTC."""
    last_us: int
    """When its last record was made, microseconds since the epoch, UTC."""


@dataclass(frozen=True, slots=True)
class StepReport:
    """The counted samples of one policy update."""

    __pydantic_config__ = _SHOWN

    step: int | None
    """The policy update; null: the caller did not say."""
    graded: int
    """Grades that count: per item and rollout the last one; all of those without item or rollout."""
    mean_reward: float | None
    """Over the grades that count; null: nothing was graded."""
    verdicts: dict[str, int]
    """How many of the grades that count have each verdict."""
    unscored: dict[str, int]
    """Samples without a grade, per code of their last error; outside the mean."""


@dataclass(frozen=True, slots=True)
class GraderReport:
    """A run as one grader saw it. Nothing is pooled over graders or digests."""

    __pydantic_config__ = _SHOWN

    grader: str
    """Id of the grader or recipe that was called."""
    digest: str
    """sha256 of what decides the reward: equal digests, comparable rewards."""
    graded: int
    """Grades that count: per step, item and rollout the last one; all of those without item or rollout."""
    superseded: int
    """Grades that a later one of the same step, item and rollout replaced."""
    unscored: dict[str, int]
    """Samples without a grade, per code of their last error; outside every mean."""
    mean_reward: float | None
    """Over the grades that count; null: nothing was graded."""
    verdicts: dict[str, int]
    """How many of the grades that count have each verdict."""
    steps: list[StepReport]
    """In order; samples of no step come last."""


@dataclass(frozen=True, slots=True)
class StoredRecipe:
    """A version of a recipe. It never changes."""

    name: str
    version: int
    """From 1; 0 where the ledger is to give the next one."""
    content: bytes
    """Canonical JSON."""
    digest: str
    caller: str
    created_us: int
    """Microseconds since the epoch, UTC."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An API key as it is stored. The key itself is nowhere."""

    sha256: bytes
    name: str
    """Of the caller who holds it; a caller may hold several keys."""
    prefix: str
    """The first characters of the key, by which people know it."""
    scopes: tuple[str, ...]
    rate_per_s: float | None
    """None: the service's default, as for `burst` and `concurrency`."""
    burst: int | None
    concurrency: int | None
    weight: float
    created_us: int
    """Microseconds since the epoch, UTC, as are the two below."""
    expires_us: int | None
    revoked_us: int | None

    def is_live(self, now_us: int) -> bool:
        """Whether it lets its holder in at `now_us`."""
        return self.revoked_us is None and (self.expires_us is None or now_us < self.expires_us)
