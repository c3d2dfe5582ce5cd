"""A judge that stays: it executes trusted tests one after another in one process, against recorded calls.

A program has answered all the calls that the test was seen to make, and is gone. If the test makes another call now,
the service lets it run beside the program instead. Every test begins in the same state: what one leaves behind is put
right, or it was the last test of this process.
"""

import gc
import os
import resource
import socket
from json import loads
from typing import Any

from sandbox.inside.judge import Ended, Report, Task, Trial
from sandbox.inside.last_used import LastUsed
from sandbox.inside.layers import Jail
from sandbox.inside.protocol import ANSWER_KINDS, FRAME, LOAD_KINDS, REPLAYED, TASKS_MAX, Run, unpack_replay
from sandbox.inside.traces import Traces

_DESCRIPTORS = 3


class _Recording:
    """Recorded calls, and a program's answers to them."""

    def __init__(self, orders: list[str], answers: list[tuple[bytes, bytes]]) -> None:
        self.ended = ""
        self.has_loaded = True
        self._orders, self._answers, self._place = orders, answers, 0

    def ask(self, order: dict[str, Any]) -> tuple[bytes, bytes]:
        place = self._place
        self._place += 1
        if place >= len(self._orders) or self._orders[place] != repr(order):
            self.ended = "differs"
        elif place >= len(self._answers):
            self.ended = "gone"
        if self.ended:
            raise Ended
        return self._answers[place]


def _task(descriptor: int) -> tuple[Task, list[str]]:
    """A compiled task, and the repr of each recorded call, which tells 1 from 1.0 and from True."""
    job: dict[str, Any] = loads(_content(descriptor))
    return Task(job), [repr(loads(call)) for call in job["calls"]]


def serve(control: socket.socket, jail: Jail, order: Run) -> None:
    """Takes the layers of a run for itself and judges until the control socket closes."""
    jail.restrict(order)
    gc.enable()
    tasks: LastUsed[tuple[Task, list[str]]] = LastUsed(TASKS_MAX)
    traces = Traces()
    is_untouched = True
    while is_untouched:
        message, descriptors, _, _ = socket.recv_fds(control, 4096, _DESCRIPTORS)
        if not message:
            return
        number, cpu_s, digest = unpack_replay(message)
        answers_file, report_file, *task_file = descriptors
        known = tasks.get(digest)
        if known is None:
            known = tasks.put(digest, _task(*task_file))
        task, orders = known
        _allow_cpu(cpu_s)
        link = _Recording(orders, _answers(_content(answers_file)))
        trial = Trial(link, task.entry_point, records=False)
        report = Report(report_file)
        task.run(trial, report.tell)
        report.finish(trial.summary)
        for descriptor in descriptors:
            os.close(descriptor)
        is_untouched = traces.remove()
        control.send(REPLAYED + number.to_bytes(4, "little") + bytes([not is_untouched]))


def _allow_cpu(seconds: int) -> None:
    """Lets the kernel end this process if the next test takes longer: colliding keys of a program's, say."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + 1 + seconds, hard))


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _answers(content: bytes) -> list[tuple[bytes, bytes]]:
    """The whole answers at the start of what a program wrote."""
    found: list[tuple[bytes, bytes]] = []
    place = 0
    while place + FRAME.size <= len(content):
        kind, length = FRAME.unpack_from(content, place)
        place += FRAME.size
        is_first = place == FRAME.size
        if kind not in ANSWER_KINDS or (kind in LOAD_KINDS) != is_first or place + length > len(content):
            break
        if not is_first:
            found.append((kind, content[place : place + length]))
        place += length
    return found
