"""uvicorn's HTTP protocol with limits: to how long a request takes to arrive, to what it may take, to how many wait.

What uvicorn leaves open: it waits for ever for a head or a body; it keeps whatever headers come, and takes the trailers
of a chunked body for headers; it drops the body of a request that offers to upgrade to HTTP/2; it answers a request
that it cannot read before the ones that came first; it reads on while pipelined requests wait; and it resets the
connection of who still sends a body that is refused. Where every connection stands is known to `app/http_watch.py`.
"""

import asyncio
import re
import time
from collections import deque
from socket import IPPROTO_TCP, TCP_INFO
from struct import Struct
from typing import Any, ClassVar
from urllib.parse import unquote

import httptools
from pydantic_core import to_json
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.acceptor import Acceptor
from app.admission.claim import Presence
from app.contracts.wire import PROBLEM_TYPE
from app.drain import Drain
from app.errors import (
    HEAD_TOO_LARGE,
    HeadersTooLarge,
    MalformedRequest,
    Overloaded,
    ServiceError,
    headers_of,
    problem,
    status_of,
)
from app.http_cycle import Cycle, Signal
from app.http_doorway import Doorway
from app.http_transport import LingeringTransport
from app.http_watch import TICK_S, Place, Watch

HEAD_MAX_BYTES = 65_536
UNWANTED_MAX_BYTES = 1 << 20
"""Of a body that are read after its answer, so that the connection can be used again; then it ends."""
EXPECTED_S = 1.0
"""After an answer or a new connection, in which the caller's next request may be on its way: round trips of trainers
are up to 0.3 s, and their machines are busy."""
PIPELINE_MAX = 64
"""Requests of one connection that wait for the ones before; then it is not read any more."""

# tcpi_last_data_recv in Linux' struct tcp_info (include/uapi/linux/tcp.h), ms.
_LAST_DATA_RECEIVED, _LAST_DATA_RECEIVED_AT = Struct("=I"), 52
_TCP_INFO_BYTES = 56

_MALFORMED = "This is no HTTP/1.1 request that can be read in one way only (RFC 9112); the connection is closed."
_ASGI = {"version": "3.0", "spec_version": "2.3"}
# A target that is a path and nothing else, all of it as it stands.
_PLAIN_PATH = re.compile(rb"/[\w\-./@~]*")
# Fields after a chunked body, where a proxy has not looked, are dropped (RFC 9110, 6.5.1).
_NOWHERE: deque[tuple[bytes, bytes]] = deque(maxlen=0)


def protocol_of(watch: Watch, drain: Drain, acceptor: Acceptor, doorway: Doorway) -> type["HttpProtocol"]:
    """`uvicorn.Config(http=protocol_of(...), ws="none")`."""
    parts = {"watch": watch, "drain": drain, "acceptor": acceptor, "doorway": doorway}
    return type("WatchedHttpProtocol", (HttpProtocol,), parts)


class HttpProtocol(HttpToolsProtocol):
    """One connection."""

    watch: ClassVar[Watch]
    drain: ClassVar[Drain]
    acceptor: ClassVar[Acceptor]
    doorway: ClassVar[Doorway]
    transport: LingeringTransport  # type: ignore[assignment]  # uvicorn's own type

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own type
        super().connection_made(LingeringTransport(transport, self._linger))  # type: ignore[arg-type]
        self.received_bytes = 0
        """Of the request that is arriving; 0 if it came in one piece."""
        self._counted_bytes = 0
        """Those of them that somebody keeps."""
        self._unwanted_bytes = 0
        """Those that came after the answer."""
        self._is_receiving = False
        """Whether a request has begun to arrive and is not complete."""
        self._has_head = False
        """Whether its headers are complete."""
        self._is_deaf = False
        """Whether nothing more is read."""
        self._is_upgrade = False
        self._present: list[Presence] = []
        self._place: Place | None = None
        self.watch.start(self.loop)
        if len(self.connections) > self.watch.limits.connections_max:
            self.watch.make_room(self)
        if not self.transport.is_closing():
            self._move(self.watch.idle)
        self.acceptor.accepted(self.loop, self._another)

    def _another(self) -> "HttpProtocol":
        return type(self)(self.config, self.server_state, self.app_state, self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for presence in self._present:
            presence.leave()
        self._uncount()
        self._move(None)
        self.watch.stalled.pop(self, None)

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self.watch.refuse(self, MalformedRequest(_MALFORMED))
            return
        if self._is_receiving:
            self._still_receiving(len(data))
        else:
            if self.received_bytes:
                self._uncount()
                self.received_bytes = 0
            self._move(None if self.is_unanswered() else self.watch.idle)

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade()
            if rest := data[upgrade.args[0] :]:
                self._feed(rest)

    def _decline_upgrade(self) -> None:
        """Reads the request again as one that offers nothing: the parser takes what follows for another protocol, but
        who offers an upgrade goes on in HTTP/1.1 until it is accepted (RFC 9110, 7.8)."""
        method: bytes = self.parser.get_method()
        fields = [b"%b: %b\r\n" % field for field in self.headers if field[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        if method == b"CONNECT":
            raise httptools.HttpParserError("CONNECT asks for a proxy.")
        self._is_upgrade = False
        self.parser.feed_data(b"%b %b HTTP/1.1\r\n%b\r\n" % (method, self.url, b"".join(fields)))

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= PIPELINE_MAX:
            raise httptools.HttpParserError("Too many requests are pipelined.")
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._is_receiving, self._has_head, self._unwanted_bytes = True, False, 0

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            self._is_upgrade = True
            return
        presence = Presence(time.monotonic() - self._waited_s()) if self.doorway.is_behind else Presence()
        is_next = not self.is_unanswered()
        if is_next:
            self._present = [presence]
        else:
            self._present.append(presence)
        self.cycle = self._new_cycle(presence)
        self.headers = _NOWHERE  # type: ignore[assignment]  # it is appended to, and no more
        self._has_head = True
        if is_next:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _new_cycle(self, presence: Presence) -> Cycle:
        """What uvicorn makes of a request's headers, with its `presence` in the scope."""
        parser = self.parser
        version = parser.get_http_version()
        path, raw_path, query = _target(self.url)
        scope: Any = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": "",
            "method": parser.get_method().decode("ascii"),
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self.headers,
            "presence": presence,
        }
        return Cycle(
            scope,
            self.transport,  # type: ignore[arg-type]  # uvicorn's own type
            self.flow,
            self.logger,
            self.access_logger,
            False,
            self.server_state.default_headers,
            Signal(),  # type: ignore[arg-type]  # uvicorn's own type
            self.expect_100_continue,
            version != "1.0" and parser.should_keep_alive() and not self.drain.is_leaving,
            self.on_response_complete,
        )

    def _waited_s(self) -> float:
        """How long ago the kernel had the newest bytes of the request: in a burst it waits to be accepted and read,
        while its sender's time runs."""
        info = self.transport.get_extra_info("socket").getsockopt(IPPROTO_TCP, TCP_INFO, _TCP_INFO_BYTES)
        waited_ms: int = _LAST_DATA_RECEIVED.unpack_from(info, _LAST_DATA_RECEIVED_AT)[0]
        return waited_ms / 1000

    def _start_asgi_task(self, cycle: Cycle, app: ASGI3Application) -> None:  # type: ignore[override]  # all are ours
        self.doorway.enter(cycle, self._begin, self.loop)

    def _begin(self, cycle: Cycle) -> None:
        self.tasks.add(cycle.begin(self.app, self.tasks, self.loop))

    def on_message_complete(self) -> None:
        if not self._is_upgrade:
            self._is_receiving = False
            super().on_message_complete()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self._counted_bytes:
            self._uncount()
        if self.transport.is_closing():
            return
        if self.expect_100_continue and self._is_in_body() and not self.pipeline:
            # Whoever waited to be told to send the body has the answer instead, and may send it or not.
            self.transport.close()
            return
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)  # type: ignore[arg-type]  # all are ours
        else:
            self.flow.resume_reading()
        if self._is_receiving:
            self._await_rest()
        elif not self.is_unanswered():
            self._move(self.watch.idle)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.watch.stalled[self] = self.watch.now

    def resume_writing(self) -> None:
        super().resume_writing()
        self.watch.stalled.pop(self, None)

    def leave(self) -> None:
        """The service is asked to stop: the next answer that begins is the last, and says so."""
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def close_idle(self) -> None:
        self.transport.close()

    def abort(self) -> None:
        """Ends the connection as it is."""
        self.transport.abort()

    def is_flushed(self) -> bool:
        """Whether everything that was written has been handed to the kernel."""
        return not self.transport.get_write_buffer_size()

    def refuse(self, error: ServiceError) -> None:
        """Answers what will not be read to its end, if HTTP leaves a place for that answer, and ends the connection.

        What came complete before is answered first, and then there is no answer to this.
        """
        self._is_deaf = True
        self._uncount()
        is_unanswered = self.is_unanswered()
        if is_unanswered and not self._is_in_body():
            self.cycle.keep_alive = False
            self._move(None)
            return
        if is_unanswered and not self.pipeline and not self.cycle.response_started:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._write_problem(error)
        elif not is_unanswered and not self._is_in_body():
            self._write_problem(error)
        self.transport.close()

    def _write_problem(self, error: ServiceError) -> None:
        body = to_json(problem(error))
        fields = {"content-type": PROBLEM_TYPE, "content-length": str(len(body)), "connection": "close"}
        lines = [f"{name}: {value}\r\n".encode() for name, value in {**headers_of(error), **fields}.items()]
        self.transport.write(STATUS_LINE[status_of(error).status] + b"".join(lines) + b"\r\n" + body)

    def _still_receiving(self, size: int) -> None:
        """More of a request has come, and more is to come."""
        self.received_bytes += size
        if not self._has_head and self.received_bytes > HEAD_MAX_BYTES:
            self.watch.refuse(self, HeadersTooLarge(HEAD_TOO_LARGE))
            return
        if self._has_head and not self.is_unanswered():
            self._unwanted_bytes += size
            if self._unwanted_bytes > UNWANTED_MAX_BYTES:
                self.transport.close()
                return
        else:
            self.watch.receiving_bytes += self.received_bytes - self._counted_bytes
            self._counted_bytes = self.received_bytes
            if self.watch.is_full:
                self.watch.refuse(self, Overloaded("Too much is being received at this moment."))
                return
        self._await_rest()

    def _await_rest(self) -> None:
        """The time for the rest of a request counts from when all before it are answered."""
        if self._has_head:
            self._move(None if self.pipeline else self.watch.body)
        else:
            self._move(None if self.is_unanswered() else self.watch.head)

    def _uncount(self) -> None:
        self.watch.receiving_bytes -= self._counted_bytes
        self._counted_bytes = 0

    def is_unanswered(self) -> bool:
        """Whether the newest request whose headers are complete is to be answered yet."""
        return self.cycle is not None and not self.cycle.response_complete

    def is_expected(self) -> bool:
        """Whether it was made or answered so lately that a request may be on its way."""
        since = self.watch.idle.get(self)
        return since is not None and self.watch.now - since <= EXPECTED_S / TICK_S

    def _is_in_body(self) -> bool:
        return self._is_receiving and self._has_head

    def _linger(self) -> bool:
        """Closes our side only, if the other may still be sending: it is read from and not listened to until it ends,
        or for `LINGER_S`."""
        self._move(self.watch.ending)
        if not (self._is_deaf or self._is_receiving):
            return False
        self._is_deaf = True
        self.transport.write_eof()
        self.flow.resume_reading()
        return True

    def _move(self, place: Place | None) -> None:
        if place is not self._place:
            if self._place is not None:
                del self._place[self]
            if place is not None:
                place[self] = self.watch.now
            self._place = place


def _target(sent: bytes) -> tuple[str, bytes, bytes]:
    """Path, the same as it was sent, and query of a request's target."""
    if _PLAIN_PATH.fullmatch(sent):
        return sent.decode(), sent, b""
    parsed = httptools.parse_url(sent)
    path: str = parsed.path.decode("ascii")
    return unquote(path) if "%" in path else path, parsed.path, parsed.query or b""
