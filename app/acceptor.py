"""Accepting all connections that wait, not one in a turn of the event loop.

libuv accepts one in a turn, which is right as long as turns are short. In a burst turns take milliseconds and thousands
of connections wait: they were accepted at a few hundred a second, and a neighbour's next one stood behind them for
seconds (`bench/overload.py`).
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from socket import socket

# More are accepted in the next turn.
_PER_TURN = 64


class Acceptor:
    """Accepts, after libuv has accepted a connection, the others that wait at the same listener."""

    def __init__(self) -> None:
        self._listener: socket | None = None
        self._is_due = False
        self._tasks: set[asyncio.Task[None]] = set()

    def listen(self, listener: socket) -> None:
        """Begins with the connections of `listener`, which the event loop listens to as well."""
        listener.setblocking(False)
        self._listener = listener

    def accepted(self, loop: asyncio.AbstractEventLoop, protocol: Callable[[], asyncio.Protocol]) -> None:
        """A connection was made; others that wait get a `protocol` each, soon."""
        if self._listener is not None and not self._is_due:
            self._is_due = True
            loop.call_soon(self._accept, self._listener, loop, protocol)

    def _accept(
        self, listener: socket, loop: asyncio.AbstractEventLoop, protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        self._is_due = False
        # Nobody waits, there are no more files, or the listener is closed as the service stops: all is libuv's again.
        with suppress(OSError):
            for _ in range(_PER_TURN):
                connection, _address = listener.accept()
                task = loop.create_task(_connect(connection, loop, protocol))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)


async def _connect(
    connection: socket, loop: asyncio.AbstractEventLoop, protocol: Callable[[], asyncio.Protocol]
) -> None:
    # Whoever has hung up by now wants nothing.
    with suppress(OSError):
        await loop.connect_accepted_socket(protocol, connection)
