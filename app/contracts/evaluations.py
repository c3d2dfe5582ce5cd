"""Evaluations over HTTP: the F1 of many predictions, and the comparison of two systems. Nothing is recorded."""

from typing import Any, cast

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from pydantic_core import from_json, to_json

from app.contracts.wire import READING, Int64, Name, declared
from app.dependencies import caller_of, evaluator_of, ledger_of
from app.errors import DeadlineExceeded, LedgerUnavailable, Overloaded, UnknownRun
from app.json_body import without_lone_surrogates
from app.lean_route import LeanRoute
from app.reply import Reply
from app.run_sides import ChosenRun, sides_of
from evaluations import errors as evaluation
from evaluations.answers import CompareAnswer, F1Answer
from evaluations.requests import CompareRequest, F1Request, Paired

EVALUATING = (
    *READING, evaluation.InvalidEvaluation, evaluation.BadLabel, evaluation.UnknownGoldLabel, evaluation.UnknownLabel,
    evaluation.GoldOutsideKnown, evaluation.BadPosLabel, evaluation.BadBeta, evaluation.BadZeroDivision,
    evaluation.BadAverage, evaluation.AverageNotApplicable, evaluation.LengthMismatch, evaluation.EmptyBatch,
    Overloaded, DeadlineExceeded,
)  # fmt: skip
COMPARING = (
    *EVALUATING,
    evaluation.DuplicateId,
    evaluation.IdsDiffer,
    evaluation.GoldDiffers,
    evaluation.VersionsDiffer,
)

router = APIRouter(route_class=LeanRoute, tags=["evaluation"])


class F1Body(F1Request):
    """Predictions against gold. All columns are of one length, one row per sample."""

    @classmethod
    def read(cls, body: bytes) -> bytes:
        """`body` as it came: the process that evaluates reads it."""
        return without_lone_surrogates(body)


class CompareBody(CompareRequest):
    """Is B better than A? Both predicted the same samples."""

    @classmethod
    def read(cls, body: bytes) -> bytes:
        """`body` as it came: the process that evaluates reads it."""
        return without_lone_surrogates(body)


class ChosenBody(BaseModel, extra="forbid"):
    """The moderation grades of a run; of one grader, and of one step if it has several."""

    run: Name = Field(description="The training run; one of your own.")
    grader: Name | None = Field(None, description="Only its grades; needed if there are several.")
    step: Int64 | None = Field(None, description="Only those of this policy update; needed if there are several.")

    def chosen(self, pointer: str) -> ChosenRun:
        return ChosenRun(self.run, self.grader, self.step, pointer)


class CompareRunsBody(Paired):
    """Is run B better than run A? The grades of both that count, paired by item and rollout."""

    a: ChosenBody = Field(description="The run that was there before.")
    b: ChosenBody = Field(description="The run that may be better.")


_BINARY: dict[str, Any] = {"kind": "binary", "y_true": [1, 0, 1, 0, 1], "y_pred": [1, 0, None, 1, 1]}
_F1_EXAMPLES = {
    "binary": _BINARY,
    "labels per row, one of them unknown, some not looked at": {
        "kind": "multilabel",
        "labels": ["hate", "violence", "self-harm"],
        "y_true": [["hate"], [], ["violence", "self-harm"]],
        "y_pred": [["hate", "spam"], [], ["violence"]],
        "known": [None, None, ["violence", "self-harm"]],
        "average": "macro",
        "bootstrap": {"resamples": 500, "seed": 1},
    },
    "is anything flagged?": {"kind": "flag", "y_true": [["hate"], ["hate"], []], "y_pred": [True, False, False]},
}
_COMPARE_EXAMPLES = {
    "two systems": {
        "kind": "binary",
        "a": {"name": "before", "ids": ["q1", "q2", "q3", "q4"], "y_true": [1, 0, 1, 0], "y_pred": [1, 0, 0, 1]},
        "b": {"name": "after", "ids": ["q1", "q2", "q3", "q4"], "y_true": [1, 0, 1, 0], "y_pred": [1, 0, 1, 0]},
    }
}

_RUNS_EXAMPLES = {
    "two steps of a run": {"a": {"run": "my-run", "step": 0}, "b": {"run": "my-run", "step": 100}, "average": "micro"}
}


def _examples(bodies: dict[str, Any]) -> dict[str, Any]:
    examples = {name: {"summary": name, "value": body} for name, body in bodies.items()}
    return {"requestBody": {"content": {"application/json": {"examples": examples}}}}


@router.post(
    "/v1/evaluations/f1",
    response_model=F1Answer,
    responses=declared(*EVALUATING),
    openapi_extra=_examples(_F1_EXAMPLES),
)
async def f1(request: Request, body: F1Body) -> Reply:
    """Precision, recall and F of many predictions, as scikit-learn 1.9.1 has them, with intervals and baselines."""
    return Reply(await evaluator_of(request)("f1", cast(bytes, body)))


@router.post(
    "/v1/evaluations/compare",
    response_model=CompareAnswer,
    responses=declared(*COMPARING),
    openapi_extra=_examples(_COMPARE_EXAMPLES),
)
async def compare(request: Request, body: CompareBody) -> Reply:
    """Whether B is better than A on the same samples: paired randomization, bootstrap and McNemar's test."""
    return Reply(await evaluator_of(request)("compare", cast(bytes, body)))


@router.post(
    "/v1/evaluations/compare-runs",
    response_model=CompareAnswer,
    responses=declared(*COMPARING, UnknownRun, LedgerUnavailable),
    openapi_extra=_examples(_RUNS_EXAMPLES),
)
async def compare_runs(request: Request, body: CompareRunsBody) -> Reply:
    """Whether run B is better than run A, by the moderation grades of your runs that count.

    Samples are paired by item and rollout; where one of the two abstains, the sample is left out of both, which
    the warning `abstained` says; of grades of one item that name no rollout the last is taken (`no_rollout`). The
    rollouts of an item are one group.
    """
    sides = await sides_of(ledger_of(request), caller_of(request).name, body.a.chosen("/a"), body.b.chosen("/b"))
    options = body.model_dump(exclude={"a", "b"})
    answer = await evaluator_of(request)("compare", to_json(options | sides.request))
    if not sides.warnings:
        return Reply(answer)
    said = from_json(answer)
    said["warnings"][:0] = sides.warnings
    return Reply(to_json(said))
