"""What the page and other people look at: the service in short, a run step by step, two runs beside each other."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from app.contracts.own_slash import OwnSlash, RunName
from app.contracts.records import Of, one_caller, whose
from app.contracts.wire import ANY, Name, declared
from app.dependencies import CurrentCaller, CurrentCatalogue, CurrentLedger, CurrentRunWatch, load_of
from app.errors import (
    DeadlineExceeded,
    LedgerUnavailable,
    Overloaded,
    ScopeMissing,
    UnknownRun,
)
from app.ledger import ErrorTally
from app.monitors.answers import RunComparison, RunMonitor

router = APIRouter(tags=["ledger"])
below_runs = APIRouter(tags=["ledger"], route_class=OwnSlash)

_COUNTING = (LedgerUnavailable, Overloaded, DeadlineExceeded)
_ERRORS_SINCE_S = 24 * 3600
_ERROR_ROWS_MAX = 1000

Points = Annotated[int, Query(ge=2, le=2000, description="At most so many steps, evenly chosen.")]


class Load(BaseModel):
    """How a scarce resource is used now."""

    resource: str = Field(description="`workers` or `sandbox`.")
    slots: int = Field(description="How many it has: processes that judge, or programs that run at the same time.")
    served: int = Field(description="Samples in slots; a slot may serve several at a time.")
    waiting: int = Field(description="Samples that wait for a slot.")
    samples_per_s: float = Field(
        description="Samples a second that all slots serve, by what samples took lately; 0: not known yet."
    )


class Overview(BaseModel):
    """The service in short. `GET /readyz` has its health, `GET /v1/graders` its graders."""

    version: str = Field(description="Of the service.")
    caller: str = Field(description="Who is asking.")
    scopes: list[str] = Field(description="What the caller may do.")
    load: list[Load] = Field(description="One per scarce resource.")
    errors: list[ErrorTally] = Field(
        description=f"Why samples of yours stayed unscored in the last 24 hours, the most frequent reason first; of "
        f"the last {_ERROR_ROWS_MAX} such rows. `GET /v1/grades?scored=false` lists them."
    )


@router.get("/v1/overview", response_model=Overview, responses=declared(*ANY, ScopeMissing, LedgerUnavailable))
async def overview(request: Request, caller: CurrentCaller, ledger: CurrentLedger, of: Of = None) -> Overview:
    """Load, and what went wrong lately."""
    since_us = int((time.time() - _ERRORS_SINCE_S) * 1e6)
    return Overview(
        version=request.app.version,
        caller=caller.name,
        scopes=sorted(caller.scopes),
        load=[
            Load(resource=name, slots=load.slots, served=load.served, waiting=load.waiting, samples_per_s=load.per_s)
            for name, load in load_of(request).items()
        ],
        errors=await ledger.recent_errors(whose(caller, of), since_us=since_us, rows_max=_ERROR_ROWS_MAX),
    )


@below_runs.get(
    "/v1/runs/{id:path}/monitor",
    response_model=RunMonitor,
    responses=declared(*ANY, ScopeMissing, UnknownRun, *_COUNTING),
)
async def run_monitor(
    id: RunName,
    caller: CurrentCaller,
    ledger: CurrentLedger,
    watch: CurrentRunWatch,
    catalogue: CurrentCatalogue,
    points: Points = 500,
    of: Of = None,
) -> Any:
    """A run step by step: rewards, verdicts, groups, answers, times; and what the monitors found.

    Steps are counted once they have new records, so a long run is quick to look at; `counted` says how much of it the
    report has. Another caller's run is named with `caller`.
    """
    whom = one_caller(caller, of)
    if "\x00" in id:
        raise UnknownRun(f"No run {id!r} of yours.")
    ledger.refuse_if_away()
    return _json(await watch.monitor(whom, id, points, catalogue.reward_ranges))


@router.get(
    "/v1/run-comparison",
    response_model=RunComparison,
    responses=declared(*ANY, ScopeMissing, UnknownRun, *_COUNTING),
)
async def run_comparison(
    a: Annotated[Name, Query(description="The run that was there before.")],
    b: Annotated[Name, Query(description="The run that is held against it.")],
    caller: CurrentCaller,
    ledger: CurrentLedger,
    watch: CurrentRunWatch,
    catalogue: CurrentCatalogue,
    points: Points = 500,
    of: Of = None,
) -> Any:
    """Two runs beside each other: totals, verdict shares, mean reward by step."""
    whom = one_caller(caller, of)
    ledger.refuse_if_away()
    return _json(await watch.comparison(whom, a, b, points, catalogue.reward_ranges))


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
