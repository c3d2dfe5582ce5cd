"""What the page and other people look at: the service in short, a run step by step, two runs beside each other."""

import time
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from app.auth import Caller
from app.catalogue import Catalogue
from app.contracts.own_slash import OwnSlash
from app.contracts.records import Of, whose
from app.contracts.wire import ANY, Name, RunName, declared
from app.dependencies import CurrentCaller, CurrentCatalogue, CurrentLedger, load_of
from app.errors import InvalidRequest, LedgerUnavailable, ScopeMissing, UnknownGrader, UnknownRun
from app.ledger import ErrorTally, Ledger, RunTallies
from app.monitors.answers import RunComparison, RunMonitor
from app.monitors.comparison import comparison_of
from app.monitors.report import RewardRange, monitor_of
from graders.errors import Fault

router = APIRouter(tags=["ledger"])
below_runs = APIRouter(tags=["ledger"], route_class=OwnSlash)

# How long a report waits for what has to be counted first, s; the rest is counted behind it.
_PATIENCE_S = 0.15
_ERRORS_SINCE_S = 24 * 3600
_ERROR_ROWS_MAX = 1000

Points = Annotated[int, Query(ge=2, le=2000, description="At most so many steps, evenly chosen.")]


class Load(BaseModel):
    """How a scarce resource is used now."""

    resource: str = Field(description="`workers` or `sandbox`.")
    slots: int
    served: int = Field(description="Samples in slots; a slot may serve several at a time.")
    waiting: int = Field(description="Samples that wait for a slot.")
    samples_per_s: float = Field(
        description="Samples a second that all slots serve, by what samples took lately; 0: not known yet."
    )


class Overview(BaseModel):
    """The service in short. `GET /readyz` has its health, `GET /v1/graders` its graders."""

    version: str
    caller: str = Field(description="Who is asking.")
    scopes: list[str] = Field(description="What the caller may do.")
    load: list[Load]
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
    responses=declared(*ANY, ScopeMissing, UnknownRun, LedgerUnavailable),
)
async def run_monitor(
    id: RunName,
    caller: CurrentCaller,
    ledger: CurrentLedger,
    catalogue: CurrentCatalogue,
    points: Points = 500,
    of: Of = None,
) -> RunMonitor:
    """A run step by step: rewards, verdicts, groups, answers, times; and what the monitors found.

    Steps are counted once they have new records, so a long run is quick to look at; `counted` says how much of it the
    report has. Another caller's run is named with `caller`.
    """
    tallies = await _tallies(ledger, caller, of, id)
    return monitor_of(tallies, (await _ranges(catalogue, tallies)).__getitem__, points)


@router.get(
    "/v1/run-comparison",
    response_model=RunComparison,
    responses=declared(*ANY, ScopeMissing, UnknownRun, LedgerUnavailable),
)
async def run_comparison(
    a: Annotated[Name, Query(description="The run that was there before.")],
    b: Annotated[Name, Query(description="The run that is held against it.")],
    caller: CurrentCaller,
    ledger: CurrentLedger,
    catalogue: CurrentCatalogue,
    points: Points = 500,
    of: Of = None,
) -> RunComparison:
    """Two runs beside each other: totals, verdict shares, mean reward by step."""
    left, right = await _tallies(ledger, caller, of, a), await _tallies(ledger, caller, of, b)
    ranges = await _ranges(catalogue, left, right)
    return comparison_of(left, right, ranges.__getitem__, points)


async def _tallies(ledger: Ledger, caller: Caller, of: str | None, run: str) -> RunTallies:
    whom = whose(caller, of)
    if whom is None:
        raise InvalidRequest("A run is one caller's.", (Fault("/caller", "Wanted a caller's name, not `*`."),))
    found = None if "\x00" in run else await ledger.run_tallies(whom, run, patience_s=_PATIENCE_S)
    if found is None or not found.records:
        raise UnknownRun(f"No run {run!r} of yours. GET /v1/runs lists them; a run begins with its first grade.")
    return found


async def _ranges(catalogue: Catalogue, *runs: RunTallies) -> dict[str, list[RewardRange]]:
    """Per grader id the ranges in which its rewards lie: alone, and in groups; none of a grader that is gone."""
    graders = {tally.grader for run in runs for _, _, tallies in run.steps for tally in tallies}
    return {id: await _ranges_of(catalogue, id) for id in sorted(graders)}


async def _ranges_of(catalogue: Catalogue, id: str) -> list[RewardRange]:
    try:
        version = (await catalogue.find(id)).version
    except UnknownGrader:
        return []
    return [version.reward_range, *([version.group_reward_range] if version.has_group_credit else [])]
