"""`rft-graders grade`: a file of samples through the same code as the service, without a server or a ledger."""

import asyncio
import json
import tomllib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Annotated, Any, BinaryIO

import typer
from pydantic import BaseModel, SkipValidation
from pydantic_core import from_json, to_json
from rich.progress import Progress
from rich.table import Table

from app.admission.claim import Claim
from app.admission.rates import RateLimits, Rates
from app.auth import LOCAL
from app.catalogue import Catalogue
from app.commands.console import PLACES_MAX, err, find, load_graders, out, settings, stop, stop_for
from app.commands.files import UnusableFile, is_stdout, reading, size_bytes, writing
from app.contracts.wire import answer_json, read_sample
from app.errors import InvalidRequest, RecordRefused, ServiceError, detail_of, status_of
from app.grading import Grading
from app.json_body import NotJson, read_json, read_model
from app.metrics import Metrics
from app.monitors.shares import percent
from app.orders import Answer, Graded, Order, Refused, Submission
from app.programs import Programs, sandbox_settings
from app.records import Record, StoredRecipe
from app.settings import Settings
from app.workers import Workers
from graders.api import Sample
from graders.errors import Unscored
from graders.registry import Grader, Registry

_CHUNK_LINES = 200
_OWN_KEYS = ("grade", "error", "line")
_WANTED = 'a file of JSON lines, each {"item": ..., "sample": ...}'


def grade(
    id: Annotated[str, typer.Argument(metavar="ID", help="A grader id or a shipped recipe.")],
    input: Annotated[
        Path,
        typer.Option(
            help='JSON lines: {"item": ..., "sample": ...}; other keys are carried through, but for `grade`, `error` '
            "and `line`, which are this command's own. - is stdin."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(help="Each line again with its `line` and, new, either `grade` or `error`. - is stdout."),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="The grader's config, JSON or TOML.")] = None,
) -> None:
    """Grade a file offline; nothing is recorded. Exit code 1 if any line stayed unscored."""
    chosen = settings()
    registry = load_graders(chosen)
    grader = find(registry, id)
    raw_config = read_config(config)
    try:
        grader.with_config(raw_config)
        with reading(input, _WANTED) as lines:
            summary = asyncio.run(_grade_file(chosen, registry, grader, raw_config, lines, output))
    except (ServiceError, Unscored) as error:
        stop_for(error)
    except UnusableFile as error:
        stop(str(error))
    except BrokenPipeError:
        raise  # Nobody reads stdout any more: click ends the command without a word.
    except OSError as error:
        stop(str(error))
    told = err if is_stdout(output) else out
    told.print(f"{id}: {summary.headline()}", markup=False, highlight=False)
    told.print(summary.table())
    if summary.unscored:
        raise typer.Exit(1)


def read_config(file: Path | None) -> dict[str, Any] | None:
    """The config in `file`; None without a file. A file that cannot be read ends the command."""
    if file is None:
        return None
    try:
        text = file.read_text("utf-8")
        config = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    except OSError as error:
        stop(f"--config {file}: {error.strerror}. Wanted the config's fields, as JSON, or as TOML in a file *.toml.")
    except ValueError as error:
        stop(f"--config {file}: {error}")
    if not isinstance(config, dict):
        stop(f"--config {file}: wanted an object with the config's fields.")
    return config


class Line(BaseModel, extra="ignore"):
    """What a line must hold; its other keys are carried through."""

    item: dict[str, Any]
    sample: SkipValidation[Sample | str]


class NoLedger:
    """Stands where the ledger is in the service: offline grades are not recorded, and no recipe is stored."""

    async def add(self, records: Sequence[Record]) -> list[Record | RecordRefused]:
        return list(records)

    async def replay(self, caller: str, grader: str, keys: Sequence[str]) -> dict[str, Record]:
        return {}

    async def add_recipe(self, recipe: StoredRecipe) -> StoredRecipe:
        return recipe

    async def recipe(self, name: str, version: int) -> StoredRecipe | None:
        return None

    async def recipes(self) -> list[StoredRecipe]:
        return []


@dataclass
class Summary:
    """What came of the lines."""

    verdicts: Counter[str] = field(default_factory=Counter)
    unscored: Counter[str] = field(default_factory=Counter)
    rewards: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """The sum of the rewards by verdict."""

    def add(self, number: int, answer: Answer) -> None:
        """Counts one line; an unscored one is reported with its number."""
        if isinstance(answer, Graded):
            self.verdicts[answer.record.verdict or ""] += 1
            self.rewards[answer.record.verdict or ""] += answer.record.reward or 0.0
        else:
            code = status_of(answer.error).code
            self.unscored[code] += 1
            err.print(f"line {number}: {code}: {detail_of(answer.error, PLACES_MAX)}", style="yellow", markup=False)

    def headline(self) -> str:
        graded = self.verdicts.total()
        return f"{graded} graded" + (f", mean reward {sum(self.rewards.values()) / graded:.4f}" if graded else "")

    def table(self) -> Table:
        graded = self.verdicts.total()
        table = Table("verdict", "lines", "share", "mean reward")
        for verdict, count in self.verdicts.most_common():
            table.add_row(verdict, str(count), percent(count / graded, 1), f"{self.rewards[verdict] / count:.4f}")
        for code, count in self.unscored.most_common():
            table.add_row(f"unscored: {code}", str(count), "", "", style="yellow")
        return table


async def _grade_file(
    chosen: Settings,
    registry: Registry,
    grader: Grader,
    config: dict[str, Any] | None,
    lines: BinaryIO,
    output: Path | None,
) -> Summary:
    summary = Summary()
    workers = Workers(
        chosen.workers,
        meters=Metrics(),
        graders_path=chosen.graders_path,
        without=registry.others_than(grader.version),
        call_timeout_s=chosen.call_timeout_s,
    )
    programs = Programs(sandbox_settings(chosen), Metrics())
    ledger = NoLedger()
    catalogue = Catalogue(registry, ledger)
    grading = Grading(catalogue, RateLimits(Rates(), Metrics()), workers, programs, ledger, Metrics())
    try:
        await workers.start()
        with writing(output, lines) as results, Progress(console=err, transient=True) as progress:
            bar = progress.add_task("grading", total=size_bytes(lines))
            numbered = enumerate(lines, 1)
            while chunk := [(number, line) for number, line in islice(numbered, _CHUNK_LINES)]:
                claim = Claim.within(chosen.deadline_s, LOCAL)
                await _grade_chunk(grading, claim, grader.id, config, chunk, summary, results)
                progress.update(bar, advance=sum(len(line) for _, line in chunk))
    finally:
        await programs.close()
        await workers.close()
    return summary


async def _grade_chunk(
    grading: Grading,
    claim: Claim,
    id: str,
    config: dict[str, Any] | None,
    chunk: list[tuple[int, bytes]],
    summary: Summary,
    results: IO[bytes] | None,
) -> None:
    rows = [(number, line, _read(line)) for number, line in chunk if line.strip()]
    submissions = [read for _, _, read in rows if isinstance(read, Submission)]
    answers = iter(await grading.grade(Order(claim, id, "cli", submissions, config)))
    for number, line, read in rows:
        answer = next(answers) if isinstance(read, Submission) else read
        summary.add(number, answer)
        if results is not None:
            results.write(_output_line(number, line, answer))


def _read(line: bytes) -> Submission | Refused:
    try:
        # Without the line's end, so that a place in it is one in the line.
        row = read_model(Line, line.rstrip())
        read_sample(row.sample, "/sample")
        return Submission(row.item, row.sample)
    except NotJson as error:
        return Refused(InvalidRequest(f"Not JSON: {error.why.replace('line 1 ', '')}."))
    except InvalidRequest as error:
        return Refused(error)


def _output_line(number: int, line: bytes, answer: Answer) -> bytes:
    result = from_json(answer_json(answer))
    # Nothing was recorded, so there is no record to name.
    if isinstance(answer, Graded):
        result = {"grade": {name: value for name, value in result.items() if name not in {"record", "replayed"}}}
    else:
        result["error"].pop("record", None)
    try:
        row = read_json(line)
    except InvalidRequest:
        row = {}
    kept = {name: value for name, value in row.items() if name not in _OWN_KEYS} if isinstance(row, dict) else {}
    # 1e999 is read as infinity, which is no JSON when it is written.
    return to_json({**kept, "line": number, **result}, inf_nan_mode="null") + b"\n"
