"""`rft-graders runs list | show | moderation`, joined with `watch`, `export` and `delete`: training runs as the ledger
has them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter
from rich.markup import escape
from rich.table import Column, Table

from app.catalogue import Catalogue
from app.commands.asking_ledger import AsJson, CallerName, OwnerName, Run, asked, owner_of
from app.commands.console import err, load_graders, out, print_table, settings
from app.commands.run_files import delete, export
from app.commands.run_watching import watch
from app.ledger import GraderReport, Ledger, RunSummary
from app.moderation import moderation_of
from app.monitors.shares import percent
from evaluations.moderation.answers import Block, ModerationReport, RunModeration
from evaluations.moderation.report import answer
from evaluations.moderation.seen import Options

runs = typer.Typer(help="Training runs as the ledger has them.", no_args_is_help=True)


@runs.command("list")
def list_runs(
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the latest begun first.")] = 50,
    caller: CallerName = None,
    as_json: AsJson = False,
) -> None:
    """List training runs, the latest begun first."""

    async def listed(ledger: Ledger) -> list[tuple[RunSummary, list[str]]]:
        found = await ledger.runs(caller, after=None, limit=limit)
        return [(run, await ledger.callers_of(run.run) if caller is None else [caller]) for run in found]

    found = asked(listed)
    if as_json:
        _print_json([asdict(run) | {"callers": callers} for run, callers in found])
        return
    table = Table(Column("run", no_wrap=True), "callers", "records", "first", "last", padding=(0, 0, 0, 1))
    for run, callers in found:
        names = map(escape, (run.run, ", ".join(callers)))
        table.add_row(*names, str(run.records), _time(run.first_us), _time(run.last_us))
    print_table(table)


@runs.command()
def show(run: Run, caller: OwnerName = None, as_json: AsJson = False) -> None:
    """Show what each grader made of a run: counts, mean reward, verdicts."""

    async def report(ledger: Ledger) -> list[GraderReport]:
        return await ledger.run_report(await owner_of(ledger, run, caller), run)

    found = asked(report)
    if as_json:
        _print_json(found)
        return
    table = Table("grader", "digest", "graded", "superseded", "unscored", "mean reward", "verdicts")
    for one in found:
        mean = "" if one.mean_reward is None else f"{one.mean_reward:.4f}"
        counts = (one.graded, one.superseded, sum(one.unscored.values()))
        table.add_row(one.grader, one.digest[:15], *map(str, counts), mean, _tally(one.verdicts))
    print_table(table)


@runs.command()
def moderation(
    run: Run,
    window: Annotated[int, typer.Option(min=1, help="Samples per window.")] = 1000,
    bootstrap: Annotated[int, typer.Option(min=0, help="Resamples of the bootstrap by items; 0: none.")] = 0,
    caller: OwnerName = None,
    as_json: AsJson = False,
) -> None:
    """Show F1 of a run's moderation grades: averages, labels, baselines, drift."""
    options = Options(window=window, resamples=bootstrap)

    async def evaluate(body: bytes) -> bytes:
        return answer(body)

    async def report(ledger: Ledger) -> bytes:
        catalogue = Catalogue(load_graders(settings()), ledger)
        owner = await owner_of(ledger, run, caller)
        return await moderation_of(ledger, catalogue, evaluate, owner, run, options)

    found = asked(report)
    if as_json:
        out.print_json(found.decode())
        return
    for one in RunModeration.model_validate_json(found).reports:
        _print_moderation(one)


for _command in (watch, export, delete):
    runs.command()(_command)


def _print_json(found: Sequence[Any]) -> None:
    out.print_json(TypeAdapter(list[Any]).dump_json(list(found)).decode())


def _print_moderation(report: ModerationReport) -> None:
    out.print(f"{report.grader}, mode {report.mode}", style="bold", markup=False)
    for line in (
        f"digest {report.digest}, taxonomy {report.taxonomy_hash}",
        f"{report.n} samples ({report.superseded} superseded), {_rate(report.parse_fail_rate)} not parsed"
        + (f"; unscored: {_tally(report.unscored)}" if report.unscored else ""),
        f"coverage {_rate(report.coverage)}, {_rate(report.predicted_positive_rate)} flagged",
        f"f_ref {_number(report.f_ref) or 'none'}, suggested {_number(report.suggested_f_ref) or 'none'}",
    ):
        out.print(line, markup=False, highlight=False)
    out.print(_averages(report))
    if any(not _interval(block) for block in _blocks(report).values()):
        err.print("An interval that is empty needs a bootstrap: --bootstrap 1000.", style="yellow", highlight=False)
    if report.per_label:
        out.print(_labels(report))
    for alarm in report.alarms:
        out.print(f"{alarm.code}: {alarm.detail}", style="yellow", markup=False)


def _averages(report: ModerationReport) -> Table:
    table = Table("average", "precision", "recall", "F", "interval")
    for name, block in _blocks(report).items():
        table.add_row(name, *map(_number, (block.precision, block.recall, block.f)), _interval(block))
    for one in [*report.baselines, *(report.flag.baselines if report.flag else ())]:
        table.add_row(one.name, *map(_number, (one.precision, one.recall, one.f)), "", style="dim")
    return table


def _blocks(report: ModerationReport) -> dict[str, Block]:
    """The averages that there are, by name."""
    found = {name: getattr(report, name) for name in ("micro", "macro", "weighted", "samples", "flag")}
    return {name: block for name, block in found.items() if block is not None}


def _labels(report: ModerationReport) -> Table:
    table = Table("label", "tp", "fp", "fn", "tn", "precision", "recall", "F1")
    for row in report.per_label:
        counts = map(str, (row.label, row.tp, row.fp, row.fn, row.tn))
        table.add_row(*counts, *map(_number, (row.precision, row.recall, row.f)))
    return table


def _interval(block: Block) -> str:
    found = block.bootstrap or block.jackknife or block.wilson
    return "" if found is None else f"{found.low:.4f} to {found.high:.4f} ({found.method})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _rate(value: float | None) -> str:
    return "none" if value is None else percent(value, 1)


def _tally(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _time(us: int) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")
