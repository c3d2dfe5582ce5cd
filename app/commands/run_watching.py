"""`rft-graders runs watch`: a run while it goes on, in the terminal."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from app.catalogue import Catalogue
from app.commands.asking_ledger import AsJson, OwnerName, Run, asked, owner_of
from app.commands.console import load_graders, out, settings
from app.errors import UnknownRun
from app.ledger import Ledger
from app.monitors.answers import GraderMonitor, RunMonitor, Step
from app.monitors.findings import graded_late
from app.monitors.report import RewardRange, monitor_of
from app.monitors.shares import percent
from app.monitors.windows import GRADES_MIN

# How long counting may take before something is shown, s.
_PATIENCE_S = 2.0
_BARS = "▁▂▃▄▅▆▇█"
_CURVE_STEPS = 60
# From here on all columns and the verdicts have room.
_WIDE_COLUMNS = 140


def watch(
    run: Run,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 2.0,
    steps: Annotated[int, typer.Option(min=1, help="Show so many of the last steps.")] = 10,
    once: Annotated[bool, typer.Option("--once", help="Look once, when all is counted, and end.")] = False,
    caller: OwnerName = None,
    as_json: AsJson = False,
) -> None:
    """Watch a run: rewards, verdicts and what its monitors found, step by step. Ctrl-C ends it."""
    if once or as_json:
        report = asked(lambda ledger: _settled(ledger, run, caller))
        if as_json:
            out.print_json(report.model_dump_json())
        else:
            out.print(shown(report, steps, out.width))
        return
    try:
        asked(lambda ledger: _live(ledger, run, caller, steps, every))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


class Reports:
    """Reports of one run, of `owner`."""

    def __init__(self, ledger: Ledger, owner: str, run: str) -> None:
        self._ledger, self._owner, self._run = ledger, owner, run
        self._catalogue = Catalogue(load_graders(settings()), ledger)
        self._ranges: dict[str, list[RewardRange]] = {}

    async def next(self) -> RunMonitor:
        """The run as it is now.

        Raises:
            UnknownRun: it was deleted.
        """
        tallies = await self._ledger.run_tallies(self._owner, self._run, patience_s=_PATIENCE_S)
        if not tallies.records:
            raise UnknownRun(f"Run {self._run!r} is gone.")
        for grader in {tally.grader for _, _, each in tallies.steps for tally in each} - self._ranges.keys():
            self._ranges[grader] = await self._catalogue.reward_ranges(grader)
        return monitor_of(tallies, self._ranges.__getitem__, 2000)


async def _settled(ledger: Ledger, run: str, caller: str | None) -> RunMonitor:
    reports = Reports(ledger, await owner_of(ledger, run, caller), run)
    report = await reports.next()
    while not report.complete:
        report = await reports.next()
    return report


async def _live(ledger: Ledger, run: str, caller: str | None, steps: int, every_s: float) -> None:
    reports = Reports(ledger, await owner_of(ledger, run, caller), run)
    with Live(console=out, auto_refresh=False) as live:
        while True:
            live.update(shown(await reports.next(), steps, out.width), refresh=True)
            await asyncio.sleep(every_s)


def shown(report: RunMonitor, steps: int, width: int) -> RenderableType:
    """The report for a terminal of so many columns, with the last `steps` of each grader."""
    more = "" if report.complete else f", {report.counted} of them counted by now"
    head = Text(f"{report.run} of {report.caller}: {report.records} records{more}", style="bold")
    return Group(head, *(part for grader in report.graders for part in _grader(grader, steps, width)))


def _grader(monitor: GraderMonitor, steps: int, width: int) -> list[RenderableType]:
    total = monitor.total
    mean = "nothing graded" if total.mean_reward is None else f"mean reward {total.mean_reward:.4f}"
    parts: list[RenderableType] = [
        Text(),
        Text(f"{monitor.grader} {monitor.digest[:12]}: {total.graded} graded, {mean}"),
        Text(f"{_curve(monitor.steps, monitor.reward_range)}  mean reward by step", style="cyan"),
        _wide(monitor.steps[-steps:]) if width >= _WIDE_COLUMNS else _narrow(monitor.steps[-steps:]),
    ]
    colours = {"warning": "red", "notice": "yellow"}
    parts += [
        Text(f"{finding.severity}: {finding.title}. {finding.detail}", style=colours[finding.severity])
        for finding in monitor.findings
    ]
    return parts if monitor.findings else [*parts, _nothing(graded_late(monitor.steps))]


def _nothing(grades: int) -> Text:
    if 0 < grades < GRADES_MIN:
        return Text(f"Too little to go by: the monitors want {GRADES_MIN} grades, and the last steps have {grades}.")
    return Text("The monitors found nothing.", style="green")


def _narrow(steps: Sequence[Step]) -> Table:
    """What a glance needs, in 80 columns."""
    table = Table("step", "graded", "mean", "sd", "at max", "flat", "unscored", padding=(0, 0, 0, 1))
    table.add_column("most frequent", no_wrap=True, overflow="ellipsis")
    for step in steps:
        numbers = ("", "") if step.reward is None else tuple(map(_number, (step.reward.mean, step.reward.sd)))
        shares = map(_share, (step.at_max_share, step.zero_variance_share, step.unscored_share))
        table.add_row(_named(step), str(step.graded), *numbers, *shares, _verdicts(step).partition(",")[0])
    return table


def _wide(steps: Sequence[Step]) -> Table:
    table = Table("step", "graded", "mean", "sd", "p5", "p50", "p95", "at max", "flat groups", "unscored", "ms p95")
    table.add_column("verdicts", overflow="fold")
    for step in steps:
        reward, duration = step.reward, step.duration_ms
        numbers = (
            ("",) * 5
            if reward is None
            else tuple(map(_number, (reward.mean, reward.sd, reward.p5, reward.p50, reward.p95)))
        )
        shares = map(_share, (step.at_max_share, step.zero_variance_share, step.unscored_share))
        table.add_row(
            _named(step), str(step.graded), *numbers, *shares,
            "" if duration is None else f"{duration.p95:.1f}", _verdicts(step),
        )  # fmt: skip
    return table


def _named(step: Step) -> str:
    return "none" if step.step is None else str(step.step)


def _curve(steps: Sequence[Step], rewards: tuple[float, float] | None) -> str:
    """The last mean rewards as bars between the least and the greatest of them; where these are one, between the least
    and the greatest reward that the grader may give."""
    means = [step.reward.mean for step in steps if step.reward is not None][-_CURVE_STEPS:]
    if not means:
        return ""
    low, high = min(means), max(means)
    if low == high and rewards is not None:
        low, high = rewards
    if low == high:
        return _BARS[len(_BARS) // 2] * len(means)
    return "".join(_BARS[round((mean - low) / (high - low) * (len(_BARS) - 1))] for mean in means)


def _verdicts(step: Step) -> str:
    most = sorted(step.verdicts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{verdict} {percent(count / step.graded)}" for verdict, count in most)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "" if value is None else percent(value)
