"""What became of a program, in one word or two."""

from graders.api import Execution
from graders.kit.values import Unreadable, decode
from tests.hostile.tasks import Shape, Task


def said(execution: Execution, task: Task, shape: Shape) -> str:
    """The outcome; if it is `finished`, also the first thing that is not right: `wrong`, or the result's or check's
    outcome. `finished right` is a pass."""
    if execution.outcome != "finished":
        return execution.outcome
    if shape in {"forked", "trusted"}:
        first = next((check.outcome for check in execution.checks if check.outcome != "held"), "right")
        return f"finished {first}"
    parts = _values(execution, task) if shape == "structured" else _stdouts(execution, task)
    return "finished " + next((part for part in parts if part != "right"), "right")


def _values(execution: Execution, task: Task) -> list[str]:
    assert len(execution.results) == len(task.cases)
    return [
        _compared(result.value, expected) if result.outcome == "returned" else result.outcome
        for result, (_, expected) in zip(execution.results, task.cases, strict=True)
    ]


def _compared(text: str, expected: object) -> str:
    try:
        value = decode(text)
    except Unreadable:
        return "unreadable"
    return "right" if (type(value), value) == (type(expected), expected) else "wrong"


def _stdouts(execution: Execution, task: Task) -> list[str]:
    assert len(execution.results) == len(task.stdouts)
    pairs = zip(execution.results, task.stdouts, strict=True)
    return ["right" if result.stdout == expected else "wrong" for result, expected in pairs]
