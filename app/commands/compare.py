"""`rft-graders compare`: is B better than A? Two files of predictions or two runs of the ledger, same samples."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.commands import f1
from app.commands.console import out, settings, stop, stop_for
from app.commands.predictions import Predictions, explained, read_predictions
from app.errors import ServiceError, UnknownRun
from app.ledger import Ledger
from app.run_sides import ChosenRun, Sides, sides_of
from evaluations.answers import CompareAnswer, Notice
from evaluations.comparison import compare as compare_systems
from evaluations.errors import InvalidEvaluation
from evaluations.requests import CompareRequest, read

_STYLES = {"improved": "green", "regressed": "red", "not_distinguishable": "yellow"}


def compare(
    a: Annotated[
        str,
        typer.Argument(
            metavar="A", help='A file of JSON lines, {"id", "y_true", "y_pred", "known"?, "group"?}, or a run.'
        ),
    ],
    b: Annotated[
        str, typer.Argument(metavar="B", help="The same samples, judged or predicted for the one that may be better.")
    ],
    kind: f1.KIND = None,
    label: f1.LABEL = None,
    average: f1.AVERAGE = None,
    beta: f1.BETA = "1",
    zero_division: f1.ZERO_DIVISION = "0",
    unknown: f1.UNKNOWN = "fp",
    pos_label: f1.POS_LABEL = None,
    level: f1.LEVEL = 0.95,
    swaps: Annotated[int, typer.Option(help="Of the randomization test.")] = 10_000,
    resamples: Annotated[int, typer.Option(help="Of the bootstrap.")] = 2000,
    seed: f1.SEED = 0,
    unpaired: Annotated[bool, typer.Option(help="Also as if A and B were different samples.")] = False,
    y_true: f1.Y_TRUE = "y_true",
    y_pred: Annotated[str, typer.Option("--y-pred", help="The key of the prediction in every line of A.")] = "y_pred",
    y_pred_b: Annotated[str | None, typer.Option("--y-pred-b", help="The key in B; default: as in A.")] = None,
    grader: Annotated[str | None, typer.Option(help="Runs: only the grades by this grader.")] = None,
    step_a: Annotated[int | None, typer.Option(help="Runs: the policy update of A, if there are several.")] = None,
    step_b: Annotated[int | None, typer.Option(help="Runs: the policy update of B.")] = None,
    caller: Annotated[str | None, typer.Option(help="Runs: whose they are; default: everybody's together.")] = None,
    as_json: f1.AS_JSON = False,
) -> None:
    """Compare two systems on the same samples: paired randomization, bootstrap and McNemar's exact test.

    A and B are files, or moderation runs of the ledger by their ids.
    """
    options = {
        "average": average, "beta": f1.as_number(beta), "zero_division": f1.as_number(zero_division), "level": level,
        "swaps": swaps, "resamples": resamples, "seed": seed, "unpaired": unpaired,
    }  # fmt: skip
    sides: dict[str, Predictions] = {}
    warnings: list[Notice] = []
    if Path(a).is_file() or Path(b).is_file():
        sides["/a"] = read_predictions(Path(a), y_true, y_pred, with_ids=True)
        sides["/b"] = read_predictions(Path(b), y_true, y_pred_b or y_pred, with_ids=True)
        request = f1.labelling(sides["/a"], kind, label, unknown, pos_label)
        request |= {"a": _side(sides["/a"], y_pred), "b": _side(sides["/b"], y_pred_b)}
    else:
        chosen = (ChosenRun(a, grader, step_a, "/a"), ChosenRun(b, grader, step_b, "/b"))
        found = _runs(caller, *chosen)
        request, warnings = found.request, found.warnings
    try:
        answer = compare_systems(read(CompareRequest, options | request))
    except InvalidEvaluation as error:
        stop(explained(error, sides))
    answer.warnings[:0] = warnings
    if as_json:
        out.print_json(answer.model_dump_json())
    else:
        _show(answer)


def _runs(caller: str | None, a: ChosenRun, b: ChosenRun) -> Sides:
    """The sides of two runs; runs that cannot be compared end the command."""

    async def sides() -> Sides:
        ledger = await Ledger.open(settings().database)
        try:
            return await sides_of(ledger, caller, a, b)
        finally:
            await ledger.close()

    try:
        found = asyncio.run(sides())
    except UnknownRun as error:
        stop(f"{error.detail} Nor is {a.run!r} or {b.run!r} a file.")
    except ServiceError as error:
        stop_for(error)
    except InvalidEvaluation as error:
        stop(f"{error.code}: {error.detail}")
    return found


def _side(side: Predictions, column: str | None) -> dict[str, object]:
    name = side.file.name if column in (None, "y_pred") else column
    return {"name": name, "version": side.version, **side.columns}


def _show(answer: CompareAnswer) -> None:
    out.print(f"{answer.rows} samples, {answer.kind}, average {answer.average}", highlight=False)
    has_interval = answer.a.interval is not None or answer.b.interval is not None
    middle = ["interval"] if has_interval else []
    table = Table("", "precision", "recall", "F", *middle, "tp", "fp", "fn", padding=(0, 0, 0, 1))
    for letter, side in (("A", answer.a), ("B", answer.b)):
        scores = [f1.number(score) for score in (side.precision, side.recall, side.f)]
        counts = [str(count) for count in (side.counts.tp, side.counts.fp, side.counts.fn)]
        interval = [f1.interval(side.interval)] if has_interval else []
        table.add_row(escape(f"{letter} {side.name}"), *scores, *interval, *counts)
    out.print(table)
    for line in _findings(answer):
        out.print(line, markup=False, highlight=False)
    out.print(answer.verdict, style=f"bold {_STYLES[answer.verdict]}")
    f1.show_warnings(answer.warnings)


def _findings(answer: CompareAnswer) -> list[str]:
    mcnemar = answer.mcnemar
    lines = [
        f"difference     {f1.number(answer.difference)} ({f1.interval(answer.bootstrap)})",
        f"randomization  p = {answer.randomization.p:.4g}",
        f"McNemar        p = {mcnemar.p:.4g}; only A right {mcnemar.a_only}, only B right {mcnemar.b_only}",
    ]
    if answer.unpaired is not None:
        lines.append(f"unpaired       p = {answer.unpaired.p:.4g}")
    if answer.needed_positives is not None:
        needed = f"{answer.needed_positives} of them for four comparisons in five to find such a difference"
        lines.append(f"positives      {answer.support}; it takes {needed}")
    return lines
