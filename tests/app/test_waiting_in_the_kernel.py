"""What a request has waited before the service could look at it is part of its time."""

import asyncio
import time

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from app.acceptor import Acceptor
from app.drain import Drain
from app.http_doorway import Doorway
from app.http_protocol import protocol_of
from app.http_watch import HttpLimits, Watch

pytestmark = pytest.mark.anyio

BURST = 100


async def test_a_burst_that_comes_while_the_service_is_busy_has_waited_as_long() -> None:
    waited_s: list[float] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        waited_s.append(time.monotonic() - scope["presence"].since)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    watch = Watch(HttpLimits(2 * BURST, 10.0, 10.0, 1 << 20), lambda reason: None)
    protocol = protocol_of(watch, Drain(), Acceptor(), Doorway(30.0))
    config = uvicorn.Config(app, http=protocol, ws="none", lifespan="off", log_config=None)
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: protocol(config, state, {}, loop), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(BURST)]
        for _, writer in lines:
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        busy_until = time.monotonic() + 0.3
        while time.monotonic() < busy_until:
            pass
        for reader, writer in lines:
            await reader.readuntil(b"\r\n\r\n")
            writer.close()

    # Those that begin at once are not asked about.
    assert sum(seconds >= 0.28 for seconds in waited_s) > BURST / 2
    assert max(waited_s) < 10
