"""Who does not take the answer: the connection ends, and nothing is kept for it. In this process, so that time can be
turned by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from app.acceptor import Acceptor
from app.drain import Drain
from app.http_doorway import Doorway
from app.http_protocol import protocol_of
from app.http_watch import STALL_S, TICK_S, HttpLimits, Watch

pytestmark = pytest.mark.anyio

ANSWER_BYTES = 32 << 20


async def large_answer(scope: Scope, receive: Receive, send: Send) -> None:
    length = str(ANSWER_BYTES).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    for sent in range(0, ANSWER_BYTES, 1 << 20):
        await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": sent < ANSWER_BYTES - (1 << 20)})


@asynccontextmanager
async def serving(watch: Watch) -> AsyncIterator[tuple[ServerState, int]]:
    """The connections of a server, and its port."""
    protocol = protocol_of(watch, Drain(), Acceptor(), Doorway(30.0))
    config = uvicorn.Config(large_answer, http=protocol, ws="none", lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: protocol(config, state, {}, loop), "127.0.0.1", 0)
    async with server:
        yield state, server.sockets[0].getsockname()[1]


async def test_an_answer_that_is_not_taken_ends_with_its_connection() -> None:
    reasons: list[str] = []
    watch = Watch(HttpLimits(10, 10.0, 10.0, 1 << 20), reasons.append)
    async with serving(watch) as (state, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while not watch.stalled:  # noqa: ASYNC110 - no event tells that the kernel takes no more
            await asyncio.sleep(0)

        for _ in range(round(STALL_S / TICK_S) - 1):
            watch.sweep()
        assert state.connections
        watch.sweep()
        writer.close()

        await asyncio.sleep(0)
        assert not state.connections
        assert not watch.stalled
        assert reasons == ["answer_not_taken"]
