"""JSON values to the bytes that are stored and hashed."""

import math
from typing import Any

from pydantic_core import to_json

from app.errors import InvalidRequest
from graders.errors import Fault, json_pointer


def encode(value: Any, pointer: str) -> bytes:
    """`value` as UTF-8 JSON. `pointer` says where in the request it stands.

    Raises:
        InvalidRequest: a number is beyond the range of a double (1e999): stored, it would not be JSON.
    """
    data = to_json(value)
    # The only way to write an infinite number; nearly always absent, so the value is walked for nothing but proof.
    if b"Infinity" in data and (place := _infinite(value, pointer)) is not None:
        detail = "This number is beyond the range of a double."
        raise InvalidRequest(f"{place}: {detail}", (Fault(place, detail),))
    return data


def _infinite(value: Any, pointer: str) -> str | None:
    """Where the first infinite number below `pointer` stands. The depth is bounded by the JSON reader (200)."""
    if isinstance(value, float):
        return pointer if math.isinf(value) else None
    children: Any = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    found = (_infinite(child, json_pointer(pointer, key)) for key, child in children)
    return next((place for place in found if place is not None), None)
