"""`rft-graders finance-spec`: the `spec` of financial questions, derived once for a person to check and keep.

Stands alone: it knows the questions of `finance_qa`, the files of the other commands, and nothing of the service.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Any, BinaryIO

import typer
from pydantic_core import from_json, to_json
from rich.console import Console

from app.commands.files import UnusableFile, is_stdout, reading, writing
from graders.finance_qa.questions import Reading, derive_spec

_WANTED = "a file of JSON lines, each with a question"
_SHOWN_BYTES = 60


class BadLine(ValueError):
    """A line that no spec can be derived for: what was wanted, and what is there."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the input, and what its question says. A field of the item's own `spec` is not derived again."""

    line: dict[str, Any]
    is_nested: bool
    """The item lies under `item`, as in the lines that `grade` reads; else the line itself is the item."""
    question: str
    given: dict[str, Any]
    reading: Reading

    @property
    def spec(self) -> dict[str, Any]:
        return self.reading.spec | self.given

    @property
    def line_with_spec(self) -> dict[str, Any]:
        if self.is_nested:
            return self.line | {"item": self.line["item"] | {"spec": self.spec}}
        return self.line | {"spec": self.spec}

    def source(self, name: str) -> str:
        """Where the field comes from: the words of the question, or the line itself."""
        return "(given)" if name in self.given else f'"{self.reading.words[name].text}"'


@dataclass(slots=True)
class Summary:
    """How many rows got each field, how many got none, and how many lines were bad."""

    rows: int = 0
    empty: int = 0
    bad: int = 0
    fields: Counter[str] = field(default_factory=Counter)

    def count(self, row: Row) -> None:
        self.rows += 1
        self.empty += not row.spec
        self.fields.update(row.spec.keys())

    def __str__(self) -> str:
        counts = ", ".join(f"{name} {count}" for name, count in self.fields.most_common()) or "no field"
        return f"{self.rows} questions: {counts}; {self.empty} without a spec; {self.bad} bad lines."


def finance_spec(
    input: Annotated[Path, typer.Option(help="JSON lines, each with a question, there or under `item`. - is stdin.")],
    output: Annotated[
        Path | None,
        typer.Option(help="Each line again, with `spec` added; - is stdout. Default: each question and what it says."),
    ] = None,
    key: Annotated[str, typer.Option("--field", help="The key that holds the question.")] = "question",
) -> None:
    """Derive the `spec` of finance_qa items from their questions. A field that a line has already is kept.

    Exit code 1 if any line was bad; the others are done.
    """
    out, err = Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)
    summary = Summary()
    try:
        with reading(input, _WANTED) as lines, writing(output, lines) as results:
            for row in _rows(lines, key, summary, err):
                _tell(row, results, out)
    except BrokenPipeError:
        raise  # Nobody reads stdout any more: click ends the command without a word.
    except (UnusableFile, OSError) as error:
        err.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(2) from error
    (err if is_stdout(output) else out).print(str(summary), highlight=False)
    if summary.bad:
        raise typer.Exit(1)


def _tell(row: Row, results: BinaryIO | None, out: Console) -> None:
    if results is not None:
        results.write(to_json(row.line_with_spec) + b"\n")
    else:
        out.print(shown(row), markup=False, highlight=False)


def shown(row: Row) -> str:
    """The question, and below it each field with its value and where that was read: lines, which every width shows."""
    values = {name: str(value) for name, value in row.spec.items()}
    widest = max(map(len, values.values()), default=0)
    fields = [f"  {name:8} {value:{widest}}  {row.source(name)}" for name, value in values.items()]
    return "\n".join([" ".join(row.question.split()), *(fields or ["  -"])])


def _rows(lines: IO[bytes], key: str, summary: Summary, err: Console) -> Iterator[Row]:
    """The good lines, counted; each bad one is counted and told with its number. Blank lines are passed over."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = read_row(line, key)
        except BadLine as error:
            summary.bad += 1
            err.print(f"line {number}: {error}", style="red", markup=False, highlight=False)
        else:
            summary.count(row)
            yield row


def read_row(line: bytes, key: str = "question") -> Row:
    """The row in one JSON line, whose `item`, or else the line itself, has the question.

    Raises:
        BadLine: no JSON object, no text under `key`, or a `spec` that is no object.
    """
    try:
        row = from_json(line, allow_inf_nan=False)
    except ValueError as error:
        raise BadLine(f"no JSON: {error}") from error
    if not isinstance(row, dict):
        raise BadLine(f"wanted a JSON object with {key!r}, got {type(row).__name__}.")
    is_nested = key not in row and isinstance(row.get("item"), dict)
    item = row["item"] if is_nested else row
    question, given = item.get(key), item.get("spec")
    if not isinstance(question, str):
        raise BadLine(f"wanted the question as text under {key!r}; {_found(key, item, is_nested)}.")
    if not isinstance(given, dict | None):
        raise BadLine(f"wanted `spec` to be an object, got {type(given).__name__}.")
    return Row(row, is_nested, question, given or {}, derive_spec(question))


def _found(key: str, item: dict[str, Any], is_nested: bool) -> str:
    """What there is instead of a text under `key`."""
    if key in item:
        return f"its value is no text: {to_json(item[key])[:_SHOWN_BYTES].decode(errors='ignore')}"
    return f"the keys{' of `item`' if is_nested else ''} are {', '.join(map(repr, item)) or 'none'}"
