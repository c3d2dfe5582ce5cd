"""One JSON line per request on stderr: who asked for what, and what came of it. Nothing of a sample, no path and no key
is in it.

Lines gather for a moment and are written in pieces that a pipe takes without making anybody wait: whoever reads them
may stand still, and the service may not. A thread that wrote them would ask for the GIL hundreds of times a second,
which cost a grade more than everything else about its line.
"""

import asyncio
import os
import select
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache

from pydantic_core import to_json

from app.redaction import redacted
from app.trace import Trace

_GATHER_S = 0.05
# Lines that wait to be taken, about 10 MB; whoever takes them has stood still then, and further ones are lost.
LINES_MAX = 20_000
_CLOSE_S = 1.0
# Up to here a pipe that can be written to takes a write at once and in one piece (POSIX: PIPE_BUF), so that no other
# line comes in between.
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
        self._writable = select.poll()
        self._answered: list[tuple[Trace, int, float, int]] = []
        self._lines: deque[str] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._writable.register(self._descriptor, select.POLLOUT)

    def close(self) -> None:
        """Writes what there is, if it is taken within a second."""
        if self._loop is None:
            return
        self._loop = None
        if self._timer is not None:
            self._timer.cancel()
        self._make_lines()
        until = time.monotonic() + _CLOSE_S
        while self._lines and self._writable.poll(max(0.0, until - time.monotonic()) * 1000):
            self._write_piece()
        self._writable.unregister(self._descriptor)

    def answered(self, trace: Trace, status: int, seconds: float) -> None:
        """The request was answered after so long."""
        if self._loop is None:
            return
        if len(self._lines) + len(self._answered) >= LINES_MAX:
            self._on_lost(1)
            return
        self._answered.append((trace, status, seconds, time.time_ns()))
        if self._timer is None:
            self._timer = self._loop.call_later(_GATHER_S, self._write, self._loop)

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        """Writes as much as is taken at once."""
        self._make_lines()
        while self._lines and self._writable.poll(0):
            self._write_piece()
        self._timer = loop.call_later(_GATHER_S, self._write, loop) if self._lines else None

    def _make_lines(self) -> None:
        """Of all that was answered in a moment, in a row: it costs less than each in its request."""
        answered, self._answered = self._answered, []
        self._lines.extend([_line(*each) for each in answered])

    def _write_piece(self) -> None:
        """Writes as many lines as go in one piece. Each is far shorter: names have at most 64 characters."""
        lines = [self._lines.popleft()]
        size = len(lines[0])
        while self._lines and (size := size + len(self._lines[0])) <= _WRITE_BYTES:
            lines.append(self._lines.popleft())
        try:
            _write_whole(self._descriptor, redacted("".join(lines)).encode())
        except OSError:
            # Nobody reads them any more, and that is no reason not to grade.
            self._on_lost(len(lines))


def _write_whole(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _line(trace: Trace, status: int, seconds: float, now_ns: int) -> str:
    now_ms = now_ns // 1_000_000
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
    return to_json(word, ensure_ascii=True).decode() if word else "null"
