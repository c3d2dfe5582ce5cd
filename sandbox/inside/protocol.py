"""What the service and its sandbox processes say to each other: fixed structs on a SEQPACKET socket.

The service sends `Run` with descriptors, then perhaps `STOP`, `EXTEND` or `ASK`; a zygote answers each run with one
`Report`. A program's own bytes never travel on this socket.
"""

import struct
from typing import NamedTuple

VERSION = 5
"""Counts up whenever a program could be judged otherwise than before."""

RUN, STOP, EXTEND, ASK = b"R", b"S", b"E", b"A"
REPORT, EXPIRED, BUSY = b"D", b"X", b"B"

BY_ITSELF, AT_TIMEOUT, AT_STOP, NEVER_STARTED = range(4)
"""Why a run ended. `NEVER_STARTED`: its process or a layer of its jail could not be had, so no program ran."""

_RUN = struct.Struct("=cIIIQQII?")
_REPORT = struct.Struct("=cIBiQQQQQB")
_SHORT = struct.Struct("=cIQB")
_REPLAY = struct.Struct("=cII32s")

MARK = 1
"""Where in the page that a judge shares with its zygote its mark stands."""

HAD_VALUE, WAITS = 1, 2
"""Bits of the mark: a value of the program's has reached the test; the test waits for the program."""
LEFT_TRACES = 1
"""The mark of a judge that stays: the test has left something in its process, which ends for that."""

FRAME = struct.Struct("=cI")
"""The head of an answer: its kind, and the length of what follows."""

JOB = struct.Struct("=cII")
"""The head of a program's job: what to do, the bytes of its source and of its entry point. Then come those, UTF-8, and
the calls, a JSON list. JSON all through would cost a run 100 microseconds more."""

CALLS, REPLAYABLE, LIVE, STDIO = b"C", b"P", b"L", b"S"
"""Make the calls; make them, and keep what cannot be sent; answer a judge; run as a script."""

LOADED, NOT_LOADED, RETURNED, RAISED, OUT_OF_MEMORY, UNSENDABLE = b"L", b"E", b"V", b"X", b"M", b"U"
LOAD_KINDS = frozenset({LOADED, NOT_LOADED})
"""Only the first answer may be one of these."""
ANSWER_KINDS = frozenset({LOADED, NOT_LOADED, RETURNED, RAISED, OUT_OF_MEMORY, UNSENDABLE})
CHECK, SUMMARY = b"C", b"S"
"""What a judge's report is made of."""

REPLAYED = b"P"
TASKS_MAX = 512
"""So many tasks a judge that stays knows; the service keeps the same account and sends no task that it knows."""

ERROR_CHARACTERS = 500
"""An exception's text is cut there."""


class Run(NamedTuple):
    """The order to start one process. With it go descriptors, as the process has them in `DESCRIPTORS`."""

    number: int
    timeout_ms: int
    cpu_s: int
    memory_bytes: int
    output_bytes: int
    files: int
    threads: int
    is_live: bool
    """Whether it answers a judge: its wall time is then the service's to tell (`EXPIRED`, `EXTEND`)."""

    def pack(self) -> bytes:
        return _RUN.pack(RUN, *self)

    @classmethod
    def unpack(cls, message: bytes) -> "Run":
        return cls(*_RUN.unpack(message)[1:])


class Report(NamedTuple):
    """What became of a run's process."""

    number: int
    ended: int
    status: int
    """As from waitpid; where there was no process, the negative errno of why."""
    cpu_us: int
    """What it has run."""
    charged_us: int
    """What RLIMIT_CPU counts, whole ticks of the kernel's clock: a program that is on a CPU only around each tick is
    charged for far more than it has run."""
    wall_us: int
    waited_us: int
    """Of `wall_us`, spent waiting for a CPU; not measured, 0, in short runs."""
    memory_kib: int
    mark: int
    """A judge's: `HAD_VALUE`, `WAITS`; of one that stays: `LEFT_TRACES`."""

    def pack(self) -> bytes:
        return _REPORT.pack(REPORT, *self)

    @classmethod
    def unpack(cls, message: bytes) -> "Report":
        return cls(*_REPORT.unpack(message)[1:])


class Note(NamedTuple):
    """One of the messages about a run that is going on."""

    kind: bytes
    number: int
    amount: int = 0
    """EXTEND: ms that it may still take; EXPIRED: ns that it has waited for a CPU; BUSY: ns that it has run or waited
    for that."""
    mark: int = 0
    """BUSY: the judge's mark."""

    def pack(self) -> bytes:
        return _SHORT.pack(*self)

    @classmethod
    def unpack(cls, message: bytes) -> "Note":
        return cls(*_SHORT.unpack(message))


def replay(number: int, cpu_s: int, digest: bytes) -> bytes:
    """The order to a judge that stays. With it go descriptors: the program's answers, the report, and the
    task if the judge does not know it."""
    return _REPLAY.pack(REPLAYED, number, cpu_s, digest)


def unpack_replay(message: bytes) -> tuple[int, int, bytes]:
    _, number, cpu_s, digest = _REPLAY.unpack(message)
    return number, cpu_s, digest
