"""The Azure and OpenAI `endpoint` grader: `{sample, item, trace_id}` in, `{"score": number}` out.

The platform posts the whole dataset row as `item` and any subset of the sample's fields. It retries every failed
call three times, then discards the rollout: whatever is no judgement must therefore fail, never score 0.
Source: microsoft-foundry/fine-tuning, Demos/Agentic_RFT_PrivatePreview, RFT_EndpointGrader.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, SkipValidation
from pydantic_core import to_json

from app.contracts.claims import PriorityHeader, TimeoutMs, azure_claim_of
from app.contracts.wire import GRADING, PROBLEM_TYPE, declared, grading_reply, read_sample
from app.dependencies import GraderPath, grading_of
from app.errors import (
    TABLE,
    DeadlineExceeded,
    Failure,
    IdempotencyConflict,
    InvalidProgram,
    ServiceError,
    detail_of,
    headers_of,
    problem,
    status_of,
)
from app.lean_route import LeanRoute
from app.orders import Order, Refused, Submission
from app.reply import Reply
from app.words import RecordId, Verdict
from graders.api import Sample
from graders.errors import InvalidItem, Unscored

# A missed deadline is answered 503 here, and a trace id never conflicts.
_ERRORS = [
    error for error in (*GRADING, InvalidItem, InvalidProgram) if error not in (DeadlineExceeded, IdempotencyConflict)
]


class AzureRoute(LeanRoute):
    """A lean route whose problems are those of the platform, whatever is wrong: the body, the item or the service."""

    async def answer(
        self, request: Request, path: Mapping[str, str], headers: Mapping[bytes, bytes], body_max_bytes: int
    ) -> Reply:
        try:
            return await super().answer(request, path, headers, body_max_bytes)
        except (ServiceError, Unscored) as error:
            return _failed(error)


router = APIRouter(route_class=AzureRoute, tags=["contracts"])


def _declared() -> dict[int | str, dict[str, Any]]:
    responses = declared(*_ERRORS)
    responses[503]["description"] += f", `{TABLE[DeadlineExceeded].code}`"
    return responses


class EndpointBody(BaseModel, extra="ignore"):
    """What the platform sends. Fields that it adds later are ignored."""

    sample: SkipValidation[Sample | str] = Field(description="Any subset of the sample's fields.")
    item: dict[str, Any] = Field(description="The whole dataset row; a recipe's `item_map` names its columns.")
    trace_id: str | None = Field(None, description="One per rollout; a retry with the same body is not graded twice.")


class EndpointAnswer(BaseModel):
    """What the platform reads is `score`; the rest is for people."""

    score: float = Field(description="The reward: higher is better, inside the grader's `reward_range`.")
    verdict: Verdict
    record: RecordId


@router.post(
    "/v1/contracts/azure/{id}",
    response_model=EndpointAnswer,
    responses=_declared(),
)
async def azure(
    request: Request,
    id: GraderPath,
    body: EndpointBody,
    timeout_ms: TimeoutMs = None,
    priority: PriorityHeader = None,
) -> Reply:
    """Grade one rollout of an Azure or OpenAI reinforcement fine-tuning job (grader type `endpoint`)."""
    key = _key(body)
    read = read_sample(body.sample, "/sample")
    submission = Submission(body.item, body.sample, key=key, read=read)
    order = Order(azure_claim_of(request, timeout_ms, priority), id, "azure", [submission], key=key)
    [answer] = await grading_of(request).grade(order)
    if isinstance(answer, Refused):
        return _failed(answer.error, answer.record)
    record = answer.record
    score = {"score": record.reward, "verdict": record.verdict, "record": record.record}
    return grading_reply(to_json(score), order.quotas)


def _key(body: EndpointBody) -> str | None:
    """`trace_id` together with what was sent: one trace may be graded twice with different outputs."""
    if body.trace_id is None:
        return None
    content = to_json([body.trace_id, body.sample, body.item])
    return "azure:" + hashlib.sha256(content).hexdigest()


def _failed(error: Failure, record: str | None = None) -> Reply:
    """Problem details with the `error.message` that the platform shows, and 503 for a missed deadline: a gateway in
    between may take a 504 for its own."""
    body = {**problem(error, record), "error": {"message": detail_of(error)}}
    status = 503 if status_of(error).status == 504 else status_of(error).status
    return Reply(to_json({**body, "status": status}), status, PROBLEM_TYPE, headers_of(error), status_of(error).code)
