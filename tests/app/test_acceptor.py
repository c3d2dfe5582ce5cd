"""A burst of connections is accepted in few turns of the event loop."""

import asyncio
import socket
from contextlib import ExitStack

import pytest
import uvloop

from app.acceptor import Acceptor

CONNECTIONS = 500


@pytest.mark.parametrize("has_acceptor", [True, False])
def test_a_burst_of_connections_is_accepted_in_few_turns(has_acceptor: bool) -> None:
    turns = uvloop.run(_turns(has_acceptor))

    # Without it libuv accepts one in a turn: that is why it is there.
    assert turns < CONNECTIONS / 20 if has_acceptor else turns >= CONNECTIONS


async def _turns(has_acceptor: bool) -> int:
    """How many turns it takes until so many connections, which all wait, are accepted."""
    loop, acceptor = asyncio.get_running_loop(), Acceptor()
    connected = 0

    class Protocol(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            nonlocal connected
            connected += 1
            acceptor.accepted(loop, Protocol)

    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(CONNECTIONS)
        for _ in range(CONNECTIONS):
            caller = stack.enter_context(socket.socket())
            caller.connect(listener.getsockname())
        server = await loop.create_server(Protocol, sock=listener)
        if has_acceptor:
            acceptor.listen(listener)
        turns = 0
        while connected < CONNECTIONS:
            await asyncio.sleep(0)
            turns += 1
        server.close()
    return turns
