"""The native format for groups: samples that are credited together in, one reward each and the group as a whole out."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, SkipValidation, ValidationError
from pydantic_core import from_json, to_json

from app.contracts.asked import BATCH_MAX
from app.contracts.claims import PriorityHeader, TimeoutMs, claim_of
from app.contracts.native import BatchError, BatchSample, GradeAnswer, IdempotencyKey, namespaced, read_samples
from app.contracts.wire import GRADING, Run, SentRun, declared, grade_json, grading_reply
from app.dependencies import GraderPath, groups_of
from app.errors import BatchOverBurst, Failure, InvalidRequest, NoGroupCredit, problem
from app.group_orders import GroupAnswer, GroupOrder, Unread
from app.json_body import read_json_of_many, read_model
from app.lean_route import LeanRoute
from app.ledger import Record
from app.orders import RunPoint, Submission
from app.reply import Reply
from graders.errors import InvalidCredit

router = APIRouter(route_class=LeanRoute, tags=["grading"])


class GroupBody(BaseModel, extra="forbid"):
    """Samples whose rewards depend on each other. Only this envelope is validated as a whole."""

    samples: list[SkipValidation[BatchSample]] = Field(
        min_length=1,
        max_length=BATCH_MAX,
        description="`run.item_id` and `run.rollout` say which samples are compared; without an item_id, equal items "
        "are one.",
    )
    config: dict[str, Any] | None = Field(None, description="The grader's config; not with a recipe.")
    credit: dict[str, Any] | None = Field(
        None, description="How the group is credited: see the grader's `credit_schema`."
    )
    run: SentRun = Field(Run(), description="Run coordinates that all samples share.")

    @classmethod
    def read(cls, body: bytes) -> "GroupBody":
        """Raises InvalidRequest."""
        return read_model(cls, body, read_json_of_many)


class MemberAnswer(GradeAnswer):
    """A judgement whose reward is what the group earned with it; `sub_rewards.own` is the sample's own reward."""

    reward: float = Field(
        description="The number to train on: higher is better, inside the grader's `group_reward_range`."
    )
    credit: str = Field(description="Id of the group's credit; GET /v1/grades/{record} shows it in full.")


class GroupBlock(BaseModel):
    """One result per sample, in their order, and the group as a whole."""

    results: list[MemberAnswer | BatchError] = Field(description="One per sample, in the order of the request.")
    group: dict[str, Any] = Field(description="What the group came to: see the grader's README.")
    credit: str = Field(description="Id of the recorded credit.")
    replayed: bool = Field(description="Whether an earlier request with the same key made it.")


@router.post(
    "/v1/graders/{id}/grade-group",
    response_model=GroupBlock,
    responses=declared(*GRADING, NoGroupCredit, InvalidCredit, BatchOverBurst),
)
async def grade_group(
    request: Request,
    id: GraderPath,
    body: GroupBody,
    idempotency_key: IdempotencyKey = None,
    timeout_ms: TimeoutMs = None,
    priority: PriorityHeader = None,
) -> Reply:
    """Grade up to 1,000 samples that are credited together: each is judged, then the grader gives every one its share.

    The order of the samples changes no reward. A sample that cannot be judged is an error of its own, and so are those
    that the grader cannot credit without it. A key replays the group as a whole; it is held once every sample has a
    grade or an error that will not pass, so that a retry after a passing error grades the whole group again.
    """
    shared = body.run.point()
    members = [
        one if isinstance(one, Submission) else _unread(one, sent, shared)
        for one, sent in zip(read_samples(body.samples, shared), body.samples, strict=True)
    ]
    key = namespaced("group", idempotency_key)
    claim = claim_of(request, _run_of(members), timeout_ms, priority)
    order = GroupOrder(claim, id, "native", members, body.credit or {}, body.config, key)
    answer = await groups_of(request).grade(order)
    return grading_reply(_json(answer), answer.quotas)


def _run_of(members: list[Submission | Unread]) -> str | None:
    return next((one.run.id for one in members if isinstance(one, Submission)), None)


def _unread(error: InvalidRequest, sent: Any, shared: RunPoint) -> Unread:
    """A sample that cannot be read, with those of its coordinates that can."""
    try:
        run = Run.model_validate(sent["run"]).point().within(shared)
    except (ValidationError, TypeError, KeyError):
        run = shared
    return Unread(error, sent, run.item_id, run.rollout)


def _json(answer: GroupAnswer) -> bytes:
    results = b",".join([_result(one, answer.replayed) for one in answer.results])
    rest = (answer.block, to_json(answer.credit), to_json(answer.replayed))
    return b'{"results":[%b],"group":%b,"credit":%b,"replayed":%b}' % (results, *rest)


def _result(one: Record | Failure, replayed: bool) -> bytes:
    if not isinstance(one, Record):
        return to_json({"error": problem(one)})
    if one.reward is not None:
        return grade_json(one, replayed)
    shown = {name: value for name, value in from_json(one.grade).items() if name != "credit"}
    return to_json({"error": {**shown, "record": one.record}})
