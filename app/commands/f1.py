"""`rft-graders f1`: precision, recall and F1 of a file of predictions, without a server."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from app.commands.console import err, out, stop
from app.commands.predictions import Predictions, explained, read_predictions
from evaluations.answers import F1Answer, IntervalAnswer, Notice
from evaluations.errors import InvalidEvaluation
from evaluations.f1 import evaluate
from evaluations.requests import F1Request, read

KIND = Annotated[str | None, typer.Option(help="binary, multiclass, multilabel or flag; default: by the gold.")]
LABEL = Annotated[list[str] | None, typer.Option(help="A declared label; once per label. Default: those that occur.")]
AVERAGE = Annotated[
    str | None, typer.Option(help="binary, micro, macro, weighted, samples or none; default: by the kind.")
]
BETA = Annotated[str, typer.Option(help="Weight of recall against precision, or inf.")]
ZERO_DIVISION = Annotated[str, typer.Option(help="What 0/0 is: 0, 1 or nan.")]
UNKNOWN = Annotated[str, typer.Option(help="Predicted labels that are not declared: fp, drop or error.")]
POS_LABEL = Annotated[str | None, typer.Option(help="The positive one of two labels; default: 1.")]
LEVEL = Annotated[float, typer.Option(help="Confidence of the intervals.")]
SEED = Annotated[int, typer.Option(help="The same seed, the same numbers.")]
Y_TRUE = Annotated[str, typer.Option("--y-true", help="The key of the gold in every line.")]
AS_JSON = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


def f1(
    input: Annotated[
        Path, typer.Option(help='JSON lines: {"y_true": ..., "y_pred": ..., "known"?, "group"?}; - is stdin.')
    ],
    kind: KIND = None,
    label: LABEL = None,
    average: AVERAGE = None,
    beta: BETA = "1",
    zero_division: ZERO_DIVISION = "0",
    unknown: UNKNOWN = "fp",
    pos_label: POS_LABEL = None,
    bootstrap: Annotated[
        int | None, typer.Option(help="Resamples of an interval for any average, such as 2000.")
    ] = None,
    level: LEVEL = 0.95,
    seed: SEED = 0,
    y_true: Y_TRUE = "y_true",
    y_pred: Annotated[str, typer.Option("--y-pred", help="The key of the prediction in every line.")] = "y_pred",
    as_json: AS_JSON = False,
) -> None:
    """Precision, recall and F1 of a file of predictions, as scikit-learn has them, with intervals and baselines."""
    predictions = read_predictions(input, y_true, y_pred)
    request = labelling(predictions, kind, label, unknown, pos_label)
    request |= {"average": average, "beta": as_number(beta), "zero_division": as_number(zero_division), "level": level}
    if bootstrap is not None:
        request["bootstrap"] = {"resamples": bootstrap, "seed": seed}
    try:
        answer = evaluate(read(F1Request, request | predictions.columns))
    except InvalidEvaluation as error:
        stop(explained(error, {"": predictions}))
    if as_json:
        out.print_json(answer.model_dump_json())
    else:
        _show(answer)


def labelling(
    predictions: Predictions, kind: str | None, label: list[str] | None, unknown: str, pos_label: str | None
) -> dict[str, Any]:
    """What the options say of labels, as a request has it. They are numbers where the file's are."""
    values = (value for column in ("y_true", "y_pred") for value in predictions.columns[column] if value is not None)
    labels = (label for value in values for label in (value if isinstance(value, list) else (value,)))
    numeric = not isinstance(next(labels, ""), str)
    request: dict[str, Any] = {"kind": kind or predictions.kind, "unknown": unknown}
    if label:
        request["labels"] = [as_number(one) if numeric else one for one in label]
    if pos_label is not None:
        request["pos_label"] = as_number(pos_label) if numeric else pos_label
    return request


def as_number(text: str) -> int | float | str:
    """The number that `text` is, if it is one; "inf" and "nan" are words of a request."""
    if text in {"inf", "nan"}:
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def interval(found: IntervalAnswer | None) -> str:
    return "" if found is None else f"{found.low:.3f} to {found.high:.3f}"


def show_warnings(warnings: list[Notice]) -> None:
    for warning in warnings:
        err.print(f"{warning.code}: {warning.detail}", style="yellow", markup=False, highlight=False)


def _show(answer: F1Answer) -> None:
    beta = "" if answer.beta == 1 else f", beta {answer.beta}"
    out.print(f"{answer.rows} rows, {answer.kind}, average {answer.average}{beta}", highlight=False)
    head = Table("", "precision", "recall", "F", f"{_level(answer)} interval")
    found = answer.interval or answer.bootstrap
    head.add_row("F", number(answer.precision), number(answer.recall), number(answer.f), interval(found), style="bold")
    for baseline in answer.baselines:
        name = baseline.name if baseline.name != "majority_class" else f"always {baseline.prediction}"
        head.add_row(escape(name), number(baseline.precision), number(baseline.recall), number(baseline.f), "")
    out.print(head)
    if found is None:
        err.print("An interval of this F needs a bootstrap: --bootstrap 2000.", style="yellow", highlight=False)
    table = Table("label", "tp", "fp", "fn", "tn", "precision", "recall", "F", "interval", padding=(0, 0, 0, 1))
    for row in answer.per_label:
        cells = [str(count) for count in (row.tp, row.fp, row.fn, row.tn)]
        cells += [number(score) for score in (row.precision, row.recall, row.f)]
        table.add_row(escape(str(row.label)[:40]), *cells, interval(row.interval))
    out.print(table)
    counts = answer.counts
    if counts.unknown or counts.invalid:
        out.print(f"{counts.unknown} predicted labels not declared, {counts.invalid} predictions null", highlight=False)
    show_warnings(answer.warnings)


def _level(answer: F1Answer) -> str:
    found = answer.interval or answer.bootstrap
    return "" if found is None else f"{found.level * 100:g}%"
