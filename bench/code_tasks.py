"""HumanEval's canonical solutions as programs, and as the requests whose grades take just these programs."""

import gzip
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graders.api import Execution, Program
from sandbox import Sandbox

HUMAN_EVAL = "HumanEval.jsonl.gz"
GRADER = "code_tests@v1"
CONFIG = {"prompt_use": "judge"}


@dataclass(frozen=True, slots=True)
class Task:
    """One program and the sample and item that ask for it."""

    program: Program
    item: dict[str, Any]
    sample: dict[str, Any]

    @classmethod
    def of(cls, program: Program, execution: Execution) -> "Task":
        """What the program was seen to answer is what it must answer."""
        item: dict[str, Any] = {"entry_point": program.entry_point}
        if program.calls:
            pairs = zip(program.calls, execution.results, strict=True)
            item["cases"] = [{**json.loads(call), "expected": json.loads(result.value)} for call, result in pairs]
        else:
            item |= {"test": program.test, "prompt": program.prompt}
        return cls(program, item, {"output_text": f"```python\n{program.source}\n```"})


async def human_eval(folder: Path, sandbox: Sandbox) -> tuple[list[Task], list[Task]]:
    """Structured ones, their calls recorded from the tests, and ones with the tests themselves."""
    with gzip.open(folder / HUMAN_EVAL, "rt") as lines:
        problems = [json.loads(line) for line in lines]
    judged = [
        Program(
            problem["prompt"] + problem["canonical_solution"],
            entry_point=problem["entry_point"],
            test=problem["test"],
            prompt=problem["prompt"],
        )
        for problem in problems
    ]
    seen = await sandbox.run(judged, time.monotonic() + 300, trusted=True)
    calls = [tuple(result.call for result in execution.results) for execution in seen]
    structured = [replace(p, test="", prompt="", calls=c) for p, c in zip(judged, calls, strict=True) if c]
    answered = await sandbox.run(structured, time.monotonic() + 300)
    pairs = zip(structured, answered, strict=True)
    return [Task.of(*pair) for pair in pairs], [Task.of(*pair) for pair in zip(judged, seen, strict=True)]
