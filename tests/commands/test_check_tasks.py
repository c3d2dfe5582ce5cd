"""`check-tasks` names the tasks that cannot tell right from wrong, and what passes them."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from app.commands.check_tasks import BadLine, Fault, Summary, Task, read_task
from tests.command_line import rft

ADD = "def add(a, b):\n    return a + b"
GOOD = {
    "task_id": "good",
    "entry_point": "add",
    "prompt": "def add(a, b):\n    '''Adds.\n\n    >>> add(1, 1)\n    2\n    '''\n",
    "test": "def check(candidate):\n    assert candidate(1, 1) == 2\n    assert candidate(2, 3) == 5\n",
    "canonical_solution": "    return a + b",
}
HIDDEN = {"args": [20, 3], "expected": 23, "hidden": True}


def task(name: str, solution: str = ADD, **fields: Any) -> dict[str, Any]:
    return {"task_id": name, "entry_point": "add", "solution": solution, **fields}


BAD = {
    "solution": task("wrong solution", "def add(a, b): return a", checks=["assert add(1, 2) == 3"]),
    "constant": task(
        "constant", cases=[{"args": [3, 4], "expected": 7}, {"args": [0, 7], "expected": 7, "hidden": True}]
    ),
    "echo": task("echo", cases=[{"args": [1, 0], "expected": 1}, {"args": [5, 0], "expected": 5, "hidden": True}]),
    "empty": task("empty", "def add(a, b): pass", test="def check(candidate):\n    assert candidate(1, 2) is None\n"),
    "learnt": task("learnt", cases=[{"args": [1, 2], "expected": 3}, {"args": [3, 4], "expected": 7}]),
    "learnt by doctest": {
        **GOOD,
        "task_id": "doctest",
        "test": "def check(f):\n    assert f(1, 1) == 2\n    f(2, 3)\n",
    },
    "unscored": task("asks nothing", test="def check(candidate): pass"),
}
OTHERS = [
    GOOD,
    task("cases", cases=[{"args": [1, 2], "expected": 3}, HIDDEN]),
    task("checks", checks=["assert add(1, 2) == 3", {"check": "assert add(20, 3) == 23", "hidden": True}]),
    task("nested", item={"entry_point": "add", "cases": [{"args": [1, 2], "expected": 3}, HIDDEN]}),
    {
        "task_id": "stdio",
        "solution": "print(int(input()) * 2)",
        "stdio_cases": [{"stdin": "1", "expected": "2"}, {"stdin": "7", "expected": "14", "hidden": True}],
    },
]


def check(tmp_path: Path, rows: list[dict[str, Any]], expect: int = 0) -> tuple[dict[str, Any], str, str]:
    """What is told of each task, by name, and what is printed."""
    (tmp_path / "tasks.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    shown, errors = rft(
        "check-tasks", "code_tests@v1", "--input", tmp_path / "tasks.jsonl", "--output", tmp_path / "out.jsonl",
        expect=expect,
    )  # fmt: skip
    told = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    return {line["task"]: line for line in told}, shown, errors


def test_tasks_that_tell_right_from_wrong_are_good(tmp_path: Path) -> None:
    told, shown, _ = check(tmp_path, OTHERS)

    assert {name: line["faults"] for name, line in told.items()} == {row["task_id"]: [] for row in OTHERS}
    assert f"{len(OTHERS)} of {len(OTHERS)} tasks tell right from wrong; 0 do not." in shown


def test_each_bad_task_is_named_with_what_passes_it(tmp_path: Path) -> None:
    told, shown, _ = check(tmp_path, [*BAD.values(), GOOD], expect=1)

    faults = {name: [fault["program"].split()[0] for fault in line["faults"]] for name, line in told.items()}
    assert faults["wrong solution"] == ["solution"]
    assert told["wrong solution"]["faults"][0]["verdict"] == "wrong_answer"
    assert "constant" in faults["constant"]
    assert "echo" in faults["echo"]
    assert "empty" in faults["empty"]
    assert faults["learnt"] == ["learnt"]
    assert faults["doctest"] == ["constant", "learnt"]
    assert told["asks nothing"]["faults"][0]["verdict"] == "unscored"
    assert faults["good"] == []
    assert "1 of 8 tasks tell right from wrong; 7 do not" in " ".join(shown.split())


def test_in_a_narrow_terminal_each_program_stands_beside_its_verdict() -> None:
    console = Console(width=60, file=StringIO())
    programs = ("echo of the first argument", "constant 0")
    faults = [Fault(program, "passed", "It knows nothing of the task.") for program in programs]
    summary = Summary()
    summary.add(Task(2, "weak", {}, "", faults=faults))

    with console.capture() as shown:
        summary.show(console)

    lines = shown.get().splitlines()
    beside = {begin: "passed" in line for line in lines for begin in ("echo of", "constant 0") if begin in line}
    assert beside == {"echo of": True, "constant 0": True}


def test_a_bad_line_is_told_with_its_number(tmp_path: Path) -> None:
    rows = [GOOD, {key: GOOD[key] for key in ("entry_point", "test")}]

    told, shown, errors = check(tmp_path, rows, expect=1)

    assert list(told) == ["good"]
    assert "line 2: wanted the right solution" in errors
    assert "1 bad lines" in " ".join(shown.split())


def test_only_tasks_for_programs_can_be_checked(tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl").write_text("{}")

    _, errors = rft("check-tasks", "finance_qa@v1", "--input", tmp_path / "tasks.jsonl", expect=2)

    assert "does not stand on code_tests" in errors


@pytest.mark.parametrize("line", [b"no JSON", b"[1]", b'{"item": {}}', b'{"solution": 3}'])
def test_a_line_without_a_solution_is_refused(line: bytes) -> None:
    with pytest.raises(BadLine, match=r"no JSON|wanted"):
        read_task(1, line)


def test_the_first_key_that_has_a_text_is_the_solution() -> None:
    assert read_task(1, b'{"canonical_solution": null, "solution": "a", "code": "b"}').solution == "a"
    assert read_task(1, b'{"mine": "c", "solution": "a"}', ["mine"]).solution == "c"
