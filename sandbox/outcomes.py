"""How a process ended, in the words of `graders.api.Execution`. An exit status is never evidence of success."""

import os
import signal

from graders.api import Program
from sandbox.errors import SlotLost
from sandbox.inside import protocol
from sandbox.inside.protocol import Report, Run

NO_MEMORY_STATUS = 71
"""With this, a program's process says that a MemoryError reached its outermost frame."""

_CPU_NEARLY = 0.98
_BY_SIGNAL: dict[int, str] = {
    signal.SIGSYS: "sandbox_violation",
    signal.SIGXCPU: "cpu_limit",
    signal.SIGXFSZ: "output_limit",
}


def run_of(program: Program, is_live: bool = False) -> Run:
    """The order for one process under the program's limits."""
    return Run(
        number=0,
        timeout_ms=int(program.timeout_s * 1000),
        cpu_s=whole_seconds(program.cpu_s),
        memory_bytes=program.memory_mib << 20,
        output_bytes=program.output_bytes,
        files=program.files,
        threads=program.threads,
        is_live=is_live,
    )


def whole_seconds(seconds: float) -> int:
    """`seconds` as RLIMIT_CPU counts them, rounded up."""
    return int(-(-seconds // 1))


def started(report: Report) -> Report:
    """`report`, of a process that ran a program.

    Raises:
        SlotLost: no program ran in it.
    """
    if report.ended == protocol.NEVER_STARTED:
        raise SlotLost(f"The sandbox could not start a process for the program: {_why_not(report.status)}.")
    return report


def _why_not(status: int) -> str:
    if status <= 0:
        return os.strerror(-status)
    if os.WIFSIGNALED(status):
        return f"it was ended before, by signal {os.WTERMSIG(status)}"
    return f"it ended before, with status {os.WEXITSTATUS(status)}"


def forced_end(report: Report, program: Program) -> str:
    """Why the process did not end by itself; empty if it did.

    Raises:
        SlotLost: something outside the sandbox killed it.
    """
    if report.ended == protocol.AT_TIMEOUT:
        return "timeout"
    if not os.WIFSIGNALED(report.status):
        return "memory_limit" if os.WEXITSTATUS(report.status) == NO_MEMORY_STATUS else ""
    not_from_outside(report, program.cpu_s)
    ended_by = os.WTERMSIG(report.status)
    if ended_by == signal.SIGKILL and report.ended == protocol.BY_ITSELF:
        return "cpu_limit"
    return _BY_SIGNAL.get(ended_by, "crashed")


def not_from_outside(report: Report, cpu_s: float) -> None:
    """Checks that a process ended by its own doing.

    Only two things send SIGKILL to a process that may use `cpu_s` of CPU: the kernel, when it ignores SIGXCPU, and
    whatever is outside of the jail (a host without memory, an operator). The process itself cannot: see
    `inside.filters`.

    Raises:
        SlotLost: it came from outside, so nothing is known of the program.
    """
    if report.ended != protocol.BY_ITSELF or not os.WIFSIGNALED(report.status):
        return
    if (
        os.WTERMSIG(report.status) == signal.SIGKILL
        and max(report.cpu_us, report.charged_us) < whole_seconds(cpu_s) * 1e6 * _CPU_NEARLY
    ):
        raise SlotLost(
            "The program's process was killed from outside; the host may have no memory left. "
            "Give the host more memory, or the sandbox fewer slots."
        )
