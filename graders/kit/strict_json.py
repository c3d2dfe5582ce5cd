"""Reads JSON that a model wrote, and refuses what a lenient reader would settle by chance."""

import json
from typing import Any, NoReturn


class NotJson(ValueError):
    """The text is no JSON by RFC 8259 (so neither NaN nor Infinity), or nested too deep to be read."""


class DuplicateKey(ValueError):
    """An object holds a key twice; readers differ in which of the two counts."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class SeveralValues(ValueError):
    """Behind the first JSON value stands another one."""


def read_json(text: str) -> Any:
    """The one JSON value that `text` is, blanks around it aside.

    Raises:
        NotJson, DuplicateKey, SeveralValues: there is no such value.
    """
    start = len(text) - len(text.lstrip())
    try:
        value, end = _DECODER.raw_decode(text, start)
    except DuplicateKey:
        raise
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error
    rest = text[end:].lstrip()
    if rest:
        raise SeveralValues if rest[0] in "{[" else NotJson("text follows the value")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise DuplicateKey(key)
            seen.add(key)
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)
