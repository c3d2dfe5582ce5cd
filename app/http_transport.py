"""A transport whose writes of one turn of the event loop leave together.

uvicorn writes head and body of an answer one after the other. Each write is a system call, and each wakes the client:
the second one cost a tenth of a single grade.
"""

import asyncio
from collections.abc import Callable
from typing import Any


class JoiningTransport:
    """`transport`, but what is written in one turn of the event loop leaves together at its end.

    Args:
        on_close: called in the place of closing, when all is written; returns whether it has closed the connection in
            a way of its own.
    """

    __slots__ = ("_held", "_loop", "_on_close", "_transport", "is_ending")

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, on_close: Callable[[], bool]
    ) -> None:
        self._transport, self._loop, self._on_close = transport, loop, on_close
        self._held: list[bytes] = []
        self.is_ending = False
        """Whether it was told to close: nothing more is written."""

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def close(self) -> None:
        if self.is_closing():
            return
        self._flush()
        self.is_ending = True
        if not self._on_close():
            self._transport.close()

    def is_closing(self) -> bool:
        return self.is_ending or self._transport.is_closing()

    def _flush(self) -> None:
        if self._held:
            self._transport.write(b"".join(self._held))
            self._held.clear()

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's."""
        return getattr(self._transport, name)
