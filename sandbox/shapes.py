"""Programs that run without a judge beside them: structured ones, and stdio."""

import math
import os
from dataclasses import replace
from typing import Any

from graders.api import Execution, Program, Result
from sandbox import descriptors
from sandbox.answers import Answers, results, said
from sandbox.inside import protocol
from sandbox.process import JailedProcess
from sandbox.runs import Ran, run_alone

_ANSWERED = {"returned", "raised", "memory_limit", "unsendable"}


async def structured(process: JailedProcess, program: Program) -> Execution:
    """Makes every call in one process.

    Raises:
        SlotLost: nothing is known of the program.
    """
    ran = await run_calls(process, program, program.calls)
    os.close(ran.answers_file)
    found = results(ran.answers, program)
    answered = sum(result.outcome in _ANSWERED for result in found)
    outcome, error = calls_outcome(ran, len(program.calls))
    made = min(answered + 1, len(found)) if ran.answers.has_loaded else 0
    return execution(ran, outcome, error, results=found, calls_made=made, calls_answered=answered)


async def run_calls(
    process: JailedProcess, program: Program, calls: tuple[str, ...], kind: bytes = protocol.CALLS
) -> Ran:
    """Loads the program and makes `calls`. The caller closes the file of answers."""
    with descriptors.closing(descriptors.job(kind, program.source, program.entry_point, calls)) as (job,):
        # The first says whether it was loaded.
        return await run_alone(process, program, job, answers_most=len(calls) + 1)


def calls_outcome(ran: Ran, calls: int) -> tuple[str, str]:
    """The outcome of a process that was to make so many calls, and the words for it."""
    answers = ran.answers
    if answers.load_outcome:
        return answers.load_outcome, answers.load_error
    if answers.fault:
        return "protocol_error", answers.fault
    if answers.has_loaded and len(answers.frames) == calls + 1:
        # All answers are there; how the process went on to end changes none of them.
        return "finished", ""
    return ran.forced or "exited_early", ""


def execution(ran: Ran, outcome: str, error: str, **more: Any) -> Execution:
    """What every shape tells of one process, and `more`."""
    exits = outcome == "exited_early" or _exits(ran.answers)
    return Execution(
        outcome=outcome,
        stdout=ran.stdout,
        stderr=ran.stderr,
        wall_s=ran.report.wall_us / 1e6,
        cpu_s=ran.report.cpu_us / 1e6,
        memory_mib=ran.report.memory_kib / 1024,
        error=error,
        flags=(*ran.flags, "exited_early") if exits else ran.flags,
        **more,
    )


def _exits(answers: Answers) -> bool:
    raised = {protocol.RAISED, protocol.NOT_LOADED}
    return any(kind in raised and body.startswith(b"SystemExit") for kind, body in answers.frames)


async def stdio(process: JailedProcess, program: Program) -> Execution:
    """Runs the program once per stdin, each time in a process of its own.

    Raises:
        SlotLost: nothing is known of the program.
    """
    stdins = program.stdins or (program.stdin,)
    parts: list[Execution] = []
    left_s = program.total_timeout_s or math.inf
    left_bytes = _TOTAL_OUTPUTS * program.output_bytes
    with descriptors.closing(descriptors.job(protocol.STDIO, program.source)) as (job,):
        for stdin in stdins:
            if left_s <= _LEAST_S:
                parts.append(_OUT_OF_TIME)
            elif left_bytes <= 0:
                parts.append(_OUT_OF_SPACE)
            else:
                timeout_s, output_bytes = min(program.timeout_s, left_s), min(program.output_bytes, left_bytes)
                limited = replace(program, timeout_s=timeout_s, output_bytes=output_bytes)
                part, used_s = await _stdio_once(process, limited, job, stdin)
                parts.append(part)
                left_s -= used_s
                left_bytes -= len((part.stdout + part.stderr).encode("utf-8", "surrogatepass"))
    first = next((part for part in parts if part.outcome != "finished"), parts[0])
    if len(parts) == 1:
        return replace(first, calls_made=1, calls_answered=int(first.outcome == "finished"))
    return Execution(
        outcome=first.outcome,
        error=first.error,
        wall_s=sum(part.wall_s for part in parts),
        cpu_s=sum(part.cpu_s for part in parts),
        memory_mib=max(part.memory_mib for part in parts),
        results=tuple(map(_as_result, parts)),
        calls_made=len(parts),
        calls_answered=sum(part.outcome == "finished" for part in parts),
        flags=tuple(dict.fromkeys(flag for part in parts for flag in part.flags)),
    )


# A process needs a moment to take its layers.
_LEAST_S = 0.05
_OUT_OF_TIME = Execution("timeout", error="The time for all stdins together was used up.")
# So many times what one process may write, all may write together; a hundred times as much would be nobody's output,
# and has to be kept, sent, judged and stored.
_TOTAL_OUTPUTS = 4
_OUT_OF_SPACE = Execution("output_limit", error="The output for all stdins together was used up.")


async def _stdio_once(process: JailedProcess, program: Program, job: int, stdin: str) -> tuple[Execution, float]:
    """The execution, and the seconds that it used: time that it waited for a CPU is not its own."""
    with descriptors.closing(descriptors.sealed(stdin.encode("utf-8", "surrogatepass"))) as (file,):
        # It was loaded, and then an exception may have ended it.
        ran = await run_alone(process, program, job, answers_most=2, stdin=file)
    os.close(ran.answers_file)
    outcome, error = _stdio_outcome(ran)
    told = execution(ran, outcome, error)
    used_s = max(ran.report.cpu_us, ran.report.wall_us - ran.report.waited_us) / 1e6
    return replace(told, results=(_as_result(told),)), used_s


def _as_result(part: Execution) -> Result:
    return Result(
        outcome=part.outcome,
        error=part.error,
        stdout=part.stdout,
        stderr=part.stderr,
        wall_s=part.wall_s,
        cpu_s=part.cpu_s,
        memory_mib=part.memory_mib,
    )


def _stdio_outcome(ran: Ran) -> tuple[str, str]:
    answers = ran.answers
    if ran.forced:
        return ran.forced, ""
    if answers.load_outcome:
        return answers.load_outcome, answers.load_error
    if answers.fault or not answers.has_loaded:
        return "protocol_error", answers.fault
    for kind, body in answers.frames[1:]:
        return "memory_limit" if kind == protocol.OUT_OF_MEMORY else "runtime_error", said(body)
    status = os.WEXITSTATUS(ran.report.status)
    return ("runtime_error", f"The program ended with exit status {status}.") if status else ("finished", "")
