"""What a route may ask for. The parts hang on the application; nothing is a module-level singleton."""

from typing import Annotated

from fastapi import Depends, Path, Request

from app.admission.waiting_room import Load
from app.auth import Caller
from app.catalogue import Catalogue
from app.errors import InvalidRequest
from app.evaluator import Evaluator
from app.grading import Grading
from app.groups import GroupGrading
from app.ledger import Ledger
from app.run_watch import RunWatch
from app.settings import Timeouts
from graders.errors import Fault, did_you_mean, json_pointer

GraderPath = Annotated[
    str,
    Path(description="Id of a grader or recipe, as in `finance_qa@v1`; GET /v1/graders lists all that can be called."),
]


def caller_of(request: Request) -> Caller:
    """Who is asking; the border has let them in."""
    caller: Caller = request.scope["caller"]
    return caller


def grading_of(request: Request) -> Grading:
    grading: Grading = request.app.state.grading
    return grading


def groups_of(request: Request) -> GroupGrading:
    groups: GroupGrading = request.app.state.groups
    return groups


def catalogue_of(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


def evaluator_of(request: Request) -> Evaluator:
    evaluator: Evaluator = request.app.state.evaluator
    return evaluator


def ledger_of(request: Request) -> Ledger:
    ledger: Ledger = request.app.state.ledger
    return ledger


def load_of(request: Request) -> dict[str, Load]:
    """How each scarce resource is used now, by its name."""
    state = request.app.state
    return {"workers": state.workers.load, "sandbox": state.programs.load}


def run_watch_of(request: Request) -> RunWatch:
    watch: RunWatch = request.app.state.run_watch
    return watch


def timeouts_of(request: Request) -> Timeouts:
    timeouts: Timeouts = request.app.state.timeouts
    return timeouts


def only_known_parameters(request: Request) -> None:
    """Raises InvalidRequest for a query parameter that the route does not have: without a filter that was misspelt, the
    answer would look right and be about something else."""
    known = sorted(field.alias for field in request.scope["route"].dependant.query_params)
    faults = [
        Fault(
            json_pointer("/query", name),
            f"There is no such parameter.{did_you_mean(name, known)} Known: {', '.join(known) or 'none'}.",
        )
        for name in request.query_params
        if name not in known
    ]
    if faults:
        raise InvalidRequest("A parameter is unknown here.", tuple(faults))


CurrentCaller = Annotated[Caller, Depends(caller_of)]
CurrentCatalogue = Annotated[Catalogue, Depends(catalogue_of)]
CurrentLedger = Annotated[Ledger, Depends(ledger_of)]
CurrentRunWatch = Annotated[RunWatch, Depends(run_watch_of)]
