"""The native format: one sample or a batch in, grades out."""

from collections.abc import Sequence
from typing import Annotated, Any, cast

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field, SkipValidation, TypeAdapter, ValidationError

from app.admission.claim import Claim
from app.contracts import quick
from app.contracts.asked import BATCH_MAX, Asked
from app.contracts.claims import PriorityHeader, TimeoutMs, claim_of
from app.contracts.wire import (
    GRADING,
    Run,
    SentRun,
    SentSample,
    answer_json,
    declared,
    grading_reply,
    problem_response,
    read_sample,
)
from app.dependencies import GraderPath, grading_of
from app.errors import BatchOverBurst, InvalidProgram, InvalidRequest
from app.json_body import read_json_of_many, read_model
from app.lean_route import LeanRoute
from app.orders import Answer, Order, Refused, RunPoint, Submission
from app.reply import Reply
from app.words import DurationMs, RecordId, Verdict
from graders.api import Sample
from graders.errors import Fault, InvalidItem, faults_of

_KEY_MAX_CHARS = 255

router = APIRouter(route_class=LeanRoute, tags=["grading"])

Item = Annotated[
    dict[str, Any], Field(description="The dataset row; fields that the grader does not know are ignored.")
]
UnreadSample = Annotated[SkipValidation[Sample | str], Field(description="What the model produced, or its text alone.")]


class GradeBody(BaseModel, extra="forbid"):
    """One sample to grade."""

    item: Item
    sample: UnreadSample
    config: dict[str, Any] | None = Field(None, description="The grader's config; not with a recipe.")
    run: SentRun = Field(Run(), description="Run coordinates, for the reports.")

    @classmethod
    def read(cls, body: bytes) -> Asked:
        """Raises InvalidRequest."""
        return quick.read_one(body) or read_model(cls, body).asked()

    def asked(self) -> Asked:
        read = read_sample(self.sample, "/sample")
        return Asked([Submission(self.item, self.sample, self.run.point(), read=read)], self.config)


class BatchSample(BaseModel, extra="forbid"):
    """One sample of a batch."""

    item: Item
    sample: UnreadSample
    run: SentRun = Field(Run(), description="Its own run coordinates; they win over those beside the batch.")


class BatchBody(BaseModel, extra="forbid"):
    """Samples for one grader and one config. Only this envelope is validated as a whole."""

    samples: list[SkipValidation[BatchSample]] = Field(
        max_length=BATCH_MAX, description="Each is graded for itself, and has its result at the same place."
    )
    config: dict[str, Any] | None = Field(None, description="The grader's config; not with a recipe.")
    run: SentRun = Field(Run(), description="Run coordinates that all samples share.")

    @classmethod
    def read(cls, body: bytes) -> Asked:
        """Raises InvalidRequest."""
        return quick.read_batch(body) or read_model(cls, body, read_json_of_many).asked()

    def asked(self) -> Asked:
        return Asked(read_samples(self.samples, self.run.point()), self.config)


class GradeAnswer(BaseModel):
    """A judgement, recorded."""

    record: RecordId
    grader: str = Field(description="The grader id or recipe id, as called.")
    digest: str = Field(description="sha256 of what decides the reward: equal digests, comparable rewards.")
    reward: float = Field(description="The number to train on: higher is better, inside the grader's `reward_range`.")
    verdict: Verdict
    reason: str = Field(description="One sentence that says why.")
    answer: str | None = Field(description="What was read out of the sample.")
    answer_span: Annotated[list[int], Field(min_length=2, max_length=2)] | None = Field(
        description="Where: code points of `output_text`, [start, end)."
    )
    sub_rewards: dict[str, float] = Field(description="Named parts that explain or compose the reward.")
    details: dict[str, Any] = Field(description="See the grader's `details` schema.")
    replayed: bool = Field(description="Whether an earlier request with the same key made this grade.")
    duration_ms: DurationMs


class BatchError(BaseModel):
    """A sample that stayed unscored."""

    error: dict[str, Any] = Field(description="Problem details, as a request of its own would have got.")


class BatchAnswer(BaseModel):
    """One result per sample, in their order."""

    results: list[GradeAnswer | BatchError] = Field(description="One per sample, in the order of the request.")


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
async def grade(
    request: Request,
    id: GraderPath,
    body: GradeBody,
    idempotency_key: IdempotencyKey = None,
    timeout_ms: TimeoutMs = None,
    priority: PriorityHeader = None,
) -> Reply:
    """Grade one sample."""
    asked = cast(Asked, body)
    order = _order(claim_of(request, asked.run, timeout_ms, priority), id, asked, namespaced("one", idempotency_key))
    [answer] = await grading_of(request).grade(order)
    if isinstance(answer, Refused):
        return problem_response(answer.error, answer.record)
    return grading_reply(answer_json(answer), order.quotas)


@router.post("/v1/graders/{id}/grade-batch", response_model=BatchAnswer, responses=declared(*GRADING, BatchOverBurst))
async def grade_batch(
    request: Request,
    id: GraderPath,
    body: BatchBody,
    idempotency_key: IdempotencyKey = None,
    timeout_ms: TimeoutMs = None,
    priority: PriorityHeader = None,
) -> Reply:
    """Grade up to 1,000 samples. Each result is a grade or an error of its own; one bad sample fails no other."""
    asked = cast(Asked, body)
    order = _order(claim_of(request, asked.run, timeout_ms, priority), id, asked, namespaced("batch", idempotency_key))
    answers = _all(asked, await grading_of(request).grade(order))
    return grading_reply(b'{"results":[%b]}' % b",".join([answer_json(answer) for answer in answers]), order.quotas)


def _order(claim: Claim, id: str, asked: Asked, key: str | None) -> Order:
    """What grading is asked for: the samples that could be read, each with its own key."""
    submissions = [one for one in asked.submissions if isinstance(one, Submission)]
    unread = [one for one in asked.submissions if not isinstance(one, Submission)]
    if key is not None:
        for index, one in enumerate(asked.submissions):
            if isinstance(one, Submission):
                one.key = f"{key}#{index}"
    return Order(claim, id, "native", submissions, asked.config, key, unread)


def _all(asked: Asked, answers: list[Answer]) -> list[Answer]:
    """One answer per sample, in their order."""
    if len(answers) == len(asked.submissions):
        return answers
    graded = iter(answers)
    return [next(graded) if isinstance(one, Submission) else Refused(one) for one in asked.submissions]


class _ReadSample(BatchSample):
    """A `BatchSample` whose sample is read as well."""

    sample: SentSample


_ALL = TypeAdapter(list[_ReadSample])


def read_samples(sent: list[Any], shared: RunPoint) -> list[Submission | InvalidRequest]:
    """Every sample of a batch, or what is wrong with it; `shared` are the coordinates beside the batch."""
    return [
        one if isinstance(one, InvalidRequest) else _submission(one, sent[index], index, shared)
        for index, one in enumerate(_read_all(sent))
    ]


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
        faults = faults_of(error, f"/samples/{index}", _ReadSample)
        return InvalidRequest("This sample is not of the documented shape.", faults)


def _submission(read: _ReadSample, sent: dict[str, Any], index: int, shared: RunPoint) -> Submission:
    return Submission(
        item=read.item,
        sample=sent["sample"],
        run=read.run.point().within(shared),
        pointer=f"/samples/{index}",
        read=read.sample,
    )


def namespaced(kind: str, sent: str | None) -> str | None:
    """The key in its route's own namespace, so that a batch's key never meets a single grade's."""
    if sent is None:
        return None
    if not 1 <= len(sent) <= _KEY_MAX_CHARS:
        detail = f"Idempotency-Key has {len(sent)} characters; 1 to {_KEY_MAX_CHARS} are read."
        raise InvalidRequest(detail, (Fault("/header/Idempotency-Key", detail),))
    return f"{kind}:{sent}"
