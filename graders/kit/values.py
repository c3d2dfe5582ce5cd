"""Values of a program as JSON that can build nothing but exact builtin types.

None, bool, str, int up to 63 bits, finite float, list, and dict with str keys stand for themselves. All else is an
object with the one key `$`: `{"$": ["tuple", [...]]}`, and likewise `set`, `frozenset` (lists), `dict` (a list of
pairs), `int` (hex), `float` (`nan`, `inf`, `-inf`), `complex` (two floats' texts), `bytes`, `bytearray` (hex) and
`range` (three ints). A dict that itself has the one key `$` is written as pairs.

An int goes as hex because decimal digits cost quadratic time and Python refuses more than 4,300 of them. The form is
that of stored executions: a change is a new file.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

LEVELS_MAX = 60
"""How deep lists and the like may be nested: well below the levels at which JSON readers give up."""

_ENCODER = json.JSONEncoder(separators=(",", ":"))
_SMALL_INT = 1 << 63
_EQUAL_HASHES_MAX = 256


class Unsendable(TypeError):
    """The value is of another type, too deep, or contains itself."""


class Unreadable(ValueError):
    """The text is no such JSON, or it is built to make a hash table slow."""


def encode(value: Any) -> str:
    """`value` as ASCII JSON.

    Raises:
        Unsendable: something in it is not of an exact builtin type, or nested deeper than `LEVELS_MAX`.
    """
    return to_json(tagged(value))


def to_json(plain: Any) -> str:
    """ASCII JSON of what `tagged` gives."""
    # Most values are one of these two, and the encoder takes longer to set itself up than to write one.
    kind = type(plain)
    if kind is int:
        return str(plain)
    if kind is bool:
        return "true" if plain else "false"
    return _ENCODER.encode(plain)


def decode(text: str | bytes) -> Any:
    """The value that `encode` wrote, or that a hostile program made up.

    Raises:
        Unreadable: it is no encoded value.
    """
    try:
        return untagged(json.loads(text))
    except (ValueError, TypeError, RecursionError, OverflowError, AttributeError, LookupError) as error:
        raise Unreadable(f"This is no value of a program: {error}") from error


def encode_call(*args: Any, **kwargs: Any) -> str:
    """A call as `Program.calls` wants it.

    Raises:
        Unsendable: as for `encode`.
    """
    call = {"args": [tagged(value) for value in args], "kwargs": {name: tagged(kwargs[name]) for name in kwargs}}
    return to_json(call)


def decode_call(text: str | bytes) -> tuple[list[Any], dict[str, Any]]:
    """The arguments that `encode_call` wrote.

    Raises:
        Unreadable: it is no encoded call.
    """
    try:
        call = json.loads(text)
        kwargs = {str(name): untagged(value) for name, value in call["kwargs"].items()}
        return [untagged(value) for value in call["args"]], kwargs
    except (ValueError, TypeError, RecursionError, OverflowError, AttributeError, LookupError) as error:
        raise Unreadable(f"This is no call: {error}") from error


def teach(name: str, kind: type, write: Callable[[Any], Any], read: Callable[[Any], Any]) -> None:
    """Adds a tag to this process: `write` turns a value of exactly `kind` into JSON, `read` turns that into a value.

    Only the sandbox's own processes do so, for references to what lives in another process.
    """
    _WRITE[kind] = lambda value, _: write(value)
    _READ[name] = lambda body, _: read(body)
    _NAMES[kind] = name


def tagged(value: Any, levels: int = LEVELS_MAX) -> Any:
    """`value` as what `json.dumps` takes.

    Raises:
        Unsendable: as for `encode`.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return value if -_SMALL_INT <= value < _SMALL_INT else {"$": ["int", hex(value)]}
    if kind is float:
        return value if value - value == 0 else {"$": ["float", repr(value)]}
    if levels == 0:
        raise Unsendable(f"The value is nested deeper than {LEVELS_MAX} levels.")
    if kind is list:
        return [tagged(part, levels - 1) for part in value]
    if kind is dict:
        return _tagged_dict(value, levels - 1)
    write = _WRITE.get(kind)
    if write is None:
        raise Unsendable(f"A value of type {kind.__name__} cannot be sent.")
    return {"$": [_NAMES.get(kind, kind.__name__), write(value, levels - 1)]}


def untagged(plain: Any, levels: int = LEVELS_MAX) -> Any:
    """The value of what `json.loads` gave.

    Raises:
        Unreadable: as for `decode`.
        ValueError, TypeError, OverflowError, AttributeError, LookupError: likewise; `decode` makes it `Unreadable`.
    """
    kind = type(plain)
    if kind is list:
        _descend(levels)
        return [untagged(part, levels - 1) for part in plain]
    if kind is dict:
        _descend(levels)
        if len(plain) == 1 and "$" in plain:
            name, body = plain["$"]
            return _READ[name](body, levels - 1)
        return {key: untagged(plain[key], levels - 1) for key in plain}
    return plain


def _descend(levels: int) -> None:
    if levels == 0:
        raise Unreadable(f"The value is nested deeper than {LEVELS_MAX} levels.")


def _tagged_dict(value: dict[Any, Any], levels: int) -> Any:
    if all(type(key) is str for key in value) and not (len(value) == 1 and "$" in value):
        return {key: tagged(value[key], levels) for key in value}
    return {"$": ["dict", [[tagged(key, levels), tagged(value[key], levels)] for key in value]]}


def _tagged_each(value: Iterable[Any], levels: int) -> list[Any]:
    return [tagged(part, levels) for part in value]


def _untagged_each(body: list[Any], levels: int) -> list[Any]:
    return [untagged(part, levels) for part in body]


def _keys(body: list[Any], levels: int) -> list[Any]:
    """Keys of a hash table: 12,000 ints with one hash cost a second, so a few may."""
    keys = _untagged_each(body, levels)
    if len(keys) - len(set(map(hash, keys))) > _EQUAL_HASHES_MAX:
        raise Unreadable("Many keys have equal hashes.")
    return keys


def _read_dict(body: list[Any], levels: int) -> dict[Any, Any]:
    keys = _keys([key for key, _ in body], levels)
    return dict(zip(keys, _untagged_each([value for _, value in body], levels), strict=True))


_NAMES: dict[type, str] = {}

_WRITE: dict[type, Callable[[Any, int], Any]] = {
    tuple: _tagged_each,
    set: _tagged_each,
    frozenset: _tagged_each,
    complex: lambda value, _: [repr(value.real), repr(value.imag)],
    bytes: lambda value, _: value.hex(),
    bytearray: lambda value, _: value.hex(),
    range: lambda value, levels: _tagged_each((value.start, value.stop, value.step), levels),
}

_READ: dict[str, Callable[[Any, int], Any]] = {
    "tuple": lambda body, levels: tuple(_untagged_each(body, levels)),
    "set": lambda body, levels: set(_keys(body, levels)),
    "frozenset": lambda body, levels: frozenset(_keys(body, levels)),
    "dict": _read_dict,
    "int": lambda body, _: int(body, 16),
    "float": lambda body, _: float(body),
    "complex": lambda body, _: complex(float(body[0]), float(body[1])),
    "bytes": lambda body, _: bytes.fromhex(body),
    "bytearray": lambda body, _: bytearray.fromhex(body),
    "range": lambda body, levels: range(*_untagged_each(body, levels)),
}
