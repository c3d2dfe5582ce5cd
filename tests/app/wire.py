"""HTTP as bytes: what no client library would send, and what comes back."""

import http.client
import json
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from typing import Any

from tests.servers import Server


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """One connection to a service."""

    def __init__(self, server: Server) -> None:
        host, _, port = server.url.removeprefix("http://").rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self._received = self.socket.makefile("rb")

    def send(self, *parts: bytes) -> None:
        """Sends the parts, each in a packet of its own; what the other side no longer takes is not sent."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for part in parts:
                self.socket.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def answer(self) -> Answer:
        """The next answer."""
        read = http.client.HTTPResponse(_Shared(self._received))  # type: ignore[arg-type]  # all it asks of a socket
        read.begin()
        headers = {name.lower(): value for name, value in read.getheaders()}
        return Answer(read.status, headers, read.read())

    def line(self) -> bytes:
        """The next line, for what is no whole answer."""
        return self._received.readline()

    def rest(self) -> bytes:
        """All that comes until the other side closes."""
        return self._received.read()

    def is_at_its_end(self) -> bool:
        """Whether the other side has closed, once all that it sent is read."""
        try:
            return self._received.read(1) == b""
        except ConnectionResetError:
            return True

    def has_answer(self, within_s: float) -> bool:
        """Whether something has come, or comes within so long."""
        return bool(select.select([self.socket], [], [], within_s)[0])

    def drip(self, byte: bytes, every_s: float) -> None:
        """Sends one byte after the other, until something comes back."""
        while not self.has_answer(every_s):
            self.send(byte)

    def close(self) -> None:
        self._received.close()
        self.socket.close()


class _Shared:
    """One reader for all answers of a connection: each of its own would read into the next one."""

    def __init__(self, reader: BufferedReader) -> None:
        self._reader = reader

    def makefile(self, _: str) -> "_Shared":
        return self

    def close(self) -> None:
        """The connection stays."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


@contextmanager
def connected(server: Server) -> Iterator[Wire]:
    wire = Wire(server)
    try:
        yield wire
    finally:
        wire.close()


def head(path: str, *lines: str, method: str = "POST", version: str = "1.1") -> bytes:
    """A request's line and headers; a body of JSON is announced, not its length."""
    fields = ["Host: localhost", "Content-Type: application/json", *lines]
    return (
        f"{method} {path} HTTP/{version}\r\n".encode() + "".join(f"{field}\r\n" for field in fields).encode() + b"\r\n"
    )


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
