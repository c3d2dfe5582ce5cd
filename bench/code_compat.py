"""Do public problem sets mean to code_tests what they mean to Python? `python bench/code_compat.py FOLDER`.

FOLDER holds HumanEval.jsonl.gz (openai/human-eval, MIT) and mbpp_release_v1.jsonl (MBPP in HumanEval's form, from
amazon-science/mxeval, `data/mbxp`, CC-BY-4.0). Through the grader and the sandbox, with tests judged beside the program
and against recorded calls: canonical solutions must pass, null solutions must fail, and of the variants made by
mutation (`code_mutants.py`) each one that the original test rejects in a plain interpreter must be rejected, where that
interpreter accepts the canonical solution. Exit code 0 only if all of it holds.
"""

import asyncio
import gzip
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.code_mutants import mutants
from bench.outside import data_folder
from graders.api import Sample
from graders.code_tests import v1
from graders.errors import Unscored
from sandbox import Sandbox, SandboxSettings
from sandbox.interpreter import ENVIRONMENT

SETS = {"HumanEval": ("HumanEval.jsonl.gz", 164), "MBPP": ("mbpp_release_v1.jsonl", 963)}
"""File, and how many canonical solutions must pass."""

MUTANTS_PER_PROBLEM = 3
# Variants often loop. Plain Python gets more, so that what is too slow there is too slow here.
_VARIANT_CPU_S = 2
_PLAIN_CPU_S = 4
_PLAIN_TIMEOUT_S = 20
_TOGETHER = 60
_SLOTS = 3


@dataclass(frozen=True, slots=True)
class Trial:
    """A program for a problem."""

    problem: dict[str, Any]
    source: str

    @property
    def id(self) -> str:
        return str(self.problem["task_id"])


def canonical(problem: dict[str, Any]) -> Trial:
    return Trial(problem, problem["prompt"] + problem["canonical_solution"])


def null(problem: dict[str, Any]) -> Trial:
    return Trial(problem, f"def {problem['entry_point']}(*args, **kwargs):\n    return None\n")


def variants(problem: dict[str, Any]) -> list[Trial]:
    found = mutants(canonical(problem).source, MUTANTS_PER_PROBLEM, problem["task_id"])
    return [Trial(problem, source) for source in found]


class Judge:
    """Grades trials; tells how far it is."""

    def __init__(self, sandbox: Sandbox, progress: Progress) -> None:
        self._sandbox, self._progress = sandbox, progress

    async def verdicts(self, name: str, trials: Sequence[Trial], trusted: bool, cpu_s: float = 10) -> list[str]:
        """One verdict per trial, or the code of an error."""
        config = v1.Config.model_validate({"limits": {"cpu_s": cpu_s}})
        found = []
        bar = self._progress.add_task(name, total=len(trials))
        for start in range(0, len(trials), _TOGETHER):
            some = trials[start : start + _TOGETHER]
            found += [verdict async for verdict in self._some(some, trusted, config)]
            self._progress.advance(bar, len(some))
        return found

    async def _some(self, trials: Sequence[Trial], trusted: bool, config: v1.Config) -> AsyncIterator[str]:
        read = [
            (Sample(output_text=f"```python\n{trial.source}\n```\n"), v1.Item.model_validate(trial.problem))
            for trial in trials
        ]
        plans = [v1.plan(sample, item, config) for sample, item in read]
        programs = [program for plan in plans for program in plan]
        executions = iter(await self._sandbox.run(programs, time.monotonic() + 600, trusted=trusted))
        for (sample, item), plan in zip(read, plans, strict=True):
            results = [next(executions) for _ in plan]
            try:
                yield v1.grade(sample, item, config, results).verdict
            except Unscored as error:
                yield error.code

    async def accepted_by_python(self, name: str, trials: Sequence[Trial], python: str) -> list[bool]:
        """Whether the test accepts each program in an interpreter of its own, without a sandbox."""
        bar = self._progress.add_task(name, total=len(trials))
        free = asyncio.Semaphore(_SLOTS)

        async def one(trial: Trial) -> bool:
            async with free:
                is_accepted = await _accepts(trial, python)
            self._progress.advance(bar)
            return is_accepted

        return await asyncio.gather(*map(one, trials))


async def _accepts(trial: Trial, python: str) -> bool:
    problem = trial.problem
    text = (
        f"import resource\nresource.setrlimit(resource.RLIMIT_CPU, ({_PLAIN_CPU_S}, {_PLAIN_CPU_S}))\n"
        f"{trial.source}\ncandidate = {problem['entry_point']}\n{problem['test']}\ncheck(candidate)\n"
    )
    process = await asyncio.create_subprocess_exec(
        python, "-P", "-s", "-S", "-", env=ENVIRONMENT,
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_PLAIN_TIMEOUT_S):
            await process.communicate(text.encode())
    except TimeoutError:
        process.kill()
        await process.wait()
    return process.returncode == 0


def read(file: Path) -> list[dict[str, Any]]:
    text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return [json.loads(line) for line in text.splitlines() if line.strip()]


async def judge_set(name: str, problems: list[dict[str, Any]], least: int, judge: Judge, python: str) -> bool:
    """Prints what came of one set; whether it holds."""
    right, nothing = list(map(canonical, problems)), list(map(null, problems))
    sane = await judge.accepted_by_python(f"{name}: canonical, plain Python", right, python)
    changed = [
        trial for known, is_sane in zip(right, sane, strict=True) if is_sane for trial in variants(known.problem)
    ]
    beside = await judge.verdicts(f"{name}: canonical, judged beside", right, trusted=False)
    recorded = await judge.verdicts(f"{name}: canonical, recorded calls", right, trusted=True)
    empty = await judge.verdicts(f"{name}: null", nothing, trusted=True)
    plain = await judge.accepted_by_python(f"{name}: variants, plain Python", changed, python)
    ours = await judge.verdicts(f"{name}: variants", changed, trusted=True, cpu_s=_VARIANT_CPU_S)
    lost = [trial.id for trial, verdict in zip(right, beside, strict=True) if verdict != "passed"]
    differing = [trial.id for trial, *both in zip(right, beside, recorded, strict=True) if len(set(both)) > 1]
    paid = [trial.id for trial, verdict in zip(nothing, empty, strict=True) if verdict == "passed"]
    missed = [t.id for t, ok, verdict in zip(changed, plain, ours, strict=True) if not ok and verdict == "passed"]
    strict = [t.id for t, ok, verdict in zip(changed, plain, ours, strict=True) if ok and verdict != "passed"]
    table = Table("", "programs", "", title=name)
    table.add_row("canonical solutions that pass", str(len(right) - len(lost)), f"at least {least}; not: {_few(lost)}")
    table.add_row("judged otherwise against recorded calls", str(len(differing)), f"0: {_few(differing)}")
    table.add_row("null solutions that pass", str(len(paid)), f"0: {_few(paid)}")
    table.add_row("canonical solutions that plain Python rejects", str(sane.count(False)), "they have no variants")
    table.add_row("variants", str(len(changed)), f"{plain.count(False)} of them rejected by plain Python")
    table.add_row("rejected by Python, passed by us", str(len(missed)), f"0: {_few(missed)}")
    table.add_row("accepted by Python, not by us", str(len(strict)), _few(strict))
    Console().print(table)
    return len(right) - len(lost) >= least and not (differing or paid or missed)


def _few(names: list[str]) -> str:
    return ", ".join(names[:12]) + (" ..." if len(names) > 12 else "") or "none"


async def main(folder: Path) -> bool:
    holds = True
    with Progress(console=Console(stderr=True), transient=True) as progress:
        async with Sandbox(SandboxSettings(slots=_SLOTS)) as sandbox:
            python = sandbox.interpreters["plain"].path
            for name, (file, least) in SETS.items():
                problems = read(folder / file)
                holds &= await judge_set(name, problems, least, Judge(sandbox, progress), python)
    return holds


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main(data_folder(__doc__, *(file for file, _ in SETS.values())))) else 1)
