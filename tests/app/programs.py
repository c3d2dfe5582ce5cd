"""A grader that runs programs, for tests of the way there and back: the sample is a function `f` or a script."""

from pathlib import Path
from typing import Any

GRADER = '''"""Runs the sample as the item says: its calls, its stdins, or its test."""
from typing import Any
from typing_extensions import TypedDict
from pydantic import BaseModel, ConfigDict, Field
from graders.api import Grade, Program
from graders.kit.values import encode_call
VERDICTS = ("right", "wrong")
SMALL_MAX_BYTES = 20_000
class Item(BaseModel):
    args: list[Any] | None = Field(None, description="Arguments of one call of `f`.")
    stdin: str | None = Field(None, description="What the script reads.")
    test: str = Field("", description="A `check(candidate)` for `f`.")
    expected: str = Field("", description="The encoded value, or the stdout.")
    limits: dict[str, Any] = Field({}, description="Fields of the program.")
    times: int = Field(1, description="How many such programs; those after the first time have a comment.")
class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")
    right: float = Field(1.0, description="What a right program earns.")
class Details(TypedDict):
    outcomes: list[str]
def plan(sample, item, config):
    fields = dict(item.limits)
    if item.args is not None:
        fields |= {"entry_point": "f", "calls": (encode_call(*item.args),)}
    if item.test:
        fields |= {"entry_point": "f", "test": item.test}
    if item.stdin is not None:
        fields["stdin"] = item.stdin
    return [Program(sample.text + "\\n#" * n, **fields) for n in range(item.times)] if sample.text else []
def is_right(found, item):
    if found.checks:
        return all(check.outcome == "held" for check in found.checks)
    if item.args is not None:
        return found.results[0].value == item.expected
    return found.outcome == "finished" and found.stdout == item.expected
def grade(sample, item, config, results):
    right = bool(results) and all(is_right(found, item) for found in results)
    outcomes = [found.outcome for found in results]
    return Grade(config.right if right else 0.0, "right" if right else "wrong", f"It came to {outcomes}.",
                 details={"outcomes": outcomes})
'''

GRADE = "/v1/graders/runs@v1/grade"
GRADE_BATCH = "/v1/graders/runs@v1/grade-batch"

SQUARE = "def f(x):\n    return x * x"
TEST = "def check(candidate):\n    assert candidate(3) == 9"
SLEEP = "import time\ndef f(x):\n    time.sleep({seconds})\n    return x * x"
"""A format: `SLEEP.format(seconds=1)`."""


def install(folder: Path) -> str:
    """Writes the grader `runs@v1` below `folder`; returns the value of RFT_GRADERS_PATH."""
    (folder / "graders" / "runs").mkdir(parents=True)
    (folder / "graders" / "runs" / "v1.py").write_text(GRADER)
    return str(folder / "graders")


def called(source: str, x: int = 3, **limits: Any) -> dict[str, Any]:
    """A request body: `f(x)` is to be the square of `x`."""
    return {"item": {"args": [x], "expected": str(x * x), "limits": limits}, "sample": source}


def judged(source: str, test: str = TEST, **limits: Any) -> dict[str, Any]:
    """A request body: `check(f)` is to hold."""
    return {"item": {"test": test, "limits": limits}, "sample": source}
