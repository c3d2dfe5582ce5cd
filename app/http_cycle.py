"""One request and its answer, as uvicorn has them, and the short ways: a body that has arrived whole is handed over as
it is, and an answer that is there whole is written in one piece.

ASGI's three messages for that, two coroutines of the server's and checks of every header took a twentieth of a single
grade. FastAPI's own routes go the usual way.
"""

import asyncio

from starlette.types import Receive
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle


class Cycle(RequestResponseCycle):
    """What stands behind `receive` and `send`."""

    @classmethod
    def of(cls, receive: Receive) -> "Cycle | None":
        """The one whose `receive` this is; None: it is another server's."""
        found = getattr(receive, "__self__", None)
        return found if isinstance(found, cls) else None

    def begin(
        self, app: ASGI3Application, tasks: set[asyncio.Task[None]], loop: asyncio.AbstractEventLoop
    ) -> asyncio.Task[None]:
        """Has `app` answer; the task leaves `tasks` at its end."""
        self._tasks = tasks
        self._task = loop.create_task(self.run_asgi(app))
        return self._task

    async def run_asgi(self, app: ASGI3Application) -> None:
        try:
            await super().run_asgi(app)
        finally:
            # A callback of the task would cost another turn of the event loop.
            self._tasks.discard(self._task)

    def whole_body(self) -> bytes | None:
        """The body, for whoever has read nothing of it yet; None: it is still arriving, or the caller hung up."""
        if self.more_body or self.disconnected:
            return None
        self.flow.resume_reading()
        return bytes(self.body)

    async def answer(self, status: int, fields: bytes, body: bytes) -> None:
        """Answers with lines of `fields`, which say how long `body` is; nowhere, if the caller has hung up."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        if self.scope["method"] == "HEAD":
            body = b""
        every = b"".join([b"%b: %b\r\n" % field for field in self.default_headers])
        self.transport.write(b"%b%b%b%b%b" % (STATUS_LINE[status], every, fields, end, body))
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
