"""Judged programs: the test runs in a process of its own and meets the program only through its answers.

For a trusted caller whose test's calls are known, the program answers them all and is gone before a judge that stays
looks at the answers. Otherwise a judge is forked for this one test, and program and test run side by side.
"""

import os
from dataclasses import replace

from graders.api import Check, Execution, Program, Result
from graders.kit.values import encode
from sandbox import descriptors, judgements
from sandbox.errors import SlotLost
from sandbox.inside import protocol
from sandbox.judgements import Told, joined, judge_run, task_of, unreached
from sandbox.live import live
from sandbox.outcomes import not_from_outside, started
from sandbox.recordings import Recording
from sandbox.runs import Ran
from sandbox.settings import SandboxSettings
from sandbox.shapes import calls_outcome, execution, run_calls
from sandbox.slot import Slot


async def judged(
    slot: Slot, program: Program, settings: SandboxSettings, recording: Recording | None, digest: bytes
) -> Execution:
    """Runs the program against its test. `recording` is None for callers whose tests are not trusted.

    Raises:
        SlotLost, Unavailable: nothing is known of the program.
    """
    if recording is not None and recording.is_usable:
        found = await _replayed(slot, program, settings, recording, digest)
        if found is not None:
            return found
        recording.differences += 1
    found, told = await live(slot, program, settings)
    if recording is not None and recording.may_be_kept(program) and _is_worth_recording(found, told):
        recording.keep(told.calls)
    return found


def _is_worth_recording(found: Execution, told: Told) -> bool:
    has_passed = found.outcome == "finished" and all(check.outcome == "held" for check in found.checks)
    return has_passed and told.is_whole


async def _replayed(
    slot: Slot, program: Program, settings: SandboxSettings, recording: Recording, digest: bytes
) -> Execution | None:
    """Makes the recorded calls and holds the test against the answers; None if that decides nothing."""
    candidate = await slot.process("candidate", program.dependencies)
    ran = await run_calls(candidate, program, recording.calls, protocol.REPLAYABLE)
    try:
        if not ran.answers.has_loaded:
            outcome, error = calls_outcome(ran, len(recording.calls))
            return replace(execution(ran, outcome, error), checks=unreached(program))
        told = await _replay(slot, program, settings, recording, digest, ran.answers_file)
    finally:
        os.close(ran.answers_file)
    if told is None or told.ended == "differs":
        return None
    outcome, error = _outcome(ran, told, len(recording.calls))
    frames = zip(recording.calls, ran.answers.frames[1 : told.answered + 1], strict=False)
    return joined(execution(ran, outcome, error), told, ((call, kind, body) for call, (kind, body) in frames))


async def _replay(
    slot: Slot, program: Program, settings: SandboxSettings, recording: Recording, digest: bytes, answers_file: int
) -> Told | None:
    judge = await slot.process("replay", program.dependencies)
    files = [answers_file, descriptors.blank()]
    # Another caller's test, or this one after a change, may have made other calls.
    known_as = recording.digest(digest)
    if judge.tasks.get(known_as) is None:
        files.append(descriptors.task(task_of(program) | {"calls": recording.calls}))
        judge.tasks.put(known_as, value=True)
    with descriptors.closing(*files[1:]):
        try:
            report = await judge.replay(settings.judge_cpu_s, known_as, files, settings.judge_timeout_s)
        except SlotLost:
            # The test reached a limit, or somebody ended the judge: a judge of its own will tell which.
            return None
        recording.leaves_traces = bool(report.mark & protocol.LEFT_TRACES)
        return judgements.read(files[1], program, Check("not_reached"))


def _outcome(ran: Ran, told: Told, calls: int) -> tuple[str, str]:
    if told.ended == "gone":
        return calls_outcome(ran, calls)
    return ("protocol_error", "A value cannot be read.") if told.ended else ("finished", "")


async def checked(slot: Slot, program: Program, settings: SandboxSettings, found: Execution) -> Execution:
    """`found` with the checks of the program's checker, which is given the answers.

    Raises:
        SlotLost, Unavailable: the checks could not be executed.
    """
    judge = await slot.process("judge", program.dependencies)
    job = task_of(program) | {"answers": list(map(_answer, found.results))}
    with descriptors.closing(descriptors.task(job), descriptors.blank(), descriptors.blank()) as (task, nobody, report):
        order = judge_run(settings, settings.judge_timeout_s, is_live=False)
        ended = started(await judge.run(order, [task, nobody, report]))
        not_from_outside(ended, settings.judge_cpu_s)
        told = judgements.read(report, program, judgements.limit_reached(ended))
    return replace(found, checks=told.checks, judge_cpu_s=ended.cpu_us / 1e6)


def _answer(result: Result) -> str | None:
    """The encoded value to check, if there is one."""
    if result.outcome == "finished":
        return encode(result.stdout)
    return result.value if result.outcome == "returned" else None
