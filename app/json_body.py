"""JSON as trainers send it, read from bytes."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from app.encoding import DEPTH_MAX
from app.errors import InvalidRequest
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
