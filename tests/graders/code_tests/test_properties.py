"""Whatever a program did, it gets a grade that keeps its promises, and only the expected value passes."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from graders.api import Check, Execution, Result
from graders.calls import judged
from graders.code_tests import v1
from graders.errors import InvalidItem
from graders.kit.values import encode
from tests.graders.code_tests.grading import ADDS, CHECKED, PRINTS, grade, plan

WORDS = st.sampled_from(
    [*v1.VERDICTS, "finished", "returned", "raised", "unsendable", "not_reached", "held", "failed", "judge_error", "?"]
)
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["3", "4", '{"$":["set",[[]]]}', '{"$":["int","0x"]}', '{"$":["range",[1,0]]}', "[" * 5000, "1e999", "-0",
         "NaN", "1" * 5000, "SystemExit: 0", "ProgramError: SystemExit", '"\\ud800"', "SyntaxError: x", "limit: x"]
    ),
)  # fmt: skip
NUMBERS = st.floats(0, 1e9)
RESULTS = st.builds(Result, outcome=WORDS, value=TEXTS, error=TEXTS, stdout=TEXTS, call=TEXTS)
CHECKS = st.builds(Check, outcome=WORDS, error=TEXTS, had_value=st.booleans())
EXECUTIONS = st.builds(
    Execution,
    outcome=WORDS,
    stdout=TEXTS,
    stderr=TEXTS,
    error=TEXTS,
    wall_s=NUMBERS,
    results=st.lists(RESULTS, max_size=4).map(tuple),
    checks=st.lists(CHECKS, max_size=4).map(tuple),
    calls_made=st.integers(0, 5),
    flags=st.lists(TEXTS, max_size=2).map(tuple),
)

CHECKER = {"checker": "def check(answer, expected, given): pass"}
HIDDEN = {"entry_point": "f", "cases": [{"args": [1], "expected": 1}, {"args": [2], "expected": 2.5, "hidden": True}]}
MIXED = {"entry_point": "f", "checks": ["assert f(1)", {"check": "assert f(2)", "hidden": True}]}
ITEMS = st.sampled_from([ADDS, CHECKED, PRINTS, HIDDEN, MIXED, {**ADDS, **CHECKER}, {**PRINTS, **CHECKER}])


@settings(max_examples=400)
@given(item=ITEMS, data=st.data())
def test_any_execution_gets_a_grade_or_tells_of_a_broken_test(item: dict[str, Any], data: st.DataObject) -> None:
    executions = [data.draw(EXECUTIONS) for _ in plan(item)]

    try:
        found = grade(item, executions, config={"syntax_floor": 0.25})
    except InvalidItem:
        assert any(check.outcome in {"judge_error", "held"} for each in executions for check in each.checks)
        return

    judged(found)
    assert found.verdict in v1.VERDICTS
    assert 0.0 <= found.reward <= 1.0
    assert (found.reward == 1.0) == (found.verdict == "passed")
    assert len(found.details["tests"]) == found.details["total"]


@given(st.text() | st.lists(st.sampled_from(["```", "python", "\n", "x = 1", "</think>", "\ud800"])).map("".join))
def test_any_text_gets_a_plan_and_a_grade(text: str) -> None:
    programs = plan(ADDS, {"output_text": text})

    found = grade(ADDS, [Execution("load_error") for _ in programs], {"output_text": text})

    assert found.verdict == ("load_error" if programs else "no_code")
    if found.answer_span is not None:
        assert text.encode("utf-8", "replace").decode()[slice(*found.answer_span)] == found.answer


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(), part, max_size=4),
    max_leaves=8,
)


@given(expected=VALUES, got=VALUES)
def test_exactly_the_expected_value_passes(expected: Any, got: Any) -> None:
    item = {
        "entry_point": "f",
        "cases": [{"args": [], "expected": _sent(expected)}],
        "comparison": {"float_rel": 0, "float_abs": 0, "strict_types": True},
    }

    found = grade(item, [Execution("finished", results=(Result("returned", encode(got)),), calls_made=1)])

    assert (found.verdict == "passed") == (encode(expected) == encode(got) or _same(expected, got))


def _sent(value: Any) -> Any:
    """As it would be sent: an object with the one key `$` is a tag."""
    if isinstance(value, list):
        return [_sent(part) for part in value]
    if isinstance(value, dict):
        if list(value) == ["$"]:
            return {"$": ["dict", [["$", _sent(value["$"])]]]}
        return {key: _sent(part) for key, part in value.items()}
    return value


def _same(one: Any, other: Any) -> bool:
    """Equal in Python and of the same types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)
