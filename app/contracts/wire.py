"""What the wire formats share: words with their limits, problem answers, and a grade as JSON."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import to_json

from app.admission.limit import Quota, quota_headers
from app.errors import (
    TABLE,
    BodyTooLarge,
    DeadlineExceeded,
    Failure,
    HeadersTooLarge,
    HostNotAllowed,
    IdempotencyConflict,
    InfraError,
    InternalError,
    InvalidRequest,
    LedgerUnavailable,
    MalformedRequest,
    NotAuthorized,
    Overloaded,
    RateLimited,
    RecordRefused,
    RequestTimeout,
    SandboxUnavailable,
    ScopeMissing,
    ShuttingDown,
    TooManyAttempts,
    UnknownGrader,
    UnsupportedMediaType,
    headers_of,
    problem,
    status_of,
)
from app.orders import NAME_MAX_CHARS, Answer, Graded, RunPoint
from app.records import Record
from app.reply import Reply
from graders.api import Sample
from graders.errors import Fault, GraderCrashed, InvalidConfig, faults_of


def _without_nul(name: str) -> str:
    # PostgreSQL stores none in text; whatever is searched by must be storable.
    if "\x00" in name:
        raise ValueError("a name holds no NUL")
    return name


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=NAME_MAX_CHARS),
    AfterValidator(_without_nul),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": NAME_MAX_CHARS, "pattern": r"^[^\x00]+$"}),
]
Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
PROBLEM_TYPE = "application/problem+json"

# What any route may answer, what one that needs an API key may, one that reads a body, and one that grades on top.
OPEN = (MalformedRequest, RequestTimeout, HostNotAllowed, HeadersTooLarge, InvalidRequest, InternalError)
ANY = (*OPEN, NotAuthorized, TooManyAttempts, ShuttingDown)
READING = (*ANY, ScopeMissing, BodyTooLarge, UnsupportedMediaType)
GRADING = (
    *READING,
    UnknownGrader,
    InvalidConfig,
    IdempotencyConflict,
    RateLimited,
    Overloaded,
    SandboxUnavailable,
    InfraError,
    LedgerUnavailable,
    DeadlineExceeded,
    GraderCrashed,
    RecordRefused,
)


_LIMIT_HEADERS = {
    name: {"description": meaning, "schema": {"type": kind}}
    for name, kind, meaning in (
        ("Retry-After", "integer", "Seconds until the same request fits."),
        ("Retry-After-Ms", "integer", "The same in milliseconds."),
        ("RateLimit-Policy", "string", "The limits; a batch counts as one request for each of its samples."),
        ("RateLimit", "string", "What is left of each; also on a 200 when less than a fifth is."),
    )
}


class ErrorPlace(BaseModel):
    """One thing that is wrong, and where."""

    pointer: str = Field(
        description="RFC 6901 JSON pointer into the request body; empty: the body itself. Of a parameter: "
        "`/query/NAME`, `/header/NAME` or `/path/NAME`."
    )
    detail: str = Field(description="What is wrong there, or what was wanted.")


class Problem(BaseModel):
    """RFC 9457 problem details: the one shape of every error."""

    type: str = Field(description="A URI that names the kind of problem: `urn:rft-graders:problem:` and its `code`.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status; of one sample of several, its own.")
    detail: str = Field(description="What was wanted, what is known, what to do.")
    code: str = Field(description="The error in one word; stable.")
    retryable: bool = Field(description="Whether the same request may be sent again, after `Retry-After` seconds.")
    errors: list[ErrorPlace] = Field(description="What is wrong, place by place; empty where it has no place.")
    record: str | None = Field(None, description="The ledger's row for this unscored sample, where there is one.")
    violated_policies: list[str] | None = Field(
        None,
        alias="violated-policies",
        description="With `rate_limited`: which limits, `caller` or `grader`; `RateLimit` says how they stand.",
    )


_SHAPE = "The sample is not of the documented shape."
_WANTED = "Wanted a string, which is the output text, or an object"

Label = Annotated[
    Name, BeforeValidator(lambda sent: str(sent) if type(sent) is int else sent, json_schema_input_type=str | int)
]
"""A name that a trainer may have as a number."""


class Run(BaseModel):
    """Where in a training run the sample was drawn. Used for reports; never decides about a grade."""

    id: Label | None = Field(None, description="The training run.")
    step: Int64 | None = Field(None, description="The policy update the sample was drawn for.")
    item_id: Label | None = Field(None, description="The dataset row.")
    rollout: Int64 | None = Field(None, description="Which attempt at the item this is.")
    group: Label | None = Field(None, description="The rollouts that are compared with each other.")

    def point(self) -> RunPoint:
        return RunPoint(self.id, self.step, self.item_id, self.rollout, self.group)


SentRun = Annotated[Run, BeforeValidator(lambda sent: Run() if sent is None else sent, json_schema_input_type=Run)]
"""Coordinates as sent: null, as a dataset's row may have it, says nothing."""


def _as_object(sent: Any) -> Any:
    """Raises ValueError for what is no sample at all."""
    if isinstance(sent, str):
        return {"output_text": sent}
    if not isinstance(sent, dict | Sample):
        raise ValueError(_WANTED)  # noqa: TRY004 - pydantic reports only ValueError
    return sent


SentSample = Annotated[Sample, BeforeValidator(_as_object)]
"""A sample as sent: an object, or its `output_text` alone."""


def read_sample(sent: Any, pointer: str) -> Sample:
    """`sent` as a sample.

    Raises:
        InvalidRequest: it is none, or a field of it has the wrong type.
    """
    try:
        return Sample.read(_as_object(sent))
    except ValidationError as error:
        raise InvalidRequest(_SHAPE, faults_of(error, pointer)) from error
    except ValueError as error:
        raise InvalidRequest(_SHAPE, (Fault(pointer, str(error)),)) from error


def declared(*errors: type[Exception]) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI responses of a route that may raise `errors`."""
    rows = [TABLE[error] for error in errors]
    responses: dict[int | str, dict[str, Any]] = {}
    for row in rows:
        codes = sorted({other.code for other in rows if other.status == row.status})
        responses[row.status] = {
            "model": Problem,
            "description": "Problem: " + ", ".join(f"`{code}`" for code in codes),
        }
    if RateLimited in errors:
        responses[429]["headers"] = _LIMIT_HEADERS
    return responses


def problem_response(error: Failure, record: str | None = None) -> Reply:
    status = status_of(error)
    return Reply(to_json(problem(error, record)), status.status, PROBLEM_TYPE, headers_of(error), status.code)


def grading_reply(body: bytes, quotas: Sequence[Quota]) -> Reply:
    """A 200 with `body`, and headers that tell the caller of `quotas`."""
    return Reply(body, headers=quota_headers(quotas) if quotas else None)


def answer_json(answer: Answer) -> bytes:
    """A grade as the API shows it, or `{"error": problem}`."""
    if isinstance(answer, Graded):
        return grade_json(answer.record, answer.replayed)
    return to_json({"error": problem(answer.error, answer.record)})


def grade_json(record: Record, replayed: bool) -> bytes:
    """A scored record as a grade. Its stored JSON is spliced in as it is: parsing it to write it again is waste."""
    return b'{"record":"%b",%b,"reward":%b,"verdict":%b,%b,"replayed":%b,"duration_ms":%b}' % (
        record.record.encode(),
        _judge(record.grader, record.digest),
        repr(record.reward).encode(),
        _quoted(record.verdict),
        record.grade[1:-1],
        b"true" if replayed else b"false",
        repr(record.duration_us / 1000).encode(),
    )


# What the grades of a batch have in common, or nearly so.


@lru_cache(maxsize=1024)
def _judge(grader: str, digest: str) -> bytes:
    return to_json({"grader": grader, "digest": digest})[1:-1]


@lru_cache(maxsize=1024)
def _quoted(word: str | None) -> bytes:
    return to_json(word)
