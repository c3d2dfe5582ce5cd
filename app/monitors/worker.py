"""The process in which runs are counted and their reports are made: `python -m app.monitors.worker`.

A million rows that pass through a thread of the service would hold up every grade. It speaks in frames on stdin and
stdout, four bytes of length (big-endian) before each; `asking.py` has what is in them. It ends when stdin closes.
"""

import asyncio
import logging
import os
import signal
import sys
from functools import partial
from typing import Any

import msgspec

from app.errors import LedgerUnavailable
from app.ledger.opening import open_database
from app.ledger.tallying import RunTallies, Tallying
from app.monitors.asking import ANSWER, AWAY, DEFECT, UNKNOWN_GRADERS, UNKNOWN_RUN, Asked, framed
from app.monitors.comparison import comparison_of
from app.monitors.report import monitor_of

_log = logging.getLogger(__name__)

# Grading goes first where both want the same CPU.
_NICENESS = 5
# How often a run is looked at whose last steps were not over, s.
_SETTLE_S = 6.0
_questions = msgspec.json.Decoder(Asked)


def main() -> None:
    """Serves until stdin closes."""
    # Ctrl-C goes to the whole terminal, and systemd's stop to all processes; the service ends this one itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(_NICENESS)
    asyncio.run(_serve())


async def _serve() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    url = await _frame(reader)
    if url is None:
        return
    counting = Counting(url.decode())
    while (body := await _frame(reader)) is not None:
        counting.begin(_questions.decode(body))
    await counting.close()


async def _frame(reader: asyncio.StreamReader) -> bytes | None:
    try:
        return await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))
    except asyncio.IncompleteReadError:
        return None


class Counting:
    """Answers questions about the runs in the database at `url`."""

    def __init__(self, url: str) -> None:
        self._database = open_database(url)
        self._tallying = Tallying(self._database)
        self._settling: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, asked: Asked) -> None:
        """Begins to answer; a question of kind `settle` has no answer."""
        work = self._settle(asked.caller, asked.runs[0]) if asked.kind == "settle" else self._answer(asked)
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, number=asked.number))

    async def close(self) -> None:
        """Ends what is under way."""
        for task in self._tasks:
            task.cancel()
        await self._tallying.close()
        await self._database.close()

    def _ended(self, task: asyncio.Task[None], number: int) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("A run could not be counted", exc_info=error)
            _say(number, DEFECT, b"")

    async def _answer(self, asked: Asked) -> None:
        try:
            kind, rest = await self._report(asked)
        except LedgerUnavailable as error:
            kind, rest = AWAY, error.detail.encode()
        _say(asked.number, kind, rest)

    async def _report(self, asked: Asked) -> tuple[bytes, bytes]:
        found = [await self._tallying.run(asked.caller, run, asked.patience_s) for run in asked.runs]
        for tallies in found:
            if not tallies.records:
                return UNKNOWN_RUN, tallies.run.encode()
        if unknown := graders_of(found) - asked.ranges.keys():
            return UNKNOWN_GRADERS, msgspec.json.encode(sorted(unknown))
        ranges = asked.ranges.__getitem__
        report: Any = (
            monitor_of(found[0], ranges, asked.points)
            if asked.kind == "monitor"
            else comparison_of(found[0], found[1], ranges, asked.points)
        )
        return ANSWER, report.model_dump_json().encode()

    async def _settle(self, caller: str, run: str) -> None:
        """Counts the run's steps as they come to be over, so that a report finds them counted."""
        if (caller, run) in self._settling:
            return
        self._settling.add((caller, run))
        try:
            while True:
                if not await self._tallying.settle(caller, run):
                    break
                await asyncio.sleep(_SETTLE_S)
        except LedgerUnavailable:
            # Whoever asks for a report later counts what was left.
            return
        finally:
            self._settling.discard((caller, run))


def _say(number: int, kind: bytes, rest: bytes) -> None:
    body = framed(number, kind, rest)
    sys.stdout.buffer.write(len(body).to_bytes(4, "big") + body)
    sys.stdout.buffer.flush()


def graders_of(runs: list[RunTallies]) -> set[str]:
    """The ids of the graders that judged `runs`."""
    return {tally.grader for run in runs for _, _, tallies in run.steps for tally in tallies}


if __name__ == "__main__":
    main()
