"""From executions to rewards, verdicts and what is told."""

import json
from typing import Any

import pytest

from graders.api import Check, Execution, Grade, Result
from graders.code_tests import v1
from graders.errors import InvalidItem
from tests.graders.code_tests.grading import ADD, ADDS, CHECKED, PRINTS, checked, grade, printed, returned

SECRET = "hidden-word"


def reward_of(found: Grade) -> tuple[float, str]:
    return round(found.reward, 6), found.verdict


def test_every_right_answer_passes() -> None:
    assert reward_of(grade(ADDS, [returned(3, 4)])) == (1.0, "passed")
    assert reward_of(grade(CHECKED, [checked("held")])) == (1.0, "passed")
    assert reward_of(grade(PRINTS, [printed("2\n", "3")])) == (1.0, "passed")


def test_one_wrong_answer_pays_nothing_by_default() -> None:
    assert reward_of(grade(ADDS, [returned(3, 5)])) == (0.0, "wrong_answer")
    assert reward_of(grade(CHECKED, [checked("failed")])) == (0.0, "wrong_answer")
    assert reward_of(grade(PRINTS, [printed("2", "2")])) == (0.0, "wrong_answer")


FIVE = [{"args": [n], "expected": n, "weight": n, "subtasks": ["a"] if n < 3 else ["b", "c"]} for n in range(5)]


@pytest.mark.parametrize(
    ("scoring", "reward"),
    [("all", 0), ("fraction", 0.8), ("weighted", 0.6), ("weighted_sum", 0.08 / 1.1), ("first_k", 2 / 3)],
)
def test_each_scoring_pays_its_formula(scoring: str, reward: float) -> None:
    """Four of five are right; the wrong one is the last, or under `first_k` the third of three."""
    item = {"entry_point": "f", "cases": FIVE}
    values = [0, 1, 9] if scoring == "first_k" else [0, 1, 2, 3, 9]

    found = grade(item, [returned(*values)], config={"scoring": scoring, "first_k": 3})

    assert found.reward == pytest.approx(reward)
    assert found.verdict == ("partial" if reward else "wrong_answer")


def test_a_subtask_pays_when_every_test_of_it_passed() -> None:
    item = {"entry_point": "f", "cases": FIVE, "subtasks": {"a": 10, "b": 20, "c": 70}}

    assert grade(item, [returned(0, 1, 2, 3, 9)], config={"scoring": "subtask_min"}).reward == pytest.approx(0.1)
    found = grade({**item, "subtasks": {}}, [returned(9, 1, 2, 3, 4)], config={"scoring": "subtask_min"})
    assert found.reward == pytest.approx(2 / 3)
    assert found.details["subtasks"] == {"a": False, "b": True, "c": True}


@pytest.mark.parametrize("outcome", sorted(set(v1.VERDICTS) - {"passed", "partial", "wrong_answer", "no_code"}))
def test_the_end_of_a_program_is_the_verdict(outcome: str) -> None:
    unreached = Result("not_reached")
    assert grade(ADDS, [returned(unreached, unreached, outcome=outcome)]).verdict == outcome
    assert grade(CHECKED, [Execution(outcome, checks=(Check("not_reached"),))]).verdict == outcome
    assert grade(PRINTS, [printed(Result(outcome), "3")]).verdict == outcome


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (Result("raised", error="KeyError: 1"), "runtime_error"),
        (Result("raised", error="SystemExit: 0"), "exited_early"),
        (Result("memory_limit", error="MemoryError: "), "memory_limit"),
        (Result("unsendable", error="Unsendable: ..."), "wrong_answer"),
        (Result("returned", "no JSON"), "protocol_error"),
        (Result("returned", '{"$":["no such tag",1]}'), "protocol_error"),
        (Result("returned", "[" * 100_000), "wrong_answer"),
        (Result("not_reached"), "protocol_error"),
        (Result("a word of a later sandbox"), "protocol_error"),
    ],
)
def test_a_call_without_a_right_answer_has_its_word(result: Result, verdict: str) -> None:
    assert reward_of(grade(ADDS, [returned(result, 4)])) == (0.0, verdict)


def test_the_first_failed_test_gives_the_verdict() -> None:
    died = returned(3, Result("not_reached"), outcome="timeout")

    assert grade(ADDS, [died]).verdict == "timeout"
    assert grade(ADDS, [returned(0, Result("not_reached"), outcome="timeout")]).verdict == "wrong_answer"
    assert reward_of(grade(ADDS, [died], config={"scoring": "fraction"})) == (0.5, "partial")


def test_a_test_that_fails_by_itself_is_the_dataset_s_fault_until_it_has_seen_an_answer() -> None:
    with pytest.raises(InvalidItem, match="NameError: x"):
        grade(CHECKED, [checked("judge_error", had_value=False, error="NameError: x")])
    assert grade(CHECKED, [checked("judge_error", error="TypeError: x")]).verdict == "wrong_answer"
    assert grade(CHECKED, [checked("raised", error="ValueError: x")]).verdict == "runtime_error"
    assert grade(CHECKED, [checked("raised", error="ProgramError: SystemExit: 0")]).verdict == "exited_early"
    assert grade(CHECKED, [checked("raised", error="MemoryError: ")]).verdict == "memory_limit"
    with pytest.raises(InvalidItem, match="without one call"):
        grade(CHECKED, [checked("held", calls_made=0)])


def test_a_checker_judges_only_what_is_there() -> None:
    item = {**ADDS, "checker": "def check(answer, expected, given): assert answer == expected"}
    answers = (Result("returned", "3"), Result("returned", "4"))

    def found(*outcomes: str, results: tuple[Result, ...] = answers, had_value: bool = True) -> Grade:
        checks = tuple(Check(outcome, had_value=had_value) for outcome in outcomes)
        return grade(item, [Execution("finished", results=results, checks=checks)])

    assert found("held", "held").verdict == "passed"
    assert found("held", "failed").verdict == "wrong_answer"
    assert found("held", "judge_error").verdict == "wrong_answer"
    assert found("held", "not_reached").verdict == "protocol_error"
    raised = (answers[0], Result("raised", error="KeyError: 1"))
    assert found("held", "not_reached", results=raised).verdict == "runtime_error"
    assert found("held", "held", results=raised).verdict == "runtime_error"
    with pytest.raises(InvalidItem):
        found("judge_error", "judge_error", had_value=False)


def test_as_many_executions_as_programs_are_wanted() -> None:
    with pytest.raises(ValueError, match="zip"):
        grade(ADDS, [])


@pytest.mark.parametrize(
    ("execution", "is_paid"),
    [
        (returned(Result("raised", error="KeyError: 1"), 4), True),
        (Execution("load_error", error="NameError: name 'x' is not defined"), True),
        (Execution("timeout"), True),
        (Execution("load_error", error="SyntaxError: invalid syntax"), False),
        (Execution("load_error", error="IndentationError: unexpected indent"), False),
        (Execution("load_error", error="ValueError: source code string cannot contain null bytes"), False),
        (Execution("memory_limit"), False),
        (Execution("sandbox_violation"), False),
        (Execution("protocol_error"), False),
    ],
)
def test_the_floor_is_for_what_could_be_compiled(execution: Execution, is_paid: bool) -> None:
    config = {"syntax_floor": 0.1}

    assert grade(ADDS, [execution], config=config).reward == (0.1 if is_paid else 0.0)
    assert grade(ADDS, [execution]).reward == 0.0
    assert grade(ADDS, [], "", config).reward == 0.0
    assert grade(ADDS, [returned(3, 5)], config={**config, "scoring": "fraction"}).reward == 0.5


def test_a_sample_without_a_program_is_judged() -> None:
    for output in ("", "```bash\nls\n```", "#" * 1_000_001):
        found = grade(ADDS, [], output)
        assert reward_of(found) == (0.0, "no_code")
        assert found.answer is None
    assert "1,000,000" in found.reason


def test_the_answer_is_the_program_where_it_stands() -> None:
    text = f"Like this:\n```python\n{ADD}\n```\nDone."

    found = grade(ADDS, [returned(3, 4)], text)

    assert found.answer == f"{ADD}\n"
    assert found.answer_span is not None
    assert text[slice(*found.answer_span)] == found.answer
    assert grade(ADDS, [returned(3, 4)], {"output_json": {"code": ADD}}).answer_span is None


def test_a_reason_says_what_was_asked_what_came_and_what_was_expected() -> None:
    found = grade(ADDS, [returned(3, 5)])

    assert found.reason == "Test 2 of 2: wrong_answer: add(2, 2); gave 5; expected 4."
    assert found.details["feedback"] == f"1 of 2 tests passed.\n{found.reason}"
    told = found.details["tests"][1]
    assert (told["given"], told["got"], told["expected"]) == ("add(2, 2)", "5", "4")
    found = grade(PRINTS, [printed("2", "x\n")])
    assert found.reason == "Test 2 of 2: wrong_answer: the stdin '2'; gave 'x\\n'; expected '3'."
    found = grade(ADDS, [Execution("load_error", error="NameError: name 'x' is not defined")])
    assert found.reason == "The program ended with load_error: NameError: name 'x' is not defined."


HIDING: list[tuple[dict[str, Any], list[Execution]]] = [
    (
        {
            "entry_point": "f",
            "cases": [{"args": [1], "expected": 2}, {"args": [SECRET], "expected": SECRET, "hidden": True}],
        },
        [returned(1), returned(Result("raised", error=f"{SECRET}: {SECRET}"), stdout=SECRET, stderr=SECRET)],
    ),
    (
        {"entry_point": "f", "cases": [{"args": [SECRET], "expected": SECRET, "hidden": True}]},
        [Execution("load_error", error=f"ValueError: {SECRET}", stdout=SECRET)],
    ),
    (
        {"entry_point": "f", "cases": [{"args": [SECRET], "expected": SECRET, "hidden": True}]},
        [returned(SECRET + "!")],
    ),
    ({"entry_point": "f", "test": f"assert f() == {SECRET!r}"}, [checked("failed", error=f"AssertionError: {SECRET}")]),
    ({"entry_point": "f", "test": f"assert f() == {SECRET!r}"}, [checked("raised", error=f"KeyError: {SECRET}")]),
    (
        {"entry_point": "f", "checks": [{"check": f"assert f({SECRET!r})", "hidden": True}]},
        [checked("raised", error=f"KeyError: {SECRET}")],
    ),
    ({"stdio_cases": [{"stdin": SECRET, "expected": SECRET, "hidden": True}]}, [printed(SECRET + "!")]),
    (
        {"stdio_cases": [{"stdin": SECRET, "expected": SECRET, "hidden": True}]},
        [printed(Result("runtime_error", error=f"{SECRET}: {SECRET}", stderr=SECRET))],
    ),
]


@pytest.mark.parametrize(("item", "executions"), HIDING, ids=range(len(HIDING)))
def test_nothing_of_a_hidden_test_is_in_a_grade(item: dict[str, Any], executions: list[Execution]) -> None:
    found = grade(item, executions)

    assert found.reward == 0.0
    assert SECRET not in repr(found)


def test_hidden_tests_are_counted_in_the_feedback() -> None:
    cases = [{"args": [n], "expected": n, "hidden": n > 0} for n in range(3)]

    found = grade({"entry_point": "f", "cases": cases}, [returned(0), returned(7, 7)])

    assert found.details["feedback"] == "1 of 3 tests passed.\n2 hidden tests failed, the first with wrong_answer."
    assert found.reason == "Hidden test 2 of 3: wrong_answer."


def test_many_failed_tests_make_a_short_story() -> None:
    cases = [{"args": ["x" * 10_000], "expected": "y" * 10_000} for _ in range(1000)]

    found = grade({"entry_point": "f", "cases": cases}, [returned(*["z" * 10_000] * 1000)])

    assert len(json.dumps(found.details)) < 200_000
    assert found.details["feedback"].endswith("995 more failed.")
