"""uvicorn's HTTP protocol, with the head and the body of an answer in one write, and a limit to a request's head.

uvicorn writes head and body one after the other. Each write is a system call, and each wakes the client: the second one
cost a tenth of a single grade. And it keeps whatever headers come, for as long as they come.
"""

import asyncio
from typing import Any

from pydantic_core import to_json
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.admission.claim import Presence
from app.contracts.wire import PROBLEM_TYPE
from app.errors import HEAD_TOO_LARGE, HeadersTooLarge, problem

HEAD_MAX_BYTES = 65_536


class JoiningProtocol(HttpToolsProtocol):
    """`uvicorn.Config(http=JoiningProtocol)`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own type
        super().connection_made(_JoiningTransport(transport, self.loop))  # type: ignore[arg-type]
        self._head_bytes = 0
        self._present: list[Presence] = []

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for presence in self._present:
            presence.leave()

    def on_headers_complete(self) -> None:
        presence = Presence()
        if self.cycle is None or self.cycle.response_complete:
            self._present = [presence]
        else:
            self._present.append(presence)
        self.scope["presence"] = presence  # type: ignore[typeddict-unknown-key]  # read by who makes a claim of a request
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Between requests the scope is the last one's, which has a path; while a head arrives it has none.
        if self.scope is None or "path" in self.scope:
            self._head_bytes = 0
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_MAX_BYTES and not self.transport.is_closing():
            self._refuse_head()

    def _refuse_head(self) -> None:
        body = to_json(problem(HeadersTooLarge(HEAD_TOO_LARGE)))
        head = (
            f"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: {PROBLEM_TYPE}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class _JoiningTransport:
    """`transport`, but what is written in one turn of the event loop leaves together at its end."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            self._transport.write(b"".join(self._held))
            self._held.clear()

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's."""
        return getattr(self._transport, name)
