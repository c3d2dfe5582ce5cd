"""`rft-graders regrade`: a run's stored samples through another version or recipe, and how the rewards moved."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic_core import from_json
from rich.table import Table

from app.admission.rates import RateLimits, Rates
from app.auth import LOCAL, Caller
from app.catalogue import Catalogue
from app.commands.console import err, load_graders, out, settings, stop_for
from app.commands.grade import read_config
from app.commands.regrading import Regrading
from app.errors import Failure, ServiceError, UnknownRun, detail_of, status_of
from app.grading import Grading
from app.ledger import Ledger, Record
from app.metrics import Metrics
from app.orders import NAME_MAX_CHARS
from app.programs import Programs, sandbox_settings
from app.settings import Settings
from app.workers import Workers
from graders.errors import Unscored


def regrade(
    run: Annotated[str, typer.Option(help="The run whose samples are graded again.")],
    grader: Annotated[str, typer.Option(help="The version or recipe that grades them.")],
    source: Annotated[
        str | None, typer.Option("--from", help="Only what this grader graded; needed if there were several.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Config, JSON or TOML; default: the one of each stored grade.")
    ] = None,
    caller: Annotated[str, typer.Option(help="Whose run it is; `local`: graded without an API key.")] = LOCAL.name,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Grade a run's stored samples again. The new grades are a run of their own; the old ones stay as they are."""
    try:
        moves = asyncio.run(
            _regrade(settings(), Caller(caller, LOCAL.scopes), run, grader, source, read_config(config))
        )
    except (ServiceError, Unscored) as error:
        stop_for(error)
    if as_json:
        out.print_json(json.dumps(moves.as_json()))
    else:
        out.print(moves.headline(), markup=False, highlight=False)
        out.print(moves.table())
        out.print(moves.outcome(), markup=False, highlight=False)
    if moves.unscored:
        raise typer.Exit(1)


@dataclass
class Move:
    """How the rewards of some samples moved."""

    samples: int = 0
    up: int = 0
    down: int = 0
    sum_before: float = 0.0
    sum_after: float = 0.0

    def add(self, before: float, after: float) -> None:
        self.samples += 1
        self.up += after > before
        self.down += after < before
        self.sum_before += before
        self.sum_after += after

    def as_json(self) -> dict[str, Any]:
        return {
            "up": self.up,
            "down": self.down,
            "same": self.samples - self.up - self.down,
            "mean_reward_before": self.sum_before / self.samples if self.samples else None,
            "mean_reward_after": self.sum_after / self.samples if self.samples else None,
        }


@dataclass
class Moves:
    """How the rewards of a run moved."""

    run: str
    new_run: str
    grader: str
    total: Move = field(default_factory=Move)
    transitions: dict[tuple[str, str], Move] = field(default_factory=lambda: defaultdict(Move))
    """By the verdicts before and after."""
    unscored: Counter[str] = field(default_factory=Counter)

    def add(self, before: Record, after: Record | Failure) -> None:
        """Counts one grade; one that got none is reported."""
        if not isinstance(after, Record) or after.code is not None:
            code, detail = _why(after)
            self.unscored[code] += 1
            err.print(f"{before.record}: {detail}", style="yellow", markup=False)
            return
        old, new = before.reward or 0.0, after.reward or 0.0
        self.total.add(old, new)
        self.transitions[before.verdict or "", after.verdict or ""].add(old, new)

    def as_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "new_run": self.new_run,
            "grader": self.grader,
            "graded": self.total.samples,
            **self.total.as_json(),
            "unscored": dict(self.unscored),
            "transitions": [
                {"before": before, "after": after, "count": move.samples, **move.as_json()}
                for (before, after), move in sorted(self.transitions.items(), key=lambda each: -each[1].samples)
            ],
        }

    def headline(self) -> str:
        found = self.as_json()
        line = f"{self.run} by {self.grader}: {found['graded']} graded again"
        line += f", {found['up']} up, {found['down']} down, {found['same']} same"
        if found["graded"]:
            line += f"; mean reward {found['mean_reward_before']:.4f} -> {found['mean_reward_after']:.4f}"
        return line

    def outcome(self) -> str:
        """Where the new grades are, if there are any."""
        if self.transitions:
            return f"The new grades are run {self.new_run}"
        if self.unscored:
            return f"Nothing was graded again; run {self.new_run} has the unscored rows that say why."
        return "Nothing was graded again, so there is no new run: the run holds no grade that counts."

    def table(self) -> Table:
        found = self.as_json()
        table = Table("before", "after", "samples", "up", "down", "mean reward")
        for move in found["transitions"]:
            rewards = f"{move['mean_reward_before']:.4g} -> {move['mean_reward_after']:.4g}"
            counts = (str(move[name]) for name in ("count", "up", "down"))
            table.add_row(move["before"], move["after"], *counts, rewards)
        for code, count in self.unscored.most_common():
            table.add_row("", f"unscored: {code}", str(count), style="yellow")
        return table


def _why(unscored: Record | Failure) -> tuple[str, str]:
    """Code and sentence."""
    if isinstance(unscored, Record):
        return unscored.code or "", from_json(unscored.grade)["detail"]
    return status_of(unscored).code, detail_of(unscored)


async def _regrade(
    chosen: Settings, caller: Caller, run: str, grader_id: str, source: str | None, config: dict[str, Any] | None
) -> Moves:
    ledger = await Ledger.open(chosen.database, quarantine=chosen.data_dir / "quarantine.jsonl")
    workers = Workers(
        chosen.workers, meters=Metrics(), graders_path=chosen.graders_path, call_timeout_s=chosen.call_timeout_s
    )
    # Executions that the records hold are not repeated; a version that asks for others starts the sandbox.
    programs = Programs(sandbox_settings(chosen), Metrics())
    try:
        await workers.start()
        catalogue = Catalogue(load_graders(chosen), ledger)
        grading = Grading(catalogue, RateLimits(Rates(), Metrics()), workers, programs, ledger, Metrics())
        target = await catalogue.find(grader_id)
        await _check_source(ledger, caller, run, source)
        moves = Moves(run, _new_run(run, grader_id), grader_id)
        regrading = Regrading(ledger, catalogue, grading, caller, target, config, moves.new_run, chosen.deadline_s)
        async for before, after in regrading.moves(run, source):
            moves.add(before, after)
        return moves
    finally:
        await programs.close()
        await workers.close()
        await ledger.close()


def _new_run(run: str, grader_id: str) -> str:
    """Under what the new grades stand: a name that can be asked for, however long that of the old run is."""
    rest = f"~{grader_id}~{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    return run[: NAME_MAX_CHARS - len(rest)] + rest


async def _of_others(ledger: Ledger, run: str) -> str:
    """Who has runs of this name."""
    owners = await ledger.callers_of(run)
    return f"; there is one of {', '.join(owners)}: say whose with --caller" if owners else ""


async def _check_source(ledger: Ledger, caller: Caller, run: str, source: str | None) -> None:
    """Raises UnknownRun when the run holds nothing to grade again, or grades of several graders and none is named."""
    ids = sorted({report.grader for report in await ledger.run_report(caller.name, run)})
    if not ids or (source is not None and source not in ids):
        held = f"; it holds grades by {', '.join(ids)}" if ids else await _of_others(ledger, run)
        raise UnknownRun(f"Run {run!r} of {caller.name!r} has no grades{f' by {source}' if source else ''}{held}.")
    if source is None and len(ids) > 1:
        raise UnknownRun(f"Run {run!r} holds grades by {', '.join(ids)}: say which with --from.")
