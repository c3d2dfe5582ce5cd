"""One pure call of a version, from plain JSON values to an outcome: the same code inline, in a worker and offline."""

from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import BaseModel

from graders.api import Execution, Grade, Program, Sample
from graders.errors import Fault, GraderCrashed, InvalidConfig, InvalidItem, Unscored
from graders.version import Version

Outcome = Grade | list[Program] | Unscored
"""A grade, the programs of a plan, or why there is neither."""

_ERRORS: dict[str, type[Unscored]] = {kind.__name__: kind for kind in (InvalidItem, InvalidConfig, GraderCrashed)}


@dataclass(slots=True)
class Call:
    """What one judgement needs. `item` and `sample` are JSON values; `item` has the version's own field names."""

    item: dict[str, Any]
    sample: Sample
    results: list[Execution] = field(default_factory=list)
    is_plan: bool = False
    """True asks for the programs to run; False for the grade."""


def perform(version: Version, config: BaseModel, call: Call) -> Outcome:
    """The outcome of `call`. Raises nothing: what goes wrong is an outcome too."""
    try:
        item = version.read_item(call.item)
        if call.is_plan:
            return version.plan(call.sample, item, config)
        return version.judge(call.sample, item, config, call.results)
    except Unscored as error:
        return error


def call_to_json(call: Call) -> dict[str, Any]:
    """`call` as JSON values; `call_from_json` is its inverse."""
    return {
        "item": call.item,
        "sample": call.sample.model_dump(exclude_none=True),
        "results": [asdict(result) for result in call.results],
        "is_plan": call.is_plan,
    }


def call_from_json(raw: dict[str, Any]) -> Call:
    results = [Execution(**result) for result in raw["results"]]
    return Call(raw["item"], Sample.model_validate(raw["sample"]), results, raw["is_plan"])


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """`outcome` as JSON values; `outcome_from_json` is its inverse."""
    if isinstance(outcome, Grade):
        return {"grade": asdict(outcome)}
    if isinstance(outcome, Unscored):
        faults = [asdict(fault) for fault in outcome.faults]
        return {"error": _kind(outcome), "detail": outcome.detail, "faults": faults}
    return {"programs": [asdict(program) for program in outcome]}


def outcome_from_json(raw: dict[str, Any]) -> Outcome:
    if "grade" in raw:
        grade = raw["grade"]
        span = grade.pop("answer_span")
        return Grade(**grade, answer_span=tuple(span) if span else None)
    if "error" in raw:
        return _ERRORS[raw["error"]](raw["detail"], tuple(Fault(**fault) for fault in raw["faults"]))
    return [Program(**program) for program in raw["programs"]]


def _kind(error: Unscored) -> str:
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in _ERRORS)
