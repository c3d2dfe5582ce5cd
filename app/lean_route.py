"""A FastAPI route without FastAPI's request path: bytes in, one validation by pydantic-core, bytes out; OpenAPI kept.

Starlette's and FastAPI's layers cost more than a financial judgement. So `border.py` hands a request that matches a
lean route straight to it, and FastAPI, which knows the route too, does the OpenAPI page and all other paths. An
endpoint declares its parameters as usual, but may use only: `request`, path and header parameters that are strings,
and one body, a pydantic model; if that has a method `read`, the endpoint gets what it makes of the bytes. It returns a
Reply.
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any, ClassVar, TypeVar

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from app.auth import Scope as CallerScope
from app.encoding import DEPTH_MAX
from app.errors import BodyTooLarge, InvalidRequest, UnknownRoute, UnsupportedMediaType
from app.http_cycle import Cycle
from app.shallow import cut
from graders.errors import Fault, faults_of

Model = TypeVar("Model", bound=BaseModel)

# An escape in a JSON string: a surrogate pair, a lone surrogate (group 1), or any other.
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", re.DOTALL)


# Where the JSON reader stopped, and what it may have stopped at.
_PLACE = re.compile(r"at line (\d+) column (\d+)$")
_LINES_MAX = 1000
_NO_NUMBER = re.compile(rb".?-?(NaN|Inf)", re.DOTALL)
# Deeper than any part of a request that is stored may be, and not too deep for the reader.
_CUT_LEVELS = DEPTH_MAX + 30


class NotJson(InvalidRequest):
    """The body is not JSON; `why` says what is wrong, at which line and column, and what it is instead."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The body is not JSON: {why}.", (Fault("", why),))
        self.why = why


class TooDeep(InvalidRequest):
    """The body is nested too deep to be read."""

    def __init__(self) -> None:
        detail = f"The body is nested deeper than {DEPTH_MAX} levels."
        super().__init__(detail, (Fault("", detail),))


class Reply:
    """An HTTP answer of bytes, as an ASGI application, for half the cost of Starlette's Response.

    `code` is the problem's; empty: the answer is none.
    """

    __slots__ = ("body", "code", "headers", "media_type", "status")

    def __init__(
        self,
        body: bytes,
        status: int = 200,
        media_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        code: str = "",
    ) -> None:
        self.body, self.status, self.media_type, self.headers, self.code = body, status, media_type, headers, code

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


class LeanRoute(APIRoute):
    """`APIRouter(route_class=LeanRoute)`. Its endpoint returns a Reply."""

    scope: ClassVar[CallerScope] = "grade"
    """What the caller's key must allow."""

    @cached_property
    def label(self) -> str:
        """Method and template, as metrics and log lines name it."""
        return f"{' '.join(sorted(self.methods or ()))} {self.path_format}"

    def path_parameters(self, method: str, path: str) -> dict[str, Any] | None:
        """The parameters in `path` if this route answers it, else None."""
        found = self.path_regex.fullmatch(path) if method in (self.methods or ()) else None
        return None if found is None else found.groupdict()

    def get_route_handler(self) -> Any:
        """FastAPI's own way in, which only a path with a line break at its end takes: its patterns end with `$`."""

        async def refuse(request: Request) -> None:
            raise UnknownRoute(f"There is nothing at {request.url.path!r}.")

        return refuse

    async def answer(
        self, request: Request, path: dict[str, Any], headers: Mapping[bytes, bytes], body_max_bytes: int
    ) -> Reply:
        """The endpoint's reply; `path` becomes its arguments.

        Raises:
            ServiceError, Unscored: as the endpoint does, or because the body cannot be read.
        """
        for name, alias in self._headers:
            value = headers.get(alias)
            path[name] = None if value is None else value.decode("latin-1")
        for name, read in self._readers:
            path[name] = read(await read_body(request, headers, body_max_bytes))
        reply: Reply = await self.endpoint(request=request, **path)
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


async def read_body(request: Request, headers: Mapping[bytes, bytes], max_bytes: int) -> bytes:
    """The body, checked for its declared type and its size while it arrives.

    Raises:
        UnsupportedMediaType, BodyTooLarge.
        ClientDisconnect: the caller hung up.
    """
    declared = headers.get(b"content-type", b"")
    if declared != b"application/json" and declared.partition(b";")[0].strip().lower() != b"application/json":
        shown = declared.decode("latin-1")
        raise UnsupportedMediaType(f"The body is declared as {shown!r}; send Content-Type: application/json.")
    if (encoding := headers.get(b"content-encoding")) is not None and encoding.strip().lower() != b"identity":
        shown = encoding.decode("latin-1")
        raise UnsupportedMediaType(f"The body has Content-Encoding {shown!r}; send it as it is.")
    if int(headers.get(b"content-length", b"0")) > max_bytes:
        raise _too_large(max_bytes)
    cycle = Cycle.of(request.receive)
    if cycle is not None and (body := cycle.whole_body()) is not None:
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
        return body
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


def read_model(model: type[Model], body: bytes, read: Callable[[bytes], Any] | None = None) -> Model:
    """`body` as `model`, read as JSON by `read`, or by `read_json`.

    Raises:
        InvalidRequest: not JSON, or not of the model's shape; each fault says where.
    """
    value = (read or read_json)(body)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidRequest("The body is not of the documented shape.", faults_of(error, shape=model)) from error


def read_json(body: bytes) -> Any:
    """`body` as JSON (RFC 8259: no NaN, no Infinity, UTF-8), with U+FFFD for surrogates that have no partner.

    A lone surrogate is what is left when a model's text is cut inside an emoji and sent by `json.dumps`: the sample
    is to be judged, and no database stores it as it is.

    Raises:
        NotJson: it is none; the detail says at which line and column.
        TooDeep: it is nested too deep to be read.
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        if "recursion limit" in str(error):
            raise TooDeep from error
        if (repaired := without_lone_surrogates(body)) != body:
            return read_json(repaired)
        raise NotJson(f"{error}{_what_it_is(body, str(error))}") from error


def read_json_of_many(body: bytes) -> Any:
    """As `read_json`, of a body whose parts stand each for itself: of one that is nested too deep to be read, so much
    is read that `encoding.encode` refuses it, and it alone.

    Raises:
        NotJson, TooDeep: as `read_json`; the latter only if the body is too large for that, too.
    """
    try:
        return read_json(body)
    except TooDeep:
        if (shallower := cut(body, _CUT_LEVELS)) is None:
            raise
        return read_json(shallower)


def _what_it_is(body: bytes, error: str) -> str:
    """What a body that is not JSON is instead, to be said after the reader's `error`; empty: not known."""
    if not body.strip():
        return "; it is empty"
    if body.startswith((BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE)) or b"\0" in body[:2]:
        return "; it is to be UTF-8 without a byte order mark"
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        return f"; it is not UTF-8: byte 0x{body[wrong.start]:02x} at offset {wrong.start}"
    place = _PLACE.search(error)
    if place is None or (line := int(place[1])) > _LINES_MAX:
        return ""
    near = body.split(b"\n", line)[line - 1][max(int(place[2]) - 2, 0) :]
    return "; NaN and Infinity are no JSON, send null" if _NO_NUMBER.match(near) else ""


def without_lone_surrogates(body: bytes) -> bytes:
    """`body`, JSON, with U+FFFD for surrogates that have no partner."""
    if b"\\ud" not in body and b"\\uD" not in body:
        return body
    return _ESCAPE.sub(lambda found: b"\\ufffd" if found[1] else found[0], body)
