"""Values as Python source: what a checker is given, and what a person reads in a reason."""

from collections.abc import Callable
from typing import Any

_SMALL = 1 << 63
_SHOWN_MAX = 300
_CUT = " [...]"


def literal(value: Any) -> str:
    """An expression that builds `value`, which is of exact builtin types as `graders.kit.values` reads them."""
    write = _WRITE.get(type(value))
    return write(value) if write else repr(value)


def call(entry_point: str, args: list[Any], kwargs: dict[str, Any]) -> str:
    """The call as one would write it."""
    named = [f"{name}={literal(value)}" for name, value in kwargs.items()]
    return f"{entry_point}({', '.join([*map(literal, args), *named])})"


def shown(text: str, most: int = _SHOWN_MAX) -> str:
    """`text` for a reader, at most so many characters and a mark for what is left out."""
    return text if len(text) <= most else text[:most] + _CUT


def _int(value: int) -> str:
    # Decimal digits cost quadratic time, and Python refuses more than 4,300 of them.
    return repr(value) if -_SMALL <= value < _SMALL else hex(value)


def _float(value: float) -> str:
    return repr(value) if value - value == 0 else f"float('{value}')"


def _each(values: Any) -> str:
    return ", ".join(map(literal, values))


_WRITE: dict[type, Callable[[Any], str]] = {
    int: _int,
    float: _float,
    complex: lambda value: f"complex({_float(value.real)}, {_float(value.imag)})",
    list: lambda value: f"[{_each(value)}]",
    tuple: lambda value: f"({_each(value)},)" if len(value) == 1 else f"({_each(value)})",
    set: lambda value: f"{{{_each(value)}}}" if value else "set()",
    frozenset: lambda value: f"frozenset({{{_each(value)}}})" if value else "frozenset()",
    dict: lambda value: "{" + ", ".join(f"{literal(key)}: {literal(part)}" for key, part in value.items()) + "}",
    range: lambda value: f"range({_each((value.start, value.stop, value.step))})",
}
