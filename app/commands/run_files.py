"""`rft-graders runs export | delete`: all that the ledger has of a run, as a file, or out of the database."""

import sys
from collections import OrderedDict
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from pydantic_core import from_json, to_json
from rich.progress import Progress

from app.commands.asking_ledger import OwnerName, Run, asked, owner_of
from app.commands.console import err, out, stop
from app.ledger import Ledger, Record

# Columns as they stand in a line, before the parts that are JSON already.
_PLAIN = (
    "record", "created_us", "caller", "grader", "digest", "contract", "run", "step", "item_id", "rollout", "group",
    "reward", "verdict", "code", "duration_us",
)  # fmt: skip
_JSON = ("grade", "config", "item", "sample", "executions")
_CREDITS_KEPT = 64


def export(
    run: Run,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to; default: stdout. A file that is there is replaced.")
    ] = None,
    caller: OwnerName = None,
) -> None:
    """Write all records of a run as JSONL, in the order in which they were made.

    A line has everything that led to a grade: item, sample, config, executions, the grade; `counts` is false for one
    that a later grade of the same step, item and rollout replaced, and for an unscored sample.
    """
    if file is None:
        lines = asked(lambda ledger: _export(ledger, run, caller, sys.stdout.buffer))
    else:
        partly = file.with_name(file.name + ".part")
        try:
            with partly.open("wb") as to:
                lines = asked(lambda ledger: _export(ledger, run, caller, to))
            partly.replace(file)
        except OSError as error:
            stop(f"{file} cannot be written: {error.strerror}")
        finally:
            partly.unlink(missing_ok=True)
    err.print(f"{lines} records of run {run}", markup=False, highlight=False)


def delete(
    run: Run,
    caller: OwnerName = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a run out of the ledger with all that it holds: grades, samples, items, counts. There is no way back."""
    owner, records = asked(lambda ledger: _size(ledger, run, caller))
    if not yes:
        typer.confirm(f"Delete run {run} of {owner}, {records} records?", abort=True, err=True)
    gone = asked(lambda ledger: _delete(ledger, owner, run, records))
    out.print(f"{gone} records of run {run} are deleted.", markup=False, highlight=False)


async def _export(ledger: Ledger, run: str, caller: str | None, to: BinaryIO) -> int:
    owner = await owner_of(ledger, run, caller)
    counted, credits = set(await ledger.counted_ids(owner, run)), _Credits(ledger)
    lines = 0
    async for record in ledger.records_of_run(owner, run):
        to.write(_line(record, record.record in counted, await credits.of(record)))
        lines += 1
    to.flush()
    return lines


def _line(record: Record, counts: bool, credit: dict[str, Any] | None) -> bytes:
    """The record as one line of JSON; what is stored as JSON stands in it as it is."""
    plain = to_json({**{name: getattr(record, name) for name in _PLAIN}, "counts": counts, "credit": credit})
    parts = b",".join(b'"%b":%b' % (name.encode(), getattr(record, name)) for name in _JSON)
    return b"%b,%b}\n" % (plain[:-1], parts)


class _Credits:
    """The credits of groups, of which the records stand side by side."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._kept: OrderedDict[str, dict[str, Any] | None] = OrderedDict()

    async def of(self, record: Record) -> dict[str, Any] | None:
        """What the record's group was given together; None: it was graded alone."""
        if b'"credit":' not in record.grade or (id := from_json(record.grade).get("credit")) is None:
            return None
        if id not in self._kept:
            self._kept[id] = await self._read(id)
            if len(self._kept) > _CREDITS_KEPT:
                self._kept.popitem(last=False)
        return self._kept[id]

    async def _read(self, id: str) -> dict[str, Any] | None:
        stored = await self._ledger.credit(id)
        if stored is None:
            return None
        return {"credit": id, "parameters": from_json(stored.parameters), "group": from_json(stored.block)}


async def _size(ledger: Ledger, run: str, caller: str | None) -> tuple[str, int]:
    owner = await owner_of(ledger, run, caller)
    return owner, await ledger.size_of_run(owner, run)


async def _delete(ledger: Ledger, owner: str, run: str, records: int) -> int:
    gone = 0
    with Progress(console=err, transient=True) as progress:
        bar = progress.add_task("deleted", total=records)
        async for gone in ledger.delete_run(owner, run):
            progress.update(bar, completed=gone)
    return gone
