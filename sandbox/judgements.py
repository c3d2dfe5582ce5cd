"""What a judge told: its report, read, and joined with what the program's own process left."""

import json
import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from graders.api import Check, Execution, Program, Result
from sandbox import answers, descriptors
from sandbox.inside import protocol
from sandbox.inside.protocol import FRAME, Report, Run
from sandbox.settings import SandboxSettings

_REPORT_BYTES_MAX = 8 << 20
_KEPT_BYTES_MAX = 64 << 10
_FILES, _THREADS = 64, 16
_OUTCOMES = frozenset({"held", "failed", "raised", "judge_error", "not_reached"})


@dataclass(frozen=True, slots=True)
class Told:
    """A judge's report."""

    checks: tuple[Check, ...]
    made: int = 0
    answered: int = 0
    ended: str = ""
    """Why the program had no further answers, in the words of `inside.judge`; empty if none was missing."""
    calls: tuple[tuple[str, bytes, bytes], ...] = ()
    """Call, kind and body of the answers that the judge kept, in order."""
    is_whole: bool = False
    """Whether `calls` are all that were made."""


def judge_run(settings: SandboxSettings, timeout_s: float, is_live: bool) -> Run:
    """The order for one process that executes a test."""
    return Run(
        number=0,
        timeout_ms=int(timeout_s * 1000),
        cpu_s=settings.judge_cpu_s,
        memory_bytes=settings.judge_memory_mib << 20,
        output_bytes=_REPORT_BYTES_MAX,
        files=_FILES,
        threads=_THREADS,
        is_live=is_live,
    )


def task_of(program: Program) -> dict[str, Any]:
    """What a judge must know of the program: everything but its source."""
    return {
        "entry_point": program.entry_point,
        "prompt": program.prompt,
        "test": program.test,
        "checks": program.checks,
    }


def read(report: int, program: Program, missing: Check) -> Told:
    """The report in the file `report`; `missing` stands for checks that it does not hold.

    A test can write there too. What no judge writes is an error of every check.
    """
    content = descriptors.content(report, _REPORT_BYTES_MAX)
    try:
        told = _told(content, _count(program))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        spoilt = Check("judge_error", "The test wrote into the report of its judge.", missing.had_value)
        return Told((spoilt,) * _count(program))
    return replace(told, checks=told.checks + (missing,) * (_count(program) - len(told.checks)))


def _told(content: bytes, most: int) -> Told:
    """Raises whatever JSON of another form leads to."""
    checks: list[Check] = []
    told = Told(())
    for kind, body in _frames(content):
        if kind == protocol.CHECK:
            checks.append(_check(json.loads(body)))
        else:
            told = _summary(json.loads(body))
    if len(checks) > most:
        raise ValueError("more checks than the test has")
    return replace(told, checks=tuple(checks))


def _check(fields: dict[str, Any]) -> Check:
    check = Check(**fields)
    if check.outcome not in _OUTCOMES or type(check.error) is not str or type(check.had_value) is not bool:
        raise ValueError("no check")
    return check


def _summary(fields: dict[str, Any]) -> Told:
    # Each is a str, or it could not be joined.
    calls = tuple(("".join([call]), kind.encode("latin-1"), body.encode()) for call, kind, body in fields["calls"])
    told = Told((), **(fields | {"calls": calls}))
    kinds = {"made": int, "answered": int, "ended": str, "is_whole": bool}
    if any(type(getattr(told, name)) is not kind for name, kind in kinds.items()):
        raise ValueError("no summary")
    return told


def unreached(program: Program) -> tuple[Check, ...]:
    """The checks of a program that could not be loaded."""
    return (Check("not_reached"),) * _count(program)


def joined(
    execution: Execution, told: Told, calls: Iterable[tuple[str, bytes, bytes]], judge_cpu_s: float = 0.0
) -> Execution:
    """`execution` with what the judge told, and the first of the calls, as many as an execution keeps."""
    results = tuple(_results(calls))
    exits = any(result.outcome == "raised" and result.error.startswith("SystemExit") for result in results)
    return replace(
        execution,
        checks=told.checks,
        results=results,
        calls_made=told.made,
        calls_answered=told.answered,
        judge_cpu_s=judge_cpu_s,
        flags=(*execution.flags, "exited_early")
        if exits and "exited_early" not in execution.flags
        else execution.flags,
    )


def limit_reached(report: Report) -> Check:
    """What stands for the checks that a judge's process did not live to tell."""
    if report.ended != protocol.BY_ITSELF:
        error = "limit: the judge's time"
    elif os.WIFSIGNALED(report.status) and os.WTERMSIG(report.status) in {signal.SIGXCPU, signal.SIGKILL}:
        error = "limit: the judge's CPU time"
    else:
        error = f"The test ended its process with wait status {report.status}."
    return Check("judge_error", error, had_value=bool(report.mark & protocol.HAD_VALUE))


def _frames(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place + FRAME.size <= len(content):
        kind, length = FRAME.unpack_from(content, place)
        place += FRAME.size + length
        if place > len(content):
            return
        yield kind, content[place - length : place]


def _count(program: Program) -> int:
    return len(program.checks) or 1


def _results(calls: Iterable[tuple[str, bytes, bytes]]) -> Iterator[Result]:
    left = _KEPT_BYTES_MAX
    for call, kind, body in calls:
        left -= len(call) + len(body)
        if left < 0:
            return
        yield answers.result(kind, body, call)
