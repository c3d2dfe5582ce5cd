"""JSON as trainers send it, read from bytes."""

import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from app.encoding import DEPTH_MAX
from app.errors import InvalidRequest
from graders.errors import Fault, faults_of

Model = TypeVar("Model", bound=BaseModel)

# An escape in a JSON string: a surrogate pair, a lone surrogate (group 1), or any other.
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", re.DOTALL)


class NotJson(InvalidRequest):
    """The body is not JSON; `why` says what is wrong, at which line and column."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The body is not JSON: {why}.", (Fault("", why),))
        self.why = why


def read_model(model: type[Model], body: bytes) -> Model:
    """`body` as `model`.

    Raises:
        InvalidRequest: not JSON, or not of the model's shape; each fault says where.
    """
    value = read_json(body)
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
        InvalidRequest: it is nested too deep to be read.
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        if "recursion limit" in str(error):
            detail = f"The body is nested deeper than {DEPTH_MAX} levels."
            raise InvalidRequest(detail, (Fault("", detail),)) from error
        if (repaired := without_lone_surrogates(body)) != body:
            return read_json(repaired)
        raise NotJson(str(error)) from error


def without_lone_surrogates(body: bytes) -> bytes:
    """`body`, JSON, with U+FFFD for surrogates that have no partner."""
    if b"\\ud" not in body and b"\\uD" not in body:
        return body
    return _ESCAPE.sub(lambda found: b"\\ufffd" if found[1] else found[0], body)
