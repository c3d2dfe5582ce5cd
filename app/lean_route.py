"""A FastAPI route without FastAPI's request path: bytes in, one validation by pydantic-core, bytes out; OpenAPI kept.

Starlette's and FastAPI's layers cost more than a financial judgement. So `border.py` hands a request that matches a
lean route straight to it, and FastAPI, which knows the route too, does the OpenAPI page and all other paths. An
endpoint declares its parameters as usual, but may use only: `request`, path and header parameters that are strings,
and one body, a pydantic model; if that has a method `read`, the endpoint gets what it makes of the bytes. It returns a
Reply.
"""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any, ClassVar

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from app.auth import Scope as CallerScope
from app.errors import BodyTooLarge, UnknownRoute, UnsupportedMediaType
from app.http_cycle import Cycle
from app.json_body import read_model
from app.reply import Reply


class LeanRoute(APIRoute):
    """`APIRouter(route_class=LeanRoute)`. Its endpoint returns a Reply."""

    scope: ClassVar[CallerScope] = "grade"
    """What the caller's key must allow."""

    @cached_property
    def label(self) -> str:
        """Method and template, as metrics and log lines name it."""
        return f"{' '.join(sorted(self.methods or ()))} {self.path_format}"

    def path_parameters(self, method: str, path: str) -> dict[str, str] | None:
        """The parameters in `path` if this route answers it, else None."""
        found = self.path_regex.fullmatch(path) if method in (self.methods or ()) else None
        return None if found is None else found.groupdict()

    def get_route_handler(self) -> Any:
        """FastAPI's own way in, which only a path with a line break at its end takes: its patterns end with `$`."""

        async def refuse(request: Request) -> None:
            raise UnknownRoute(f"There is nothing at {request.url.path!r}.")

        return refuse

    async def answer(
        self, request: Request, path: Mapping[str, str], headers: Mapping[bytes, bytes], body_max_bytes: int
    ) -> Reply:
        """The endpoint's reply; `path` are the parameters in its path.

        Raises:
            ServiceError, Unscored: as the endpoint does, or because the body cannot be read.
        """
        arguments: dict[str, Any] = {"request": request, **path}
        for name, alias in self._headers:
            value = headers.get(alias)
            arguments[name] = None if value is None else value.decode("latin-1")
        for name, read in self._readers:
            _check_declared(headers, body_max_bytes)
            body = _arrived(request, body_max_bytes)
            arguments[name] = read(await _arriving(request, body_max_bytes) if body is None else body)
        reply: Reply = await self.endpoint(**arguments)
        return reply

    @cached_property
    def _headers(self) -> list[tuple[str, bytes]]:
        return [(field.name, field.alias.lower().encode()) for field in self.dependant.header_params]

    @cached_property
    def _readers(self) -> list[tuple[str, Callable[[bytes], Any]]]:
        bodies: list[tuple[str, Any]] = [
            (field.name, field.field_info.annotation) for field in self.dependant.body_params
        ]
        return [(name, getattr(model, "read", partial(read_model, model))) for name, model in bodies]


class AdminRoute(LeanRoute):
    """A lean route for admins only."""

    scope = "admin"


def _check_declared(headers: Mapping[bytes, bytes], max_bytes: int) -> None:
    """Raises UnsupportedMediaType or BodyTooLarge for what a request says of its body."""
    declared = headers.get(b"content-type", b"")
    if declared != b"application/json" and declared.partition(b";")[0].strip().lower() != b"application/json":
        shown = declared.decode("latin-1")
        raise UnsupportedMediaType(f"The body is declared as {shown!r}; send Content-Type: application/json.")
    if (encoding := headers.get(b"content-encoding")) is not None and encoding.strip().lower() != b"identity":
        shown = encoding.decode("latin-1")
        raise UnsupportedMediaType(f"The body has Content-Encoding {shown!r}; send it as it is.")
    if int(headers.get(b"content-length", b"0")) > max_bytes:
        raise _too_large(max_bytes)


def _arrived(request: Request, max_bytes: int) -> bytes | None:
    """The body, if it is there already; raises BodyTooLarge."""
    cycle = Cycle.of(request.receive)
    body = None if cycle is None else cycle.whole_body()
    if body is not None and len(body) > max_bytes:
        raise _too_large(max_bytes)
    return body


async def _arriving(request: Request, max_bytes: int) -> bytes:
    """The body, of which no more is read than `max_bytes`.

    Raises:
        BodyTooLarge.
        ClientDisconnect: the caller hung up.
    """
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        chunks.append(chunk)
        size, more = size + len(chunk), message.get("more_body", False)
        if size > max_bytes:
            raise _too_large(max_bytes)
    return b"".join(chunks)


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is over {max_bytes} bytes. Send fewer samples at a time.")
