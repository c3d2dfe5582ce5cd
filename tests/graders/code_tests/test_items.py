"""Which items and configs are refused, where the fault is, and what the programs of the others hold."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from graders.errors import InvalidItem, Unscored
from graders.registry import Registry
from tests.graders.code_tests.grading import ADD, ADDS, CHECKED, PRINTS, plan

SECRET = 123_456_789


def refused(item: dict[str, Any], config: dict[str, Any] | None = None) -> tuple[str, str]:
    with pytest.raises(Unscored) as found:
        plan(item, config=config)
    return found.value.code, found.value.faults[0].pointer if found.value.faults else ""


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"entry_point": "f"},
        {"entry_point": "f", "cases": []},
        {"entry_point": "f", "test": "  \n"},
        {"stdio_cases": "[]"},
        {"cases": [{"args": [], "expected": 1}]},
        {"test": "assert f()"},
        {"entry_point": "f.g", "test": "assert f()"},
        {"entry_point": "class", "test": "assert f()"},
        {**ADDS, **PRINTS},
        {**ADDS, "test": "assert add(1, 2) == 3"},
        {"entry_point": "f", "cases": "no JSON"},
        {"entry_point": "f", "cases": [{"expected": 1, "weight": -1}]},
        {**ADDS, "limits": {"timeout_s": 0}},
        {**ADDS, "limits": {"gpus": 1}},
        {**ADDS, "comparison": {"float_rel": -1}},
    ],
    ids=lambda item: json.dumps(item)[-60:],
)
def test_an_item_without_tests_or_with_a_bad_field_is_refused(item: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        plan(item)


def test_what_cannot_be_read_is_refused_with_its_place() -> None:
    def case(**fields: Any) -> dict[str, Any]:
        return {"entry_point": "f", "cases": [{"expected": 1}, fields]}

    deep: Any = 1
    for _ in range(70):
        deep = [deep]
    assert refused(case(args=[{"$": ["no such tag", 1]}], expected=1)) == ("invalid_item", "/item/cases/1/args")
    assert refused(case(kwargs={"a": {"$": 1}}, expected=1)) == ("invalid_item", "/item/cases/1/kwargs")
    assert refused(case(expected={"$": ["set", [[1]]]})) == ("invalid_item", "/item/cases/1/expected")
    assert refused(case(expected=deep)) == ("invalid_item", "/item/cases/1/expected")
    assert refused(case(args=[1])) == ("invalid_item", "/item/cases/1/expected")
    assert refused({"stdio_cases": [{"stdin": "1"}]}) == ("invalid_item", "/item/stdio_cases/0/expected")
    assert refused({**CHECKED, "prompt": [{"role": "user"}]}) == ("invalid_item", "/item/prompt")


@pytest.mark.parametrize(
    ("item", "pointer"),
    [
        ({"entry_point": "f", "cases": [{"arg": [3], "expected": 9}]}, "/item/cases/0/arg"),
        ({"entry_point": "f", "cases": [{"args": [3], "expected": 9, "wieght": 3}]}, "/item/cases/0/wieght"),
        ({"stdio_cases": [{"input": "3\n", "expected": "9\n"}]}, "/item/stdio_cases/0/input"),
        ({"entry_point": "f", "checks": [{"check": "assert f()", "hiden": True}]}, "/item/checks/0/hiden"),
    ],
)
def test_a_key_that_no_test_has_is_refused_and_fails_no_program(item: dict[str, Any], pointer: str) -> None:
    version = Registry()["code_tests@v1"].version

    with pytest.raises(InvalidItem) as found:
        version.read_item(item)

    assert [fault.pointer for fault in found.value.faults] == [pointer]
    assert found.value.faults[0].detail.startswith("There is no such field.")


def test_a_scoring_that_does_not_fit_the_tests_is_refused() -> None:
    for scoring in ("fraction", "weighted", "weighted_sum", "subtask_min", "first_k"):
        assert refused(CHECKED, {"scoring": scoring}) == ("invalid_config", "/config/scoring")
    weightless = {"entry_point": "f", "cases": [{"expected": 1, "weight": 0}]}
    assert refused(weightless, {"scoring": "weighted"}) == ("invalid_item", "/item")
    assert refused(ADDS, {"scoring": "subtask_min"}) == ("invalid_item", "/item")
    named = {"entry_point": "f", "cases": [{"expected": 1, "subtasks": ["a"]}], "subtasks": {"a": 1, "b": 2}}
    assert refused(named, {"scoring": "subtask_min"}) == ("invalid_item", "/item/subtasks")
    assert refused(CHECKED, {"checker": "def check(a, e, g): pass"})[0] == "invalid_config"


def test_a_dataset_s_other_columns_do_not_matter() -> None:
    row = {**ADDS, "prompt": [{"role": "user", "content": "Add."}], "task_id": "x/1", "test": ""}

    assert plan(row) == plan(ADDS)
    assert plan({**ADDS, "cases": json.dumps(ADDS["cases"])}) == plan(ADDS)


def test_what_is_expected_never_reaches_the_program_s_process() -> None:
    cases = [{"args": [1], "expected": SECRET}, {"args": [2], "expected": str(SECRET), "hidden": True}]
    checker = "def check(answer, expected, given): assert answer == expected"
    test = f"assert f(1) == {SECRET}"
    items: list[dict[str, Any]] = [
        {"entry_point": "f", "cases": cases},
        {"entry_point": "f", "cases": cases, "checker": checker},
        {"entry_point": "f", "test": test, "prompt": "# a prompt"},
        {"entry_point": "f", "test": f"x = {SECRET}", "checks": [test, {"check": test, "hidden": True}]},
        {"stdio_cases": [{"stdin": "1", "expected": str(SECRET)}]},
        {"stdio_cases": [{"stdin": "1", "expected": str(SECRET)}], "checker": checker},
    ]

    for item in items:
        for program in plan(item):
            reaches = (program.source, program.stdin, program.entry_point, program.calls, program.stdins)
            assert str(SECRET) not in repr(reaches)


def test_visible_and_hidden_tests_are_in_programs_of_their_own() -> None:
    cases = [{"args": [index], "expected": 0, "hidden": index % 2 == 1} for index in range(4)]

    visible, hidden = plan({"entry_point": "f", "cases": cases})

    assert visible.calls == ('{"args":[0],"kwargs":{}}', '{"args":[2],"kwargs":{}}')
    assert hidden.calls == ('{"args":[1],"kwargs":{}}', '{"args":[3],"kwargs":{}}')


def test_values_that_json_does_not_know_are_tagged() -> None:
    huge = 10**4000
    item = {
        "entry_point": "f",
        "cases": [{"args": [{"$": ["set", [1]]}, huge], "kwargs": {"key": None}, "expected": 1}],
    }

    [program] = plan(item)

    assert json.loads(program.calls[0]) == {
        "args": [{"$": ["set", [1]]}, {"$": ["int", hex(huge)]}],
        "kwargs": {"key": None},
    }


def test_an_item_s_limits_win_over_those_of_the_config() -> None:
    [program] = plan({**ADDS, "limits": {"cpu_s": 3}}, config={"limits": {"cpu_s": 5, "memory_mib": 99, "threads": 0}})

    assert (program.cpu_s, program.memory_mib, program.threads, program.timeout_s) == (3, 99, 0, 10)


def test_first_k_runs_no_more_tests_than_it_counts() -> None:
    [program] = plan(ADDS, config={"scoring": "first_k", "first_k": 1})

    assert len(program.calls) == 1


def test_the_prompt_goes_in_front_of_the_program_and_to_the_tests() -> None:
    prompted = {**CHECKED, "prompt": "import math\ndef add(a, b):\n    'Adds.'"}
    body = "    return a + b"

    sources = {use: plan(prompted, body, {"prompt_use": use})[0] for use in ("continue", "judge", "none")}

    assert sources["continue"].source == f"{prompted['prompt']}\n{body}"
    assert sources["judge"].source == sources["none"].source == body
    assert [program.prompt for program in sources.values()] == [prompted["prompt"], prompted["prompt"], ""]
    future = f"from __future__ import annotations\n{ADD}"
    assert plan(prompted, future)[0].source == future


def test_an_entry_point_is_found_in_the_form_that_python_gives_its_name() -> None:
    [program] = plan({**CHECKED, "entry_point": "\N{MATHEMATICAL BOLD SMALL A}dd"})

    assert program.entry_point == "add"


def test_a_program_is_read_out_of_json_too() -> None:
    for output in (
        ADD,
        {"output_json": ADD},
        {"output_json": {"code": ADD}},
        {"output_json": {"solution": ADD, "n": 1}},
    ):
        assert plan(ADDS, output)[0].source == ADD
    assert plan(ADDS, {"output_json": {"code": f"```python\n{ADD}\n```"}})[0].source == f"{ADD}\n"


def test_no_program_asks_for_nothing() -> None:
    assert plan(ADDS, "") == []
    assert plan(ADDS, ADD, {"code_from": "block"}) == []
    assert plan(ADDS, "#" * 1_000_001) == []
    assert plan(ADDS, f"```python\n{ADD}\n```", {"code_from": "text"})[0].source.startswith("```")
