"""F1 of a training run, out of the ledger."""

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.contracts.own_slash import OwnSlash, RunName
from app.contracts.records import Of, one_caller
from app.contracts.wire import ANY, declared
from app.dependencies import CurrentCaller, CurrentCatalogue, CurrentLedger, evaluator_of
from app.errors import DeadlineExceeded, LedgerUnavailable, Overloaded, ScopeMissing, UnknownRun
from app.moderation import moderation_of
from evaluations.moderation.answers import RunModeration
from evaluations.moderation.seen import Options

router = APIRouter(tags=["ledger"], route_class=OwnSlash)

Finite = Annotated[float, Field(ge=0, allow_inf_nan=False)]
ZERO_DIVISIONS: dict[str, Literal[0, 1, "nan"]] = {"0": 0, "1": 1, "nan": "nan"}


@router.get(
    "/v1/runs/{id:path}/moderation",
    response_model=RunModeration,
    responses=declared(*ANY, ScopeMissing, UnknownRun, LedgerUnavailable, Overloaded, DeadlineExceeded),
)
async def run_moderation(
    request: Request,
    id: RunName,
    caller: CurrentCaller,
    ledger: CurrentLedger,
    catalogue: CurrentCatalogue,
    beta: Annotated[
        Finite | Literal["inf"], Query(description="Weight of recall against precision; `inf`: recall alone.")
    ] = 1.0,
    zero_division: Annotated[
        Literal["0", "1", "nan"], Query(description="What 0/0 is; nan leaves it out of averages.")
    ] = "0",
    level: Annotated[float, Query(gt=0, lt=1, description="Confidence of the intervals.")] = 0.95,
    window: Annotated[int, Query(ge=1, le=1_000_000, description="Samples per window.")] = 1000,
    bootstrap: Annotated[int, Query(ge=0, le=2000, description="Resamples of the bootstrap by items; 0: none.")] = 0,
    seed: Annotated[int, Query(ge=0, lt=2**63, description="Of the bootstrap.")] = 0,
    of: Of = None,
) -> Any:
    """F1 of one run's moderation grades: micro, macro, weighted, samples and flag, with intervals, and per label.

    Per grader id, digest, taxonomy and mode; nothing is pooled. Of several grades with one step, item and rollout the
    last counts. All is counted anew from the ledger, so the order of arrival, retries and replicas change nothing.
    """
    options = Options(beta, ZERO_DIVISIONS[zero_division], level, window, bootstrap, seed)
    whom = one_caller(caller, of)
    if "\x00" in id:
        raise UnknownRun(f"No run {id!r} of yours.")
    evaluate = partial(evaluator_of(request), "moderation")
    return Response(await moderation_of(ledger, catalogue, evaluate, whom, id, options), media_type="application/json")
