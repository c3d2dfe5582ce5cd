"""What a program's function returned, as the builtin value that it stands for."""

import sys
from array import array
from collections import deque
from collections.abc import Callable, ItemsView, Iterator, KeysView, ValuesView
from itertools import islice
from typing import Any

from graders.kit.values import LEVELS_MAX, Unsendable

ITEMS_MAX = 1 << 20
"""An iterator may be endless; one that yields more than this is refused."""

_SERIES = (Iterator, deque, KeysView, ValuesView, ItemsView, array)


def plain(value: Any, stranger: Callable[[Any], Any], levels: int = LEVELS_MAX) -> Any:
    """`value` with subclasses as their builtin base, iterators as lists and numpy's values as Python's.

    `stranger` is asked for what stands in for a value of any other type.

    Raises:
        Unsendable: it is nested too deeply, or an iterator does not end.
    """
    if levels == 0:
        raise Unsendable(f"The value is nested deeper than {LEVELS_MAX} levels.")
    if value is None or type(value) in _ATOMS:
        return value
    for kind, convert in _BASES:
        if isinstance(value, kind):
            return convert(value, lambda part: plain(part, stranger, levels - 1))
    if isinstance(value, _SERIES):
        return [plain(part, stranger, levels - 1) for part in _listed(value)]
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.generic, numpy.ndarray)):
        return plain(value.tolist(), stranger, levels - 1)
    return stranger(value)


def _listed(series: Any) -> list[Any]:
    items = list(islice(series, ITEMS_MAX + 1))
    if len(items) > ITEMS_MAX:
        raise Unsendable(f"An iterator yields more than {ITEMS_MAX} values.")
    return items


_ATOMS = frozenset({bool, int, float, complex, str, bytes, bytearray, range})

_Convert = Callable[[Any, Callable[[Any], Any]], Any]

# The bases' own methods, because a subclass may say anything in its own.
_BASES: list[tuple[type, _Convert]] = [
    (int, lambda value, _: int.__index__(value)),
    (float, lambda value, _: float.__float__(value)),
    (complex, lambda value, _: complex.__complex__(value)),
    (str, lambda value, _: str.__str__(value)),
    (bytes, lambda value, _: bytes.__getitem__(value, slice(None)) + b""),
    (bytearray, lambda value, _: bytearray(bytearray.__getitem__(value, slice(None)))),
    (list, lambda value, each: [each(part) for part in list.__iter__(value)]),
    (tuple, lambda value, each: tuple([each(part) for part in tuple.__iter__(value)])),
    (frozenset, lambda value, each: frozenset([each(part) for part in frozenset.__iter__(value)])),
    (set, lambda value, each: {each(part) for part in set.__iter__(value)}),
    (dict, lambda value, each: {each(key): each(part) for key, part in dict.items(value)}),
]
