"""`rft-graders check-tasks`: which tasks of a file cannot tell right from wrong, found by running programs.

A weak test pays for weak programs for a whole training run, and a wrong one for none; both are found here in minutes.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Annotated, Any, BinaryIO

import typer
from pydantic import BaseModel
from pydantic_core import from_json, to_json
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from app.admission.claim import Claim
from app.auth import LOCAL
from app.commands.console import err, find, load_graders, out, settings, stop, stop_for
from app.commands.files import UnusableFile, is_stdout, reading, size_bytes, writing
from app.commands.grade import read_config
from app.errors import InvalidProgram, ServiceError
from app.metrics import Metrics
from app.programs import Programs, sandbox_settings
from app.settings import Settings
from graders.api import Execution, Grade, Program, Sample
from graders.code_tests.probes import probes
from graders.code_tests.task import task_of
from graders.errors import Unscored
from graders.registry import Grader

_GRADER = "code_tests"
_SOLUTIONS = ("canonical_solution", "solution", "code")
_NAMES = ("task_id", "id", "name")
_SHOWN_MAX = 40
_TOGETHER = 32
_WANTED = "a file of JSON lines, each a task with its solution"


class BadLine(ValueError):
    """A line that holds no task with a solution: what was wanted, and what is there."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A program whose verdict shows that the task is no good. `code` is an error's where there is no verdict."""

    program: str
    verdict: str
    why: str


@dataclass(slots=True)
class Task:
    """A line of the input."""

    line: int
    name: str
    row: dict[str, Any]
    solution: str
    item: BaseModel | None = None
    right: list[Execution] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def check_tasks(
    id: Annotated[str, typer.Argument(metavar="ID", help="code_tests@v1, or a recipe that stands on it.")],
    input: Annotated[Path, typer.Option(help="JSON lines: an item each, there or under `item`. - is stdin.")],
    solution: Annotated[
        str | None,
        typer.Option(help=f"The key of the right solution. Default: the first there is of {', '.join(_SOLUTIONS)}."),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="A JSON line per task, with its faults. - is stdout.")] = None,
    config: Annotated[Path | None, typer.Option(help="The grader's config, JSON or TOML.")] = None,
) -> None:
    """Find the tasks that cannot tell right from wrong: the solution must pass, and an empty program, constants, echoes
    and one that has learnt the visible tests by heart must not. Exit code 1 if any task or line is bad.
    """
    chosen = settings()
    grader = find(load_graders(chosen), id)
    if grader.version.name != _GRADER:
        stop(f"{id} does not stand on {_GRADER}: only tasks for programs can be checked.")
    keys = (solution,) if solution else _SOLUTIONS
    try:
        checker = Checker(grader, grader.with_config(read_config(config)).model, chosen)
        with reading(input, _WANTED) as lines:
            summary = asyncio.run(_check_file(checker, lines, output, keys))
    except (ServiceError, Unscored) as error:
        stop_for(error)
    except UnusableFile as error:
        stop(str(error))
    except BrokenPipeError:
        raise  # Nobody reads stdout any more: click ends the command without a word.
    except OSError as error:
        stop(str(error))
    summary.show(err if is_stdout(output) else out)
    if summary.bad or summary.bad_lines:
        raise typer.Exit(1)


@dataclass(slots=True)
class Summary:
    """What came of the tasks."""

    tasks: int = 0
    bad_lines: int = 0
    bad: list[Task] = field(default_factory=list)

    def add(self, task: Task) -> None:
        self.tasks += 1
        if task.faults:
            self.bad.append(task)

    def show(self, console: Console) -> None:
        if self.bad:
            console.print(self._table())
            if len(self.bad) > _SHOWN_MAX:
                console.print(f"... and {len(self.bad) - _SHOWN_MAX} more; --output has them all.", highlight=False)
        kinds = Counter(kind for task in self.bad for kind in {fault.program.split()[0] for fault in task.faults})
        told = "".join(f", {kind} {count}" for kind, count in kinds.most_common())
        good = self.tasks - len(self.bad)
        lines = f"; {self.bad_lines} bad lines" if self.bad_lines else ""
        console.print(
            f"{good} of {self.tasks} tasks tell right from wrong; {len(self.bad)} do not{told}{lines}.", highlight=False
        )

    def _table(self) -> Table:
        table = Table("line", "task", "program", "verdict", "why")
        for task in self.bad[:_SHOWN_MAX]:
            named = (str(task.line), Text(task.name))
            for fault in task.faults:
                table.add_row(*named, *map(Text, (fault.program, fault.verdict, fault.why[:200])))
                named = ("", Text())
            table.add_section()
        return table


class Checker:
    """Runs programs for tasks."""

    def __init__(self, grader: Grader, config: BaseModel, chosen: Settings) -> None:
        self._grader, self._version, self._config = grader, grader.version, config
        self._programs = Programs(sandbox_settings(chosen), Metrics())
        self._deadline_s = chosen.deadline_s

    async def close(self) -> None:
        await self._programs.close()

    async def check(self, tasks: Sequence[Task]) -> None:
        """Gives each task its faults.

        Raises:
            ServiceError: programs cannot be run here.
        """
        await asyncio.gather(*map(self._solve, tasks))
        await asyncio.gather(*(self._probe(task) for task in tasks if not task.faults))

    async def _solve(self, task: Task) -> None:
        """The right solution must pass."""
        try:
            task.item = self._version.read_item(self._grader.mapped(task.row))
            graded, task.right = await self._grade(task, task.solution)
        except (Unscored, InvalidProgram) as error:
            task.faults.append(_unscored("solution", error))
        else:
            if graded.verdict != "passed":
                task.faults.append(Fault("solution", graded.verdict, graded.reason))

    async def _probe(self, task: Task) -> None:
        """Nothing else may."""
        item: Any = task.item
        config: Any = self._config
        prompt = item.prompt if isinstance(item.prompt, str) else ""
        programs = probes(task_of(item, config), task.right, prompt)
        for name, source in programs.items():
            try:
                graded, _ = await self._grade(task, f"```python\n{source}```")
            except Unscored as error:
                task.faults.append(_unscored(name, error))
            else:
                if graded.verdict == "passed":
                    task.faults.append(Fault(name, graded.verdict, "It knows nothing of the task."))

    async def _grade(self, task: Task, output: str) -> tuple[Grade, list[Execution]]:
        assert task.item is not None, "it has been read"
        sample = Sample(output_text=output)
        plan: list[Program] = self._version.plan(sample, task.item, self._config)
        claim = Claim.within(self._deadline_s * _TOGETHER, LOCAL)
        found = await self._programs.run(plan, claim) if plan else []
        return self._version.judge(sample, task.item, self._config, found), found


def _unscored(program: str, error: Unscored | ServiceError) -> Fault:
    places = "".join(f" [{fault.pointer}: {fault.detail}]" for fault in error.faults)
    return Fault(program, "unscored", error.detail + places)


async def _check_file(checker: Checker, lines: BinaryIO, output: Path | None, keys: Sequence[str]) -> Summary:
    summary = Summary()
    with (
        writing(output, lines) as results,
        Progress(console=err, transient=True) as progress,
    ):
        bar = progress.add_task("checking", total=size_bytes(lines))
        numbered = enumerate(lines, 1)
        try:
            while chunk := list(islice(numbered, _TOGETHER)):
                tasks = list(_read_all(chunk, keys, summary))
                await checker.check(tasks)
                _tell(tasks, summary, results)
                progress.update(bar, advance=sum(len(line) for _, line in chunk))
        finally:
            await checker.close()
    return summary


def _tell(tasks: Sequence[Task], summary: Summary, results: IO[bytes] | None) -> None:
    for task in tasks:
        summary.add(task)
        if results is not None:
            told = {"line": task.line, "task": task.name, "good": not task.faults}
            results.write(to_json(told | {"faults": [asdict(fault) for fault in task.faults]}) + b"\n")


def _read_all(chunk: Sequence[tuple[int, bytes]], keys: Sequence[str], summary: Summary) -> Iterator[Task]:
    """The tasks; each bad line is counted and told with its number. Blank lines are passed over."""
    for number, line in chunk:
        if not line.strip():
            continue
        try:
            yield read_task(number, line, keys)
        except BadLine as error:
            summary.bad_lines += 1
            err.print(f"line {number}: {error}", style="red", markup=False, highlight=False)


def read_task(number: int, line: bytes, keys: Sequence[str] = _SOLUTIONS) -> Task:
    """The task in one JSON line: the item under `item`, or else the line itself, and its right solution.

    Raises:
        BadLine: no JSON object, or no text under any of `keys`.
    """
    try:
        row = from_json(line, allow_inf_nan=False)
    except ValueError as error:
        raise BadLine(f"no JSON: {error}") from error
    if not isinstance(row, dict):
        raise BadLine(f"wanted a JSON object, got {type(row).__name__}.")
    nested = row.get("item")
    item = nested if isinstance(nested, dict) else row
    both = item | row
    solution = next((both[key] for key in keys if isinstance(both.get(key), str)), None)
    if solution is None:
        raise BadLine(f"wanted the right solution as text under {' or '.join(keys)}; the keys are {', '.join(both)}.")
    name = next((str(both[key]) for key in _NAMES if key in both), "")
    return Task(number, name, item, solution)
