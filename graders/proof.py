"""Does a version make of its cases what they say? Used by the tests, the command line and the start-up self-test.

A case of a version with a plan holds the executions that its programs came to, so that it can be judged without a
sandbox; `same_each_time` tells what of an execution such a case keeps.
"""

from dataclasses import replace

from pydantic_core import from_json

from graders.api import Execution, Program
from graders.calls import Call, Judged, Outcome, perform
from graders.cases import Case, Expectation
from graders.errors import GraderCrashed, Unscored
from graders.version import Version

# Rewards are decimals with few digits; what floating point adds lies far below.
_REWARD_TOLERANCE = 1e-9


def run_case(version: Version, case: Case) -> Outcome:
    """What `version` makes of `case`: a grade, or why there is none."""
    plan = _perform(version, case, is_plan=True) if version.has_plan else []
    return unexecuted(plan, case) or _perform(version, case, is_plan=False) if isinstance(plan, list) else plan


def unexecuted(plan: list[Program], case: Case) -> GraderCrashed | None:
    """Why `case` cannot be judged with the executions that it holds; None: they are as many as `plan` asks for."""
    if len(plan) == len(case.executions):
        return None
    return GraderCrashed(f"The plan asks for {len(plan)} programs; the case has {len(case.executions)} executions.")


def _perform(version: Version, case: Case, is_plan: bool) -> Outcome:
    try:
        config = version.read_config(case.config)
    except Unscored as error:
        return error
    call = call_of(case)
    call.is_plan = is_plan
    return perform(version, config, from_json(call.json))


def call_of(case: Case) -> Call:
    """The call that judges the case, its executions included."""
    call = Call.of(case.item, case.sample)
    call.give(case.executions)
    return call


def same_each_time(execution: Execution) -> Execution:
    """`execution` without times, memory and the layers of one host."""
    results = tuple(replace(result, wall_s=0.0, cpu_s=0.0, memory_mib=0.0) for result in execution.results)
    return replace(execution, wall_s=0.0, cpu_s=0.0, memory_mib=0.0, judge_cpu_s=0.0, layers=(), results=results)


def mismatch(version: Version, case: Case, outcome: Outcome) -> str | None:
    """None when `outcome` is what `case` expects of `version`; otherwise one sentence with both and the case's why."""
    expected = case.expect[f"v{version.number}"]
    if _agrees(expected, outcome):
        return None
    return f"{version.id}, case {case.name!r}: expected {expected}, got {in_short(outcome)}{_why(outcome)}. {case.why}"


def _agrees(expected: Expectation, outcome: Outcome) -> bool:
    if isinstance(outcome, Judged):
        return (
            expected.reward is not None
            and abs(outcome.reward - expected.reward) <= _REWARD_TOLERANCE
            and outcome.verdict == expected.verdict
        )
    return isinstance(outcome, Unscored) and outcome.code == expected.error


def in_short(outcome: Outcome) -> str:
    """`outcome` as an expectation is written: reward and verdict, or the code of an error."""
    if isinstance(outcome, Judged):
        return f"{outcome.reward:g} {outcome.verdict}"
    return outcome.code if isinstance(outcome, Unscored) else "programs to run"


def _why(outcome: Outcome) -> str:
    if isinstance(outcome, Judged):
        return f" ({from_json(outcome.json)['reason']})"
    return f" ({outcome.detail})" if isinstance(outcome, Unscored) else ""
