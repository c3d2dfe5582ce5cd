"""The rows of overload.py for people: a table, the targets, a plot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

_DOCS = Path(__file__).parent.parent / "docs"
_POLICIES = ("FIFO", "429-only", "cap-503", "ours")
_COLOURS = {"FIFO": "#d95f02", "429-only": "#e6ab02", "cap-503": "#7570b3", "ours": "#1b9e77"}
_HEADER = (
    "client waits", "trainer", "policy", "A's step, s", "A lost, of 3,000", "B lost, of 300", "B's p99, ms", "executed",
    "for nobody", "A's rewards/s",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One burst under one policy.

    Attributes:
        step_s: from the burst until A's last sample had its reward or was lost.
        b_p99_s: from the moment a sample of B was due to its reward.
        executed: calls that ran.
        wasted: those whose answer nobody had waited for.
        goodput_per_s: A's rewards per second of its step.
        sending_s: from the burst's moment until A had sent its last sample.
        lag_s: the latest that B's own loop was.
    """

    policy: str
    trainer: str
    timeout_s: float
    step_s: float
    a_lost: int
    b_lost: int
    b_p99_s: float
    executed: int
    wasted: int
    goodput_per_s: float
    sending_s: float
    lag_s: float

    @property
    def wasted_share(self) -> float:
        return self.wasted / self.executed


@dataclass(frozen=True, slots=True)
class Goodput:
    """Rewards a second: the most there can be, and under overload; `wasted` is the share executed for nobody then.

    `sending_s` and `lag_s` are of the client that overloads, as in a row.
    """

    peak_per_s: float
    offered_per_s: float
    overloaded_per_s: float
    wasted: float
    sending_s: float
    lag_s: float

    @property
    def share(self) -> float:
        return self.overloaded_per_s / self.peak_per_s

    def __str__(self) -> str:
        return (
            f"{self.peak_per_s:.0f} rewards a second at the peak; {self.overloaded_per_s:.0f} a second when "
            f"{self.offered_per_s:.0f} are asked for, and {self.wasted:.1%} of what is executed is for nobody."
        )


@dataclass(frozen=True, slots=True)
class Check:
    """Whether a figure is at least, or at most, what it must be."""

    what: str
    value: float
    least: float = float("-inf")
    most: float = float("inf")

    @property
    def is_met(self) -> bool:
        return self.least <= self.value <= self.most

    @property
    def target(self) -> str:
        return f"at most {self.most:g}" if self.most < float("inf") else f"at least {self.least:g}"

    def __str__(self) -> str:
        return f"{self.what}: {self.value:.3g}, {self.target}: {'met' if self.is_met else 'MISSED'}"


def line(row: Row) -> str:
    """One row, as it is measured."""
    return (
        f"{row.policy:9}{row.trainer:11} {row.timeout_s:3.0f} s: step {row.step_s:5.1f} s, A lost {row.a_lost:4}, "
        f"B lost {row.b_lost:3}, p99 {row.b_p99_s * 1000:5.0f} ms, executed {row.executed:5}, wasted {row.wasted:5}; "
        f"burst sent in {row.sending_s * 1000:.0f} ms, B's loop late by {row.lag_s * 1000:.0f} ms at most"
    )


def show(console: Console, rows: list[Row], goodput: Goodput, checks: list[Check]) -> None:
    """Prints the table and the targets."""
    table = Table(*_HEADER)
    for row in _sorted(rows):
        table.add_row(*_cells(row))
    console.print(table)
    for said in (goodput, *checks):
        console.print(str(said), markup=False, highlight=False)


def write(rows: list[Row], goodput: Goodput, checks: list[Check]) -> None:
    """Writes `overload.md`, `.svg` and `.png` to docs/."""
    lines = [_HEADER, ["---"] * len(_HEADER), *map(_cells, _sorted(rows))]
    targets = [
        ("ours", "figure", "target"),
        ["---"] * 3,
        *((check.what, f"{check.value:.3g}", check.target) for check in checks),
    ]
    text = (
        "# What a training burst does\n\n"
        "`python bench/overload.py --docs` wrote this, on two CPUs that hold the service, its workers and both\n"
        "callers. A grader of 16 workers and 40 ms can judge 400 samples a second. Caller A fires 3,000 at one\n"
        "instant, one a request; caller B, a client like verl's, sends 25 a second all the while. Every policy is the\n"
        "same service with everything on, recording too, and only its admission replaced: an unbounded FIFO, as a\n"
        "plain FastAPI reward server has; a rate limit of half the capacity per caller in front of that; a cap of 64\n"
        "samples that turns the rest away at once (503). Under ours the deadline is a little less than the client's\n"
        "timeout.\n\n"
        f"{_markdown(lines)}\n"
        "*Lost*: after its last try the trainer has no reward. *For nobody*: executed for a client that had hung up.\n"
        "B's p99 is that of its 300 samples, tries and pauses included, a lost one counted with its timeout.\n\n"
        "![samples lost, and the neighbour's p99](overload.svg)\n\n"
        f"{goodput}\n\n{_markdown(targets)}"
    )
    _DOCS.mkdir(exist_ok=True)
    (_DOCS / "overload.md").write_text(text)
    _plot(rows)


def _sorted(rows: list[Row]) -> list[Row]:
    trainers = list(dict.fromkeys(row.trainer for row in rows))
    return sorted(rows, key=lambda row: (row.timeout_s, trainers.index(row.trainer), _POLICIES.index(row.policy)))


def _cells(row: Row) -> list[str]:
    return [
        f"{row.timeout_s:.0f} s",
        row.trainer,
        row.policy,
        f"{row.step_s:.1f}",
        f"{row.a_lost:,}",
        f"{row.b_lost}",
        f"{row.b_p99_s * 1000:,.0f}",
        f"{row.executed:,}",
        f"{row.wasted:,} ({row.wasted_share:.0%})",
        f"{row.goodput_per_s:.0f}",
    ]


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _plot(rows: list[Row]) -> None:
    """For either timeout: what A lost, what B lost, and B's p99; a bar per policy, a group per trainer."""
    import matplotlib as mpl

    mpl.use("Agg")
    # The same drawing gives the same file.
    mpl.rcParams["svg.hashsalt"] = "overload"
    from matplotlib import pyplot

    timeouts_s = sorted({row.timeout_s for row in rows})
    panels = (
        ("A's samples lost, of 3,000", lambda row: row.a_lost),
        ("B's samples lost, of 300", lambda row: row.b_lost),
        ("B's p99, s", lambda row: row.b_p99_s),
    )
    figure, grid = pyplot.subplots(
        len(timeouts_s), len(panels), figsize=(12, 3 * len(timeouts_s)), layout="constrained", squeeze=False
    )
    for down, timeout_s in enumerate(timeouts_s):
        for across, (title, value) in enumerate(panels):
            axes = grid[down][across]
            _bars(axes, [row for row in rows if row.timeout_s == timeout_s], value)
            axes.set_title(f"{title}; clients wait {timeout_s:.0f} s", fontsize=10)
    figure.legend(
        *grid[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=len(_POLICIES), frameon=False
    )
    for kind in ("svg", "png"):
        figure.savefig(_DOCS / f"overload.{kind}", dpi=130, metadata={"Date": None} if kind == "svg" else None)
    pyplot.close(figure)


def _bars(axes: Any, rows: list[Row], value: Callable[[Row], float]) -> None:
    trainers = list(dict.fromkeys(row.trainer for row in rows))
    width = 0.8 / len(_POLICIES)
    for place, policy in enumerate(_POLICIES):
        at = {row.trainer: value(row) for row in rows if row.policy == policy}
        lefts = [trainers.index(trainer) + (place - 1.5) * width for trainer in at]
        bars = axes.bar(lefts, list(at.values()), width, color=_COLOURS[policy], label=policy)
        axes.bar_label(bars, [_shown(height) for height in at.values()], fontsize=7)
    axes.set_xticks(range(len(trainers)), trainers)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(y=0.12)


def _shown(height: float) -> str:
    return f"{height:.0f}" if isinstance(height, int) else f"{height:.2f}"
