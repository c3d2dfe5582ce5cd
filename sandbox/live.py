"""A program and its test side by side, each in a process of its own, joined by a socket that the service leaves to
them."""

import asyncio
import socket
import time

from graders.api import Execution, Program
from sandbox import descriptors, judgements
from sandbox.inside import protocol
from sandbox.inside.protocol import Note, Report
from sandbox.judgements import Told, joined, judge_run, task_of
from sandbox.outcomes import forced_end, not_from_outside, run_of, started
from sandbox.process import JailedProcess
from sandbox.runs import left
from sandbox.settings import SandboxSettings
from sandbox.shapes import execution
from sandbox.slot import Slot

_FAULTS = {"long": "output_limit", "unreadable": "protocol_error", "E": "load_error", "M": "memory_limit"}


async def live(slot: Slot, program: Program, settings: SandboxSettings) -> tuple[Execution, Told]:
    """Runs both; returns the execution and what the judge told.

    Raises:
        SlotLost, Unavailable: nothing is known of the program.
    """
    pair = _Pair(
        program, settings,
        await slot.process("candidate", program.dependencies), await slot.process("judge", program.dependencies),
    )  # fmt: skip
    task = task_of(program) | {"answers": None, "answers_bytes_max": program.output_bytes}
    files = (
        descriptors.job(protocol.LIVE, program.source, program.entry_point),
        descriptors.task(task),
        *(descriptors.blank() for _ in range(3)),
    )
    with descriptors.closing(*files) as (own, test, stdout, stderr, report):
        await pair.run(own, test, stdout, stderr, report)
        told = judgements.read(report, program, judgements.limit_reached(pair.judged))
        outcome, error = pair.outcome(told)
        ran = left(pair.ran, stdout, stderr, program.output_bytes)
    return joined(execution(ran, outcome, error), told, told.calls, pair.judged.cpu_us / 1e6), told


class _Pair:
    """The two processes while they run."""

    ran: Report
    judged: Report

    def __init__(
        self, program: Program, settings: SandboxSettings, candidate: JailedProcess, judge: JailedProcess
    ) -> None:
        self._program, self._settings = program, settings
        self._candidate, self._judge = candidate, judge
        self._is_too_slow = False
        self._started = time.monotonic()
        self._candidates_number = self._judges_number = 0
        self._arbiters: set[asyncio.Task[None]] = set()
        self._last_call: asyncio.TimerHandle | None = None

    async def run(self, own: int, test: int, stdout: int, stderr: int, report: int) -> None:
        """Runs both to their ends.

        Raises:
            SlotLost: one of them is gone without that.
        """
        settings = self._settings
        order = judge_run(settings, self._program.timeout_s + settings.judge_timeout_s, is_live=True)
        self._candidate.on_expired = self._program_expired
        self._judge.on_expired = self._test_expired
        ours, theirs = socket.socketpair()
        with ours, theirs:
            judging = self._judge.run(order, [test, theirs.fileno(), report])
            running = self._candidate.run(run_of(self._program, is_live=True), [own, ours.fileno(), stdout, stderr])
        self._candidates_number, self._judges_number = self._candidate.number, self._judge.number
        running.add_done_callback(self._program_ended)
        try:
            self.judged = started(await judging)
            if not running.done():
                self._candidate.tell(self._candidates_number, protocol.STOP)
            self.ran = started(await running)
            not_from_outside(self.judged, settings.judge_cpu_s)
            not_from_outside(self.ran, self._program.cpu_s)
        finally:
            for task in self._arbiters:
                task.cancel()
            if self._last_call is not None:
                self._last_call.cancel()

    def outcome(self, told: Told) -> tuple[str, str]:
        """The program's outcome, and the words for it."""
        if self._is_too_slow:
            return "timeout", ""
        if told.ended == "gone":
            return forced_end(self.ran, self._program) or "exited_early", ""
        if told.ended in _FAULTS:
            return _FAULTS[told.ended], ""
        if told.ended:
            return _FAULTS.get(told.ended[0], "protocol_error"), told.ended[1:]
        return "finished", ""

    def _program_ended(self, _: object) -> None:
        """A test may still work on what it has got, but not for ever."""
        loop = asyncio.get_running_loop()
        self._last_call = loop.call_later(
            self._settings.judge_timeout_s, self._judge.tell, self._judges_number, protocol.STOP
        )

    def _test_expired(self, _: Note) -> None:
        """A test that waits for its program is not at fault; who is, shows when the program's time is up."""
        self._judge.tell(self._judges_number, protocol.EXTEND, int(self._settings.judge_timeout_s * 1000))

    def _program_expired(self, note: Note) -> None:
        task = asyncio.get_running_loop().create_task(self._arbitrate(note.amount / 1e9))
        self._arbiters.add(task)
        task.add_done_callback(self._arbiters.discard)

    async def _arbitrate(self, waited_s: float) -> None:
        """The limit is reached on the clock: what either has waited for a CPU, and what the test has used, does not
        count. Whoever lets the other one wait then is at fault."""
        self._judge.tell(self._judges_number, protocol.ASK)
        judge = await self._judge.note()
        spent_s = time.monotonic() - self._started - waited_s - judge.amount / 1e9
        left_s = self._program.timeout_s - spent_s
        if left_s > 0:
            self._candidate.tell(self._candidates_number, protocol.EXTEND, int(left_s * 1000) + 1)
        elif judge.mark & protocol.WAITS:
            self._is_too_slow = True
            self._candidate.tell(self._candidates_number, protocol.STOP)
        else:
            self._judge.tell(self._judges_number, protocol.STOP)
