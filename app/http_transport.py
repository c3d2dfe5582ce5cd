"""A transport that is closed in a way of our own."""

import asyncio
from collections.abc import Callable
from typing import Any


class LingeringTransport:
    """`transport`, but for its end.

    Args:
        on_close: called in the place of closing; returns whether it has closed the connection in a way of its own.
    """

    __slots__ = ("_on_close", "_transport", "get_extra_info", "is_ending", "write")

    def __init__(self, transport: asyncio.Transport, on_close: Callable[[], bool]) -> None:
        self._transport, self._on_close = transport, on_close
        self.write, self.get_extra_info = transport.write, transport.get_extra_info
        self.is_ending = False
        """Whether it was told to close: nothing more is written."""

    def close(self) -> None:
        if self.is_closing():
            return
        self.is_ending = True
        if not self._on_close():
            self._transport.close()

    def is_closing(self) -> bool:
        return self.is_ending or self._transport.is_closing()

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's."""
        return getattr(self._transport, name)
