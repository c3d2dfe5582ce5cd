"""A plan and a grade cost little beside the program, and whatever a program hands on, their cost is bounded."""

import json
import time
from typing import Any

import pytest

from graders.api import Execution, Result
from tests.graders.code_tests.grading import checked, grade, plan, returned

COLLISION = (1 << 61) - 1


def colliding(count: int) -> str:
    """A set of so many ints with one hash, as a program would write it."""
    return f'{{"$":["set",{json.dumps([n * COLLISION for n in range(1, count)])}]}}'


HANDED_ON = {
    # At most 256 keys of one hash are read; this many sets of so many fit into what is always read.
    "colliding sets": f"[{','.join([colliding(256)] * 10)}]",
    "one set of colliding keys": colliding(2500),
    "deep": "[" * 30_000 + "]" * 30_000,
    "huge int": json.dumps({"$": ["int", "0x" + "f" * 60_000]}),
    "many digits": "9" * 60_000,
    "many ints of many digits": f"[{','.join(['9' * 4000] * 16)}]",
    "escapes": '"' + "\\u0041" * 10_000 + '"',
    "many keys": json.dumps({str(n): n for n in range(5000)}),
    "complex": '{"$":["complex",["1e999","-nan"]]}',
    "long": "0" * (1 << 20),
}


def fastest_s(work: Any, repeats: int = 5) -> float:
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def test_a_usual_task_costs_less_than_a_fifth_of_running_it() -> None:
    """A program takes about 3.5 ms."""
    text = "Here:\n```python\n" + "def f(xs):\n    return sorted(xs)\n" * 20 + "```\n"
    cases = [{"args": [[3, 1, n]], "expected": [1, 3, n]} for n in range(7)]
    called, tested = {"entry_point": "f", "cases": cases}, {"entry_point": "f", "test": "def check(f): pass\n" * 30}

    for item, execution in ((called, returned(*[[1, 3, n] for n in range(7)])), (tested, checked("held"))):
        assert fastest_s(lambda item=item: plan(item, text), 50) < 0.000_7
        assert fastest_s(lambda item=item, execution=execution: grade(item, [execution], text), 50) < 0.000_7


@pytest.mark.parametrize("name", HANDED_ON)
@pytest.mark.parametrize("expected", [[1], {"$": ["set", [1]]}, {"a": 1}, 0.5, "a"], ids=str)
def test_whatever_a_call_hands_on_costs_less_than_half_a_second(name: str, expected: Any) -> None:
    item = {"entry_point": "f", "cases": [{"expected": expected}], "comparison": {"unordered": "all"}}
    execution = Execution("finished", results=(Result("returned", HANDED_ON[name]),), calls_made=1)

    assert fastest_s(lambda: grade(item, [execution]), 2) < 0.5
    assert grade(item, [execution]).reward == 0.0


@pytest.mark.parametrize("text", ["\n" * (1 << 20), "1.5 " * (1 << 18), " " * (1 << 20), "x" * (1 << 20)])
def test_whatever_a_program_prints_costs_less_than_a_second(text: str) -> None:
    item = {"stdio_cases": [{"stdin": "", "expected": text[: 1 << 18] + "1.25"}]}
    execution = Execution("finished", results=(Result("finished", stdout=text),), calls_made=1)

    assert fastest_s(lambda: grade(item, [execution]), 2) < 1.0


def test_ten_times_the_tests_cost_about_ten_times_as_much() -> None:
    def cost_s(count: int) -> float:
        item = {"entry_point": "f", "cases": [{"args": [n], "expected": n} for n in range(count)]}
        execution = returned(*range(count))
        return fastest_s(lambda: (plan(item), grade(item, [execution])))

    assert cost_s(5000) < 20 * cost_s(500) + 0.01
