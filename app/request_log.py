"""One JSON line per request on stderr: who asked for what, and what came of it. Nothing of a sample, no path and no key
is in it.

A thread writes: whoever reads the lines may stand still, and the service may not. A line costs the event loop two
microseconds; logging.Logger takes ten.
"""

import asyncio
import os
import time
from collections.abc import Callable
from functools import lru_cache
from queue import SimpleQueue
from threading import Thread

from pydantic_core import to_json

from app.redaction import redacted
from app.trace import Trace

_GATHER_S = 0.05
# Lines that wait for the thread, about 10 MB; whoever takes them has stood still then, and further ones are lost.
LINES_MAX = 20_000
_CLOSE_S = 1.0
# Up to here a pipe takes a write in one piece (POSIX: PIPE_BUF), so that no other line comes in between.
_WRITE_BYTES = 4096

_LINE = (
    '{"time":"%s.%03dZ","level":"%s","event":"request","request_id":"%s","route":%s,"status":%d,"code":%s,"caller":%s,'
    '"grader":%s,"record":%s,"last_record":%s,"graded":%d,"unscored":%d,"duration_ms":%.3f,"queue_ms":%.3f,'
    '"ledger_ms":%.3f}\n'
)


class RequestLog:
    """`start` before the first line, `close` after the last; without a start nothing is written.

    Args:
        descriptor: where lines go.
        on_lost: told how many lines were lost.
    """

    def __init__(self, descriptor: int, on_lost: Callable[[int], None]) -> None:
        self._descriptor, self._on_lost = descriptor, on_lost
        self._lines: list[str] = []
        self._taken = self._written = 0
        """Lines so far; the second is the thread's own."""
        self._batches: SimpleQueue[list[str] | None] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = Thread(target=self._write, name="request-log", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Writes what there is, if it is taken within a second."""
        if self._timer is not None:
            self._timer.cancel()
            self._hand_over()
        self._loop = None
        self._batches.put(None)
        self._thread.join(_CLOSE_S)

    def answered(self, trace: Trace, status: int, seconds: float) -> None:
        """The request was answered after so long."""
        if self._loop is None:
            return
        if self._taken - self._written >= LINES_MAX:
            self._on_lost(1)
            return
        self._taken += 1
        self._lines.append(_line(trace, status, seconds))
        if self._timer is None:
            self._timer = self._loop.call_later(_GATHER_S, self._hand_over)

    def _hand_over(self) -> None:
        lines, self._lines, self._timer = self._lines, [], None
        self._batches.put(lines)

    def _write(self) -> None:
        while (lines := self._batches.get()) is not None:
            try:
                self._write_all([redacted(line).encode() for line in lines])
            except OSError:
                # Nobody reads them any more, and that is no reason not to grade.
                self._tell_lost(len(lines))
            self._written += len(lines)

    def _write_all(self, lines: list[bytes]) -> None:
        piece = b""
        for line in lines:
            if piece and len(piece) + len(line) > _WRITE_BYTES:
                _write_whole(self._descriptor, piece)
                piece = b""
            piece += line
        _write_whole(self._descriptor, piece)

    def _tell_lost(self, lines: int) -> None:
        if (loop := self._loop) is not None:
            loop.call_soon_threadsafe(self._on_lost, lines)


def _write_whole(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _line(trace: Trace, status: int, seconds: float) -> str:
    now_ms = time.time_ns() // 1_000_000
    return _LINE % (
        _shown_second(now_ms // 1000),
        now_ms % 1000,
        _level(status),
        trace.request_id,
        _quoted(trace.route),
        status,
        _quoted(trace.code),
        _quoted(trace.caller),
        _quoted(trace.grader),
        f'"{trace.record}"' if trace.record else "null",
        f'"{trace.last_record}"' if trace.last_record else "null",
        trace.graded,
        trace.unscored,
        seconds * 1000,
        trace.queue_s * 1000,
        trace.ledger_s * 1000,
    )


def _level(status: int) -> str:
    """A 500 is a defect of ours or of a grader's; a 503 or 504 comes of load, or of something that is away."""
    if status < 500:
        return "info"
    return "error" if status == 500 else "warning"


@lru_cache(maxsize=2)
def _shown_second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


@lru_cache(maxsize=1024)
def _quoted(word: str) -> str:
    """`word` as JSON; null if it is empty. There are few: routes, codes, callers, graders."""
    return to_json(word).decode() if word else "null"
