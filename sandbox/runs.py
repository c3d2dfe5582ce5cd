"""One process of a program without a judge beside it: what it is given, and what it left."""

import os
from dataclasses import dataclass, field

from graders.api import Program
from sandbox import answers, descriptors
from sandbox.answers import Answers
from sandbox.inside.protocol import Report
from sandbox.outcomes import forced_end, run_of, started
from sandbox.process import JailedProcess


@dataclass(slots=True)
class Ran:
    """What one process left."""

    report: Report
    stdout: str
    stderr: str
    flags: tuple[str, ...]
    answers: Answers = field(default_factory=Answers)
    answers_file: int = -1
    """Open until the caller closes it."""
    forced: str = ""
    """As `outcomes.forced_end`, or `output_limit`; empty if it ended by itself."""


def left(report: Report, stdout: int, stderr: int, most: int) -> Ran:
    """What a process left in its stdout and stderr, at most so many bytes of each."""
    files = {"stdout": stdout, "stderr": stderr}
    return Ran(
        report=report,
        stdout=descriptors.text(stdout, most),
        stderr=descriptors.text(stderr, most),
        flags=tuple(f"{name}_cut" for name, file in files.items() if descriptors.size(file) >= most),
    )


async def run_alone(
    process: JailedProcess, program: Program, job: int, *, answers_most: int, stdin: int | None = None
) -> Ran:
    """Runs `job`, which leads to so many answers, in a process of its own.

    Raises:
        SlotLost: nothing is known of the program.
    """
    written, most = descriptors.blank(), program.output_bytes
    try:
        with descriptors.closing(descriptors.blank(), descriptors.blank()) as (stdout, stderr):
            files = [job, written, stdout, stderr] if stdin is None else [job, written, stdout, stderr, stdin]
            ran = left(started(await process.run(run_of(program), files)), stdout, stderr, most)
    except BaseException:
        os.close(written)
        raise
    is_over = descriptors.size(written) >= most or (stdin is not None and "stdout_cut" in ran.flags)
    ran.answers = answers.read(descriptors.content(written, most), answers_most)
    ran.answers_file = written
    ran.forced = forced_end(ran.report, program) or ("output_limit" if is_over else "")
    return ran
