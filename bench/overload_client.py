"""A client that costs next to nothing: HTTP/1.1 on bare sockets, one epoll loop, one process per caller.

It sends at the moments it is told, whether or not answers come (no coordinated omission), and hangs up when its time is
up. How late its own loop was is part of what it reports.
"""

import heapq
import re
import select
import socket
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.overload_trainers import NO_ANSWER, Trainer

# So many timers, then the sockets again: a burst must not keep the loop from its answers.
_TIMERS_PER_TURN = 32
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_RETRY_AFTER_S = re.compile(rb"\r\nretry-after: (\d+)\r\n", re.IGNORECASE)
_RETRY_AFTER_MS = re.compile(rb"\r\nretry-after-ms: (\d+)\r\n", re.IGNORECASE)
_READ_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Plan:
    """What one caller does.

    Attributes:
        moments_s: when each sample is due, from the start.
        timeout_s: how long it waits for an answer.
        in_flight_max: most samples under way at a time; those that are due wait for one to end.
    """

    port: int
    path: str
    key: str
    trainer: Trainer
    timeout_s: float
    moments_s: Sequence[float]
    in_flight_max: int = 1 << 30


@dataclass(slots=True)
class Told:
    """What became of the samples, in their order.

    Attributes:
        ended_s: when each had its reward or was lost, from the start.
        statuses: of the last answer to each; 200 is a reward.
        answers: how many of each status there were, tries that were followed by others included.
        sending_s: when the last sample was first sent, from the moment it was due.
        lag_s: the latest that this client's loop was at a moment it had set itself.
        cpu_s: CPU time that this client took.
    """

    ended_s: list[float]
    statuses: list[int]
    answers: Counter[int] = field(default_factory=Counter)
    sending_s: float = 0.0
    lag_s: float = 0.0
    cpu_s: float = 0.0

    @property
    def lost(self) -> int:
        return sum(status != 200 for status in self.statuses)


class _Line:
    """One connection: free, or with a sample on its way."""

    __slots__ = ("received", "sample", "socket", "unsent")

    def __init__(self, opened: socket.socket) -> None:
        self.socket = opened
        self.sample: _Sample | None = None
        self.received = b""
        self.unsent = b""


class _Sample:
    __slots__ = ("line", "place", "tried")

    def __init__(self, place: int) -> None:
        self.place = place
        self.tried = 0
        self.line: _Line | None = None


class Client:
    """`run` once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._epoll = select.epoll()
        self._lines: dict[int, _Line] = {}
        self._free: list[_Line] = []
        # When, a number that makes entries comparable, the sample, the try that it is about (-1: send it).
        self._timers: list[tuple[float, int, _Sample, int]] = []
        self._timers_made = 0
        self._held: list[_Sample] = []
        self._in_flight = 0
        self._open = len(plan.moments_s)
        self._told = Told([0.0] * self._open, [NO_ANSWER] * self._open)
        timeout = f"X-Request-Timeout-Ms: {plan.timeout_s * 1000:.0f}\r\n" if plan.trainer.sends_timeout else ""
        self._head = (
            f"POST {plan.path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {plan.key}\r\n"
            f"Content-Type: application/json\r\n{timeout}Content-Length: "
        ).encode()

    def run(self, starts_at: float) -> Told:
        """Sends every sample; `starts_at` is a time of `time.monotonic`."""
        self._starts_at = starts_at
        cpu_s = time.process_time()
        for place, moment_s in enumerate(self._plan.moments_s):
            self._at(starts_at + moment_s, _Sample(place), -1)
        while self._open:
            now = time.monotonic()
            wait_s = self._timers[0][0] - now if self._timers else 1.0
            for descriptor, event in self._epoll.poll(max(0.0, wait_s)):
                self._ready(self._lines[descriptor], event)
            self._run_timers()
        for line in self._lines.values():
            line.socket.close()
        self._told.cpu_s = time.process_time() - cpu_s
        return self._told

    def _at(self, moment: float, sample: _Sample, tried: int) -> None:
        self._timers_made += 1
        heapq.heappush(self._timers, (moment, self._timers_made, sample, tried))

    def _run_timers(self) -> None:
        for _ in range(_TIMERS_PER_TURN):
            now = time.monotonic()
            if not self._timers or self._timers[0][0] > now:
                return
            moment, _, sample, tried = heapq.heappop(self._timers)
            if tried < 0:
                self._note_lag(moment, sample, now)
                self._send_or_hold(sample)
            elif sample.tried == tried and sample.line is not None:
                self._close(sample.line)
                self._answered(sample, NO_ANSWER, 0.0)

    def _note_lag(self, due: float, sample: _Sample, now: float) -> None:
        if sample.tried == 0:
            self._told.sending_s = now - due
        self._told.lag_s = max(self._told.lag_s, now - due)

    def _send_or_hold(self, sample: _Sample) -> None:
        if self._in_flight < self._plan.in_flight_max:
            self._send(sample)
        else:
            self._held.append(sample)

    def _send(self, sample: _Sample) -> None:
        self._in_flight += 1
        sample.tried += 1
        body = _body(sample.place)
        line = self._free.pop() if self._free else self._opened()
        line.sample, sample.line = sample, line
        self._at(time.monotonic() + self._plan.timeout_s, sample, sample.tried)
        self._write(line, b"%b%d\r\n\r\n%b" % (self._head, len(body), body))

    def _opened(self) -> _Line:
        opened = socket.socket()
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.connect_ex(("127.0.0.1", self._plan.port))
        line = self._lines[opened.fileno()] = _Line(opened)
        self._epoll.register(opened, select.EPOLLIN)
        return line

    def _write(self, line: _Line, data: bytes) -> None:
        try:
            sent = line.socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._lost(line)
            return
        line.unsent = data[sent:]
        self._epoll.modify(line.socket, select.EPOLLIN | (select.EPOLLOUT if line.unsent else 0))

    def _ready(self, line: _Line, event: int) -> None:
        if event & select.EPOLLOUT:
            self._write(line, line.unsent)
        if not event & ~select.EPOLLOUT:
            return
        try:
            received = line.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self._lost(line)
            return
        line.received += received
        self._read(line)

    def _read(self, line: _Line) -> None:
        head, end, body = line.received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n") if end else None
        if length is None or len(body) < int(length[1]) or line.sample is None:
            return
        sample, line.sample, line.received = line.sample, None, b""
        if b"\r\nconnection: close" in head.lower():
            self._close(line)
        else:
            self._free.append(line)
        self._answered(sample, int(head[9:12]), _retry_after_s(head + b"\r\n"))

    def _lost(self, line: _Line) -> None:
        sample = line.sample
        self._close(line)
        if sample is not None:
            self._answered(sample, NO_ANSWER, 0.0)

    def _close(self, line: _Line) -> None:
        del self._lines[line.socket.fileno()]
        line.socket.close()
        if line in self._free:
            self._free.remove(line)

    def _answered(self, sample: _Sample, status: int, retry_after_s: float) -> None:
        now, trainer = time.monotonic(), self._plan.trainer
        sample.line = None
        self._in_flight -= 1
        self._told.answers[status] += 1
        if status != 200 and sample.tried < trainer.tries and trainer.tries_again(status):
            self._at(now + trainer.pause_s(sample.tried, retry_after_s), sample, -1)
        else:
            self._told.ended_s[sample.place] = now - self._starts_at
            self._told.statuses[sample.place] = status
            self._open -= 1
        if self._held:
            self._send_or_hold(self._held.pop(0))


def _retry_after_s(head: bytes) -> float:
    if precise := _RETRY_AFTER_MS.search(head):
        return int(precise[1]) / 1000
    coarse = _RETRY_AFTER_S.search(head)
    return float(coarse[1]) if coarse else 0.0


def _body(place: int) -> bytes:
    """About 1 KB, as a trainer would send it; no two are the same."""
    return (
        b'{"item":{"number":%d},"sample":{"output_text":"Sample %d. %b"},'
        b'"run":{"id":"bench","step":1,"item_id":"q%d","rollout":%d}}'
    ) % (
        place,
        place,
        b"The change is the later less the earlier figure, over the earlier. " * 13,
        place // 8,
        place % 8,
    )
