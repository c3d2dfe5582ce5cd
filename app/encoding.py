"""JSON values to the bytes that are stored and hashed."""

import math
from typing import Any

from pydantic_core import to_json

from app.errors import InvalidRequest
from graders.calls import may_be_deeper
from graders.errors import Fault, json_pointer

# The JSON reader stops at 200 levels; a few are the service's own.
DEPTH_MAX = 150


def encode(value: Any, pointer: str) -> bytes:
    """`value` as UTF-8 JSON. `pointer` says where in the request it stands.

    Raises:
        InvalidRequest: a number is beyond the range of a double (1e999): stored, it would not be JSON; or it is nested
            so deep that it could not be read back out of what it is stored and sent in.
    """
    data = to_json(value)
    if may_be_deeper(data, DEPTH_MAX) and _depth(value) > DEPTH_MAX:
        detail = f"This is nested deeper than {DEPTH_MAX} levels."
        raise InvalidRequest(detail, (Fault(pointer, detail),))
    # The only way to write an infinite number; nearly always absent, so the value is walked for nothing but proof.
    if b"Infinity" in data and (place := _infinite(value, pointer)) is not None:
        detail = "This number is beyond the range of a double."
        raise InvalidRequest(f"{place}: {detail}", (Fault(place, detail),))
    return data


def _depth(value: Any) -> int:
    """How many containers stand one in another, level by level."""
    depth, level = 0, [value]
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        level = [child for one in level for child in (one.values() if isinstance(one, dict) else one)]
    return depth


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
