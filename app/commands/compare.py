"""`rft-graders compare`: is B better than A? Two files of predictions on the same samples."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.commands import f1
from app.commands.console import out, stop
from app.commands.predictions import Predictions, explained, read_predictions
from evaluations.answers import CompareAnswer
from evaluations.comparison import compare as compare_systems
from evaluations.errors import InvalidEvaluation
from evaluations.requests import CompareRequest, read

_STYLES = {"improved": "green", "regressed": "red", "not_distinguishable": "yellow"}


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help='JSON lines: {"id", "y_true", "y_pred", "known"?, "group"?}.')],
    b: Annotated[
        Path, typer.Argument(metavar="B", help="The same samples, predicted by the system that may be better.")
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
    as_json: f1.AS_JSON = False,
) -> None:
    """Compare two systems on the same samples: paired randomization, bootstrap and McNemar's exact test."""
    sides = {
        "a": read_predictions(a, y_true, y_pred, with_ids=True),
        "b": read_predictions(b, y_true, y_pred_b or y_pred, with_ids=True),
    }
    request = f1.conventions(
        sides["a"], kind=kind, label=label, average=average, beta=beta, zero_division=zero_division,
        unknown=unknown, pos_label=pos_label, level=level,
    )  # fmt: skip
    request |= {"swaps": swaps, "resamples": resamples, "seed": seed, "unpaired": unpaired}
    request |= {key: _side(side, name) for (key, side), name in zip(sides.items(), (y_pred, y_pred_b), strict=True)}
    try:
        answer = compare_systems(read(CompareRequest, request))
    except InvalidEvaluation as error:
        stop(explained(error, {f"/{key}": side for key, side in sides.items()}))
    if as_json:
        out.print_json(answer.model_dump_json())
    else:
        _show(answer)


def _side(side: Predictions, column: str | None) -> dict[str, object]:
    name = side.file.name if column in (None, "y_pred") else column
    return {"name": name, "version": side.version, **side.columns}


def _show(answer: CompareAnswer) -> None:
    out.print(f"{answer.rows} samples, {answer.kind}, average {answer.average}", highlight=False)
    table = Table("", "precision", "recall", "F", "interval", "tp", "fp", "fn", padding=(0, 0, 0, 1))
    for letter, side in (("A", answer.a), ("B", answer.b)):
        scores = [f1.number(score) for score in (side.precision, side.recall, side.f)]
        counts = [str(count) for count in (side.counts.tp, side.counts.fp, side.counts.fn)]
        table.add_row(escape(f"{letter} {side.name}"), *scores, f1.interval(side.interval), *counts)
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
