"""An HTTP answer of bytes. FastAPI need not be there: the command line writes answers too."""

from collections.abc import Mapping

from msgspec import Struct
from starlette.types import Receive, Scope, Send


class Reply(Struct, eq=False):
    """An HTTP answer of bytes, as an ASGI application, for half the cost of Starlette's Response."""

    body: bytes
    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, str] | None = None
    code: str = ""
    """The problem's; empty: the answer is none."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", self.media_type.encode()), (b"content-length", b"%d" % len(self.body))]
        if self.headers:
            headers += [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

    def fields(self, request_id: str) -> bytes:
        """The header, as it stands in HTTP/1.1, with the request's id; the last line break is left out."""
        lines = f"content-type: {self.media_type}\r\ncontent-length: {len(self.body)}\r\nx-request-id: {request_id}\r\n"
        for name, value in self.headers.items() if self.headers else ():
            if not (value.isascii() and value.isprintable()):
                raise ValueError(f"The header {name} cannot be sent: {value!r}")
            lines += f"{name.lower()}: {value}\r\n"
        return lines.encode()
