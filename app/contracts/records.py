"""Reading the ledger: a grade with all that led to it, grades by filter, and runs."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from pydantic_core import from_json

from app.auth import Caller
from app.catalogue import Catalogue
from app.contracts.own_slash import RunName
from app.contracts.wire import ANY, Int64, Name, declared
from app.dependencies import CurrentCaller, CurrentCatalogue, CurrentLedger
from app.errors import InvalidRequest, LedgerUnavailable, ScopeMissing, UnknownGrader, UnknownRecord, UnknownRun
from app.ledger import GraderReport, Ledger, Record, RecordFilter, RunSummary
from app.words import CalledId, Digest, DurationMs, RecordId, Rollout, RunId, StepNumber
from graders.api import Execution, Program
from graders.errors import Fault

router = APIRouter(tags=["ledger"])

Limit = Annotated[int, Query(ge=1, le=500, description="Rows per page.")]
Of = Annotated[
    Name | None,
    Query(
        alias="caller", description="Another caller's, or `*`: everybody's. Needs the scope `admin`; left out: yours."
    ),
]
Cursor = Annotated[Name | None, Query(description="`next` of the page before.")]
Next = Annotated[str | None, Field(description="Cursor of the next page; null on the last.")]


class GradeRow(BaseModel):
    """A row of the ledger in short."""

    record: RecordId
    caller: str = Field(description="Name of the caller who had it graded.")
    created_us: int = Field(description="Microseconds since the epoch, UTC.")
    grader: CalledId
    digest: Digest
    contract: str = Field(description="The wire format it came by.")
    run: str | None = Field(description="The training run; null: the caller did not say.")
    step: StepNumber
    item_id: str | None = Field(description="The dataset row, as `run.item_id` named it; null: the caller did not say.")
    rollout: Rollout
    group: str | None = Field(
        description="The rollouts that are compared with each other, as `run.group` named them; null: the caller did "
        "not say."
    )
    reward: float | None = Field(description="Null: unscored; `code` says why.")
    verdict: str | None = Field(description="The judgement in one word; null: unscored.")
    code: str | None = Field(description="Code of the error for which it is unscored; null for a grade.")
    duration_ms: DurationMs


class GradePage(BaseModel):
    """One page of the ledger."""

    grades: list[GradeRow] = Field(description="Rows of the ledger, newest first.")
    next: Next


class Executed(BaseModel):
    """A program and what the sandbox saw of it."""

    program: Program
    execution: Execution


class CreditMember(BaseModel):
    """One sample of a group, and as what it was credited."""

    record: str | None = Field(description="Its record; null: it could not be read.")
    item_id: str = Field(
        description="Its dataset row, as `run.item_id` named it; where the caller did not, `sha256:` and a checksum of "
        "the row, or of all that was sent where it could not be read."
    )
    rollout: Rollout


class CreditRecord(BaseModel):
    """What the samples of one group were given together."""

    credit: str = Field(description="Its id, which the answer had as `credit`.")
    parameters: dict[str, Any] = Field(description="`credit` as the request had it.")
    members: list[CreditMember] = Field(description="In the order of the request.")
    group: dict[str, Any] = Field(description="The group as a whole.")


class GradeRecord(GradeRow):
    """Everything that led to a grade, enough to repeat it."""

    grade: dict[str, Any] = Field(description="Reason, answer, span, sub-rewards, details; or the problem.")
    config: dict[str, Any] = Field(
        description="The grader's config as it was sent, or as the recipe fixes it; what it leaves out had its default."
    )
    item: dict[str, Any] = Field(description="The dataset row, as it was sent.")
    sample: Any = Field(description="What the model produced, as it was sent.")
    executions: list[Executed] = Field(description="The programs that were run for it, in the grader's order.")
    credit: CreditRecord | None = Field(description="The group that it was credited in; null: it was graded alone.")
    ignored_item_fields: list[str] | None = Field(description="Item fields the grader did not read; null: it is gone.")
    displaced_by: str | None = Field(
        description="What counts in its place: the record or credit that held its idempotency key when the database "
        "was back from an outage in which this grade was given. Null: this one counts."
    )


class RunPage(BaseModel):
    """One page of training runs."""

    runs: list[RunSummary] = Field(description="The one that began last comes first.")
    next: Next


class RunReport(BaseModel):
    """One training run, per grader id and digest; nothing is pooled over graders."""

    run: RunId
    graders: list[GraderReport] = Field(description="One per grader id and digest, sorted by these.")


@router.get(
    "/v1/grades/{record}", response_model=GradeRecord, responses=declared(*ANY, UnknownRecord, LedgerUnavailable)
)
async def show_grade(
    record: Annotated[str, Path(description="Id of a record: every grade has one.")],
    caller: CurrentCaller,
    ledger: CurrentLedger,
    catalogue: CurrentCatalogue,
) -> GradeRecord:
    """One row of the ledger with everything that led to it; of another caller's with the scope `admin`."""
    found, by = await _found(ledger, record, None if "admin" in caller.scopes else caller.name)
    if found is None:
        raise UnknownRecord(f"No record {record!r} of yours. Ids are in every answer, and in GET /v1/grades.")
    item, grade = from_json(found.item), from_json(found.grade)
    credit = grade.pop("credit", None)
    return GradeRecord(
        **_row(found),
        grade=grade,
        config=from_json(found.config),
        item=item,
        sample=from_json(found.sample),
        executions=[
            Executed(program=program, execution=execution) for program, execution in from_json(found.executions)
        ],
        credit=None if credit is None else await _credit(ledger, credit),
        ignored_item_fields=await _ignored(catalogue, found.grader, item),
        displaced_by=by,
    )


@router.get("/v1/grades", response_model=GradePage, responses=declared(*ANY, ScopeMissing, LedgerUnavailable))
async def list_grades(
    caller: CurrentCaller,
    ledger: CurrentLedger,
    run: Annotated[Name | None, Query(description="Only of this training run.")] = None,
    grader: Annotated[
        Name | None, Query(description="Only by the grader or recipe that was called by this id.")
    ] = None,
    verdict: Annotated[Name | None, Query(description="Only grades with this verdict.")] = None,
    code: Annotated[Name | None, Query(description="Error code of unscored rows.")] = None,
    step: Annotated[Int64 | None, Query(description="Only of this policy update.")] = None,
    item_id: Annotated[Name | None, Query(description="Only of this dataset row, by its `run.item_id`.")] = None,
    group: Annotated[Name | None, Query(description="Only of these rollouts, by their `run.group`.")] = None,
    min_reward: Annotated[
        float | None, Query(allow_inf_nan=False, description="Only grades of this reward or more.")
    ] = None,
    max_reward: Annotated[
        float | None, Query(allow_inf_nan=False, description="Only grades of this reward or less.")
    ] = None,
    scored: Annotated[bool | None, Query(description="Only grades, or only unscored rows.")] = None,
    limit: Limit = 50,
    cursor: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
    of: Of = None,
) -> GradePage:
    """Rows of the ledger, newest first."""
    where = RecordFilter(
        caller=whose(caller, of),
        run=run,
        grader=grader,
        verdict=verdict,
        code=code,
        step=step,
        item_id=item_id,
        group=group,
        min_reward=min_reward,
        max_reward=max_reward,
        scored=scored,
    )
    found = await ledger.search(where, after=None if cursor is None else str(cursor), limit=limit + 1)
    rows = [GradeRow(**_row(record)) for record in found[:limit]]
    return GradePage(grades=rows, next=rows[-1].record if len(found) > limit else None)


@router.get("/v1/runs", response_model=RunPage, responses=declared(*ANY, ScopeMissing, LedgerUnavailable))
async def list_runs(
    caller: CurrentCaller, ledger: CurrentLedger, limit: Limit = 50, cursor: Cursor = None, of: Of = None
) -> RunPage:
    """Your training runs."""
    found = await ledger.runs(whose(caller, of), after=cursor, limit=limit + 1)
    return RunPage(runs=found[:limit], next=found[limit - 1].run if len(found) > limit else None)


@router.get(
    "/v1/runs/{id:path}",
    response_model=RunReport,
    responses=declared(*ANY, ScopeMissing, UnknownRun, LedgerUnavailable),
)
async def show_run(id: RunName, caller: CurrentCaller, ledger: CurrentLedger, of: Of = None) -> RunReport:
    """Of one run: how many grades count, verdicts and mean reward, in all and per step, and why samples stayed
    unscored."""
    graders = await ledger.run_report(whose(caller, of), id) if "\x00" not in id else []
    if not graders:
        raise UnknownRun(f"No run {id!r} of yours. GET /v1/runs lists them; a run begins with its first grade.")
    return RunReport(run=id, graders=graders)


def whose(caller: Caller, of: str | None) -> str | None:
    """The caller whose rows are asked for; None: everybody's.

    Raises:
        ScopeMissing: they are not the caller's own.
    """
    if of is None or of == caller.name:
        return caller.name
    if "admin" not in caller.scopes:
        raise ScopeMissing(f"What other callers were given is read with the scope 'admin'; {caller.name!r} lacks it.")
    return None if of == "*" else of


def one_caller(caller: Caller, of: str | None) -> str:
    """The caller whose run is asked for: a run is one caller's.

    Raises:
        ScopeMissing: it is not the caller's own.
        InvalidRequest: everybody's is asked for.
    """
    whom = whose(caller, of)
    if whom is None:
        raise InvalidRequest("A run is one caller's.", (Fault("/query/caller", "Wanted a caller's name, not `*`."),))
    return whom


async def _found(ledger: Ledger, record: str, caller: str | None) -> tuple[Record | None, str | None]:
    """The record, and what counts in its place."""
    if not _is_record_id(record):
        return None, None
    if (found := await ledger.find(record, caller)) is not None:
        return found, None
    displaced = await ledger.find_displaced(record, caller)
    return (None, None) if displaced is None else (displaced.record, displaced.by)


def _row(record: Record) -> dict[str, Any]:
    row = {name: getattr(record, name) for name in GradeRow.model_fields if name != "duration_ms"}
    return row | {"duration_ms": record.duration_us / 1000}


async def _credit(ledger: Ledger, id: str) -> CreditRecord | None:
    stored = await ledger.credit(id)
    if stored is None:
        return None
    return CreditRecord(
        credit=stored.credit,
        parameters=from_json(stored.parameters),
        members=from_json(stored.members),
        group=from_json(stored.block),
    )


async def _ignored(catalogue: Catalogue, grader_id: str, item: dict[str, Any]) -> list[str] | None:
    try:
        grader = await catalogue.find(grader_id)
    except UnknownGrader:
        return None
    return sorted(set(item) - grader.columns)


def _is_record_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
