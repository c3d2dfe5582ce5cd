"""Plans and grades as the service would: from plain JSON values, with executions that a test makes up or a sandbox."""

from collections.abc import Sequence
from typing import Any

from graders.api import Check, Execution, Grade, Program, Result, Sample
from graders.code_tests import v1
from graders.kit.values import encode

ADD = "def add(a, b):\n    return a + b"
ADDS = {"entry_point": "add", "cases": [{"args": [1, 2], "expected": 3}, {"args": [2, 2], "expected": 4}]}
CHECKED = {"entry_point": "add", "test": "def check(candidate):\n    assert candidate(1, 2) == 3"}
PRINTS = {"stdio_cases": [{"stdin": "1", "expected": "2"}, {"stdin": "2", "expected": "3"}]}


def read(item: dict[str, Any], config: dict[str, Any] | None) -> tuple[v1.Item, v1.Config]:
    return v1.Item.model_validate(item), v1.Config.model_validate(config or {})


def plan(item: dict[str, Any], output: Any = ADD, config: dict[str, Any] | None = None) -> list[Program]:
    return v1.plan(Sample.read(output), *read(item, config))


def grade(
    item: dict[str, Any], executions: Sequence[Execution], output: Any = ADD, config: dict[str, Any] | None = None
) -> Grade:
    return v1.grade(Sample.read(output), *read(item, config), executions)


def returned(*values: Any, outcome: str = "finished", **more: Any) -> Execution:
    """An execution whose calls returned `values`; a `Result` stands for itself."""
    results = [value if isinstance(value, Result) else Result("returned", encode(value)) for value in values]
    return Execution(outcome, results=tuple(results), calls_made=len(results), calls_answered=len(results), **more)


def printed(*texts: Any) -> Execution:
    results = [text if isinstance(text, Result) else Result("finished", stdout=text) for text in texts]
    return Execution("finished", results=tuple(results), calls_made=len(texts), calls_answered=len(texts))


def checked(*outcomes: str, calls_made: int = 1, error: str = "", had_value: bool = True, **more: Any) -> Execution:
    checks = tuple(Check(outcome, error, had_value) for outcome in outcomes)
    return Execution("finished", checks=checks, calls_made=calls_made, **more)
