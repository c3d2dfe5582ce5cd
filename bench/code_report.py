"""The rates of code_speed.py for people: a table, the targets, a plot."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

Key = tuple[str, int]
Rates = dict[Key, list[float]]

_DOCS = Path(__file__).parent.parent / "docs"
_COLUMNS = (1, 2, 8)
_COLOURS = {1: "#9ecae1", 2: "#4292c6", 8: "#08306b"}
_LABELS = {
    "structured": "structured, in process",
    "structured, HTTP": "structured, HTTP, one by one",
    "structured, HTTP batch": "structured, HTTP, batches of 128",
    "split judge": "split judge, trusted, in process",
    "split judge, HTTP": "split judge, trusted, HTTP, one by one",
    "split judge, HTTP batch": "split judge, trusted, HTTP, batches of 128",
    "split judge, forked": "split judge, forked per run, in process",
    "bare loop": "bare loop: fork, layers, compile, execute, wait",
    "bare loop, warm": "the same, prepared as our zygotes are",
    "spawn": "`python -I -S`",
    "bubblewrap": "bubblewrap around `python -I -S`",
    "HumanEval harness": "HumanEval's harness, restated",
    "numpy": "a numpy program, in process",
    "numpy, cold import": "the same, `python -I -S` and a cold import",
}


@dataclass(frozen=True, slots=True)
class Check:
    """Whether one row is so many times as fast as another."""

    ours: Key
    theirs: Key
    ratio: float
    least: float

    @property
    def is_met(self) -> bool:
        return self.ratio >= self.least

    def __str__(self) -> str:
        ours, theirs = (f"{name} ({clients})" for name, clients in (self.ours, self.theirs))
        return f"{ours} / {theirs}: {self.ratio:.2f}, at least {self.least:g}: {'met' if self.is_met else 'MISSED'}"


def show(console: Console, rates: Rates, checks: list[Check]) -> None:
    """Prints the table and the targets."""
    header, *rows = _table(rates)
    table = Table(*header)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    for check in checks:
        console.print(str(check), markup=False, highlight=False)


def write(rates: Rates, checks: list[Check]) -> None:
    """Writes `code_speed.md`, `.svg` and `.png` to docs/."""
    _DOCS.mkdir(exist_ok=True)
    header, *rows = _table(rates)
    lines = [header, ["---"] * len(header), *rows]
    targets = [
        ["ours", "beside", "times as fast", "target"],
        ["---"] * 4,
        *([_named(check.ours), _named(check.theirs), f"{check.ratio:.2f}", f"{check.least:g}"] for check in checks),
    ]
    text = (
        "# How fast programs are run\n\n"
        "`python bench/code_speed.py FOLDER --docs` wrote this: HumanEval's canonical solutions on two CPUs and three\n"
        "slots, programs per second, medians of one interleaved run. The bare loop bounds what a fork per program can\n"
        "reach. Over HTTP everything is on: validation, plan, judgement, the durable record.\n\n"
        f"{_markdown(lines)}\n"
        "![programs per second](code_speed.svg)\n\n"
        "Ratios are medians of the rounds' ratios; in brackets the clients, or the processes of the others.\n\n"
        f"{_markdown(targets)}"
    )
    (_DOCS / "code_speed.md").write_text(text)
    _plot(rates)


def _markdown(lines: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _named(key: Key) -> str:
    return f"{_LABELS[key[0]]} ({key[1]})"


def _table(rates: Rates) -> Iterator[list[str]]:
    yield ["clients or processes", *map(str, _COLUMNS), "x spawn, 2", "x bare loop, 2"]
    for name, label in _LABELS.items():
        shown = [_median(rates, name, clients) for clients in _COLUMNS]
        best = max(filter(None, shown))
        beside = [] if name.startswith("numpy") else [_median(rates, peer, 2) for peer in ("spawn", "bare loop")]
        ratios = [f"{best / peer:.2f}" for peer in beside if peer] or ["", ""]
        yield [label, *("" if rate is None else f"{rate:.0f}" for rate in shown), *ratios]


def _median(rates: Rates, name: str, clients: int) -> float | None:
    return statistics.median(rates[name, clients]) if (name, clients) in rates else None


def _plot(rates: Rates) -> None:
    """One line per row, one point per number of clients or processes."""
    import matplotlib as mpl

    mpl.use("Agg")
    # The same drawing gives the same file.
    mpl.rcParams["svg.hashsalt"] = "code_speed"
    from matplotlib import pyplot

    names = [name for name in _LABELS if not name.startswith("numpy")][::-1]
    figure, axes = pyplot.subplots(figsize=(9, 5), layout="constrained")
    for place, name in enumerate(names):
        points = {clients: rate for clients in _COLUMNS if (rate := _median(rates, name, clients))}
        axes.plot(list(points.values()), [place] * len(points), color="#cccccc", zorder=1)
        for clients, rate in points.items():
            axes.scatter(rate, place, color=_COLOURS[clients], s=55, zorder=2)
    for clients, colour in _COLOURS.items():
        axes.scatter([], [], color=colour, s=55, label=str(clients))
    axes.set_yticks(range(len(names)), [_LABELS[name].replace("`", "") for name in names])
    axes.set_xlabel("HumanEval programs per second, two CPUs")
    axes.set_xlim(left=0)
    axes.grid(axis="x", color="#eeeeee")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    axes.legend(title="clients or processes", loc="lower right", frameon=False)
    for kind in ("svg", "png"):
        figure.savefig(_DOCS / f"code_speed.{kind}", dpi=130, metadata={"Date": None} if kind == "svg" else None)
    pyplot.close(figure)
