"""Does a version make of its cases what they say? Used by the tests, the command line and the start-up self-test."""

from pydantic_core import from_json

from graders.calls import Call, Judged, Outcome, perform
from graders.cases import Case, Expectation
from graders.errors import Unscored
from graders.version import Version

# Rewards are decimals with few digits; what floating point adds lies far below.
_REWARD_TOLERANCE = 1e-9


def run_case(version: Version, case: Case) -> Outcome:
    """What `version` makes of `case`: a grade, or why there is none."""
    try:
        config = version.read_config(case.config)
    except Unscored as error:
        return error
    return perform(version, config, from_json(call_of(case).json))


def call_of(case: Case) -> Call:
    return Call.of(case.item, case.sample)


def mismatch(version: Version, case: Case, outcome: Outcome) -> str | None:
    """None when `outcome` is what `case` expects of `version`; otherwise one sentence with both and the case's why."""
    expected = case.expect[f"v{version.number}"]
    if _agrees(expected, outcome):
        return None
    return f"{version.id}, case {case.name!r}: expected {expected}, got {_shown(outcome)}. {case.why}"


def _agrees(expected: Expectation, outcome: Outcome) -> bool:
    if isinstance(outcome, Judged):
        return (
            expected.reward is not None
            and abs(outcome.reward - expected.reward) <= _REWARD_TOLERANCE
            and outcome.verdict == expected.verdict
        )
    return isinstance(outcome, Unscored) and outcome.code == expected.error


def _shown(outcome: Outcome) -> str:
    if isinstance(outcome, Judged):
        return f"{outcome.reward:g} {outcome.verdict} ({from_json(outcome.json)['reason']})"
    return f"{outcome.code} ({outcome.detail})" if isinstance(outcome, Unscored) else "programs to run"
