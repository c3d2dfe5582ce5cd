"""Files of predictions: JSON lines with `y_true` and `y_pred`; `id`, `known`, `group` and `version` where needed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from app.commands.console import stop
from app.commands.files import UnusableFile, reading
from evaluations.errors import InvalidEvaluation
from evaluations.requests import Kind

_WANTED = "a file of JSON lines, each with a right answer and a prediction"
_ROW = re.compile(r"/(y_true|y_pred|known|groups|ids)/(\d+)$")


@dataclass
class Predictions:
    """The columns of a file, as a request takes them, and the line of each row."""

    file: Path
    columns: dict[str, list[Any]] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    version: str | None = None

    @property
    def kind(self) -> Kind:
        """The kind that the gold looks like: lists, 0 and 1, or anything else."""
        gold = self.columns["y_true"]
        if any(isinstance(value, list) for value in gold):
            return "multilabel"
        return "binary" if all(type(value) in (int, bool) and value in (0, 1) for value in gold) else "multiclass"


def read_predictions(file: Path, y_true: str, y_pred: str, *, with_ids: bool = False) -> Predictions:
    """The predictions in `file`; `y_true` and `y_pred` are the names of these columns in it.

    A file that cannot be read, or a line that is none of predictions, ends the command.
    """
    found = Predictions(file)
    rows = [_row(file, number, line) for number, line in _lines(file)]
    names = {"y_true": y_true, "y_pred": y_pred} | ({"ids": "id"} if with_ids else {})
    for column, name in names.items():
        found.columns[column] = [_value(file, number, row, name) for number, row in rows]
    for column, name in {"known": "known", "groups": "group"}.items():
        if any(name in row for _, row in rows):
            found.columns[column] = [row.get(name) if column == "known" else _value(file, number, row, name)
                                     for number, row in rows]  # fmt: skip
    found.lines = [number for number, _ in rows]
    versions = {row["version"] for _, row in rows if isinstance(row.get("version"), str)}
    if len(versions) > 1:
        stop(f"{file} holds predictions of several versions: {', '.join(sorted(versions))}.")
    found.version = next(iter(versions), None)
    return found


def explained(error: InvalidEvaluation, sides: dict[str, Predictions]) -> str:
    """What `error` says, its places as lines of the files. `sides` are by the pointer at which their columns stand."""
    places = [f"{_where(fault.pointer, sides)}: {fault.detail}" for fault in error.faults]
    return "\n".join([error.code, *places])


def _where(pointer: str, sides: dict[str, Predictions]) -> str:
    for root, side in sides.items():
        found = _ROW.fullmatch(pointer.removeprefix(root)) if pointer.startswith(root) else None
        if found:
            return f"{side.file.name}, line {side.lines[int(found[2])]}, {found[1]}"
    return pointer or "the request"


def _lines(file: Path) -> Sequence[tuple[int, bytes]]:
    try:
        with reading(file, _WANTED, option="") as lines:
            return [(number, line) for number, line in enumerate(lines.read().splitlines(), 1) if line.strip()]
    except UnusableFile as error:
        stop(str(error))


def _row(file: Path, number: int, line: bytes) -> tuple[int, dict[str, Any]]:
    try:
        row = from_json(line, allow_inf_nan=False)
    except ValueError as error:
        hint = " For a prediction that could not be read write null, not NaN." if b"NaN" in line else ""
        stop(f"{file}, line {number} is not JSON: {error}.{hint}")
    if not isinstance(row, dict):
        stop(f"{file}, line {number}: wanted an object with y_true and y_pred.")
    return number, row


def _value(file: Path, number: int, row: dict[str, Any], name: str) -> Any:
    if name not in row:
        stop(f"{file}, line {number} has no {name!r}; it has {', '.join(map(repr, row)) or 'nothing'}.")
    return row[name]
