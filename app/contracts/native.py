"""The native format: one sample or a batch in, grades out."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field, SkipValidation, TypeAdapter, ValidationError

from app.contracts.wire import (
    GRADING,
    Run,
    SentSample,
    answer_json,
    declared,
    problem_response,
    read_sample,
)
from app.dependencies import caller_of, grading_of
from app.errors import InvalidProgram, InvalidRequest
from app.lean_route import LeanRoute, Reply
from app.orders import Answer, Order, Refused, RunPoint, Submission
from graders.api import Sample
from graders.errors import Fault, InvalidItem, faults_of

BATCH_MAX = 1000
_KEY_MAX_CHARS = 255

router = APIRouter(route_class=LeanRoute, tags=["grading"])


class GradeBody(BaseModel, extra="forbid"):
    """One sample to grade."""

    item: dict[str, Any] = Field(description="The dataset row; fields that the grader does not know are ignored.")
    sample: SkipValidation[Sample | str] = Field(description="What the model produced, or its text alone.")
    config: dict[str, Any] | None = Field(None, description="The grader's config; not with a recipe.")
    run: Run = Field(Run(), description="Run coordinates, for the reports.")


class BatchSample(BaseModel, extra="forbid"):
    """One sample of a batch."""

    item: dict[str, Any]
    sample: SkipValidation[Sample | str]
    run: Run = Field(Run(), description="Its own run coordinates; they win over those beside the batch.")


class BatchBody(BaseModel, extra="forbid"):
    """Samples for one grader and one config. Only this envelope is validated as a whole."""

    samples: list[SkipValidation[BatchSample]] = Field(max_length=BATCH_MAX)
    config: dict[str, Any] | None = Field(None, description="The grader's config; not with a recipe.")
    run: Run = Field(Run(), description="Run coordinates that all samples share.")


class GradeAnswer(BaseModel):
    """A judgement, recorded."""

    record: str = Field(description="Id of the ledger's record: GET /v1/grades/{record} shows how it came about.")
    grader: str = Field(description="The grader id or recipe id, as called.")
    digest: str = Field(description="sha256 of what decides the reward: equal digests, comparable rewards.")
    reward: float
    verdict: str
    reason: str = Field(description="One sentence that says why.")
    answer: str | None = Field(description="What was read out of the sample.")
    answer_span: Annotated[list[int], Field(min_length=2, max_length=2)] | None = Field(
        description="Where: code points of `output_text`, [start, end)."
    )
    sub_rewards: dict[str, float]
    details: dict[str, Any] = Field(description="See the grader's `details` schema.")
    replayed: bool = Field(description="Whether an earlier request with the same key made this grade.")
    duration_ms: float = Field(description="From arrival to judgement; the commit is not in it.")


class BatchError(BaseModel):
    """A sample that stayed unscored."""

    error: dict[str, Any] = Field(description="Problem details, as a request of its own would have got.")


class BatchAnswer(BaseModel):
    """One result per sample, in their order."""

    results: list[GradeAnswer | BatchError]


IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=_KEY_MAX_CHARS,
        description="The same key and body again give the recorded grade; another body gives 409.",
    ),
]


@router.post(
    "/v1/graders/{id}/grade", response_model=GradeAnswer, responses=declared(*GRADING, InvalidItem, InvalidProgram)
)
async def grade(request: Request, id: str, body: GradeBody, idempotency_key: IdempotencyKey = None) -> Reply:
    """Grade one sample."""
    key = _key("one", idempotency_key)
    read = read_sample(body.sample, "/sample")
    submission = Submission(body.item, body.sample, body.run.point(), key, read=read)
    order = Order(caller_of(request), id, "native", [submission], body.config, key)
    [answer] = await grading_of(request).grade(order)
    if isinstance(answer, Refused):
        return problem_response(answer.error, answer.record)
    return Reply(answer_json(answer))


@router.post("/v1/graders/{id}/grade-batch", response_model=BatchAnswer, responses=declared(*GRADING))
async def grade_batch(request: Request, id: str, body: BatchBody, idempotency_key: IdempotencyKey = None) -> Reply:
    """Grade up to 1,000 samples. Each result is a grade or an error of its own; one bad sample fails no other."""
    key = _key("batch", idempotency_key)
    results: list[Answer | None] = [None] * len(body.samples)
    submissions, places = [], []
    for index, read in enumerate(_read_all(body.samples)):
        if isinstance(read, InvalidRequest):
            results[index] = Refused(read)
        else:
            submissions.append(_submission(read, index, body, key))
            places.append(index)
    order = Order(caller_of(request), id, "native", submissions, body.config, key)
    for place, answer in zip(places, await grading_of(request).grade(order), strict=True):
        results[place] = answer
    return Reply(b'{"results":[' + b",".join(answer_json(answer) for answer in results if answer) + b"]}")


class _ReadSample(BatchSample):
    """A `BatchSample` whose sample is read as well."""

    sample: SentSample


_ALL = TypeAdapter(list[_ReadSample])


def _read_all(sent: list[Any]) -> Sequence[_ReadSample | InvalidRequest]:
    """Every sample read, or what is wrong with it: all in one go, and one by one only if that fails."""
    try:
        return _ALL.validate_python(sent)
    except ValidationError:
        return [_read_one(raw, index) for index, raw in enumerate(sent)]


def _read_one(raw: Any, index: int) -> _ReadSample | InvalidRequest:
    try:
        return _ReadSample.model_validate(raw)
    except ValidationError as error:
        return InvalidRequest("This sample is not of the documented shape.", faults_of(error, f"/samples/{index}"))


def _submission(read: _ReadSample, index: int, body: BatchBody, key: str | None) -> Submission:
    shared, own = body.run, read.run
    return Submission(
        item=read.item,
        sample=body.samples[index]["sample"],  # type: ignore[index]  # as it came, since it was not validated
        run=RunPoint(
            shared.id if own.id is None else own.id,
            shared.step if own.step is None else own.step,
            shared.item_id if own.item_id is None else own.item_id,
            shared.rollout if own.rollout is None else own.rollout,
            shared.group if own.group is None else own.group,
        ),
        key=None if key is None else f"{key}#{index}",
        pointer=f"/samples/{index}",
    )


def _key(kind: str, sent: str | None) -> str | None:
    """The key in its route's own namespace, so that a batch's key never meets a single grade's."""
    if sent is None:
        return None
    if not 1 <= len(sent) <= _KEY_MAX_CHARS:
        detail = f"Idempotency-Key has {len(sent)} characters; 1 to {_KEY_MAX_CHARS} are read."
        raise InvalidRequest(detail, (Fault("", detail),))
    return f"{kind}:{sent}"
