"""One request and its answer, as uvicorn has them, and the short ways: a body that has arrived whole is handed over as
it is, and an answer that is there whole is written in one piece.

ASGI's three messages for that, two coroutines of the server's and checks of every header took a twentieth of a single
grade. FastAPI's own routes go the usual way.
"""

import asyncio
from functools import lru_cache

from msgspec import Struct
from starlette.types import Receive
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle


class Signal(Struct, eq=False):
    """An `asyncio.Event` that is made when somebody waits for it: of most requests all is there, and nobody does."""

    _is_set: bool = False
    _event: asyncio.Event | None = None

    def set(self) -> None:
        self._is_set = True
        if self._event is not None:
            self._event.set()

    def clear(self) -> None:
        self._is_set = False
        if self._event is not None:
            self._event.clear()

    async def wait(self) -> None:
        if not self._is_set:
            self._event = self._event or asyncio.Event()
            await self._event.wait()


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

    async def room(self) -> None:
        """Returns when the caller has taken enough of the answers before this one, or has hung up."""
        if not self.disconnected:
            await self.flow.drain()

    def answer(self, status: int, fields: bytes, body: bytes) -> None:
        """Answers with lines of `fields`, which say how long `body` is; nowhere, if the caller has hung up."""
        if self.disconnected:
            return
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        if self.scope["method"] == "HEAD":
            body = b""
        every = _lines(tuple(self.default_headers))
        self.transport.write(b"%b%b%b%b%b" % (STATUS_LINE[status], every, fields, end, body))
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


@lru_cache(maxsize=2)
def _lines(fields: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """`fields` of a header as they are sent. They change once a second, with the date."""
    return b"".join([b"%b: %b\r\n" % field for field in fields])
