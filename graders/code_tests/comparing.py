"""Is the value that a program returned the expected one? Both are of exact builtin types, so nothing of the program's
runs here, and a comparison takes time that their two sizes bound.

What is the same without tolerance has the same `_Comparing.key`, a text. Nothing of a program's is hashed but texts,
whose hashes nobody can foresee, so no values can be made that collide.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from graders.code_tests.comparison import Comparison, Whitespace
from graders.code_tests.texts import trimmed

_LARGEST = int(float.fromhex("0x1.fffffffffffffp+1023"))
# Characters of keys that trying which part fits which may look at, in one comparison.
_TRIED_CHARS_MAX = 2_000_000

_LOOSE_KINDS: dict[type, str] = {
    list: "list", tuple: "list", set: "set", frozenset: "set", bytes: "bytes", bytearray: "bytes"
}  # fmt: skip
_SETS = frozenset({"set", "frozenset"})
_SERIES = _SETS | {"list", "tuple"}

_Keyed = list[tuple[str, Any]]
"""Values with their keys, sorted by key."""


def same_value(expected: Any, got: Any, rules: Comparison) -> bool:
    """Whether `got` is `expected`. A comparison that would have to try too much says no."""
    return _Comparing(rules, rules.whitespace or "exact").same(expected, got, rules.unordered != "none")


@dataclass(slots=True)
class _Comparing:
    """One comparison."""

    rules: Comparison
    whitespace: Whitespace
    tries_left: int = _TRIED_CHARS_MAX

    def same(self, expected: Any, got: Any, is_unordered: bool) -> bool:
        if isinstance(expected, (int, float, complex)) and not isinstance(expected, bool):
            return self._same_number(expected, got)
        kind, other = self._kind(expected), self._kind(got)
        if is_unordered and {kind, other} <= _SERIES and (kind == other or not self.rules.strict_types):
            return self._same_series(expected, got)
        if kind != other:
            return False
        if isinstance(expected, str):
            return expected == got or trimmed(expected, self.whitespace) == trimmed(got, self.whitespace)
        if isinstance(expected, dict):
            return self._same_dict(expected, got)
        if kind in _SETS:
            return self._same_series(expected, got)
        if isinstance(expected, (list, tuple)):
            return len(expected) == len(got) and all(map(self._same_part, expected, got))
        return bool(expected == got)

    def _same_part(self, expected: Any, got: Any) -> bool:
        return self.same(expected, got, self.rules.unordered == "all")

    def _kind(self, value: Any) -> str:
        """What two values must have in common to be compared at all."""
        name = type(value).__name__
        return name if self.rules.strict_types else _LOOSE_KINDS.get(type(value), name)

    def _same_number(self, expected: complex, got: Any) -> bool:
        """An expected int is exact; a float or complex number may be missed by the tolerance."""
        if isinstance(got, bool) or not isinstance(got, (int, float, complex)):
            return False
        if self.rules.strict_types and type(expected) is not type(got):
            return False
        if isinstance(expected, complex) or isinstance(got, complex):
            return self._same_number(expected.real, got.real) and self._same_number(expected.imag, got.imag)
        if expected == got or (expected != expected and got != got):
            return True
        if isinstance(expected, int) or not math.isfinite(expected) or not -_LARGEST <= got <= _LARGEST:
            return False
        return self.rules.is_near(expected, float(got))

    def _same_dict(self, expected: dict[Any, Any], got: dict[Any, Any]) -> bool:
        if len(expected) != len(got):
            return False
        values = {self.key(key): value for key, value in got.items()}
        pairs = [(self.key(key), value) for key, value in expected.items()]
        return all(key in values and self._same_part(value, values[key]) for key, value in pairs)

    def _same_series(self, expected: Sequence[Any], got: Sequence[Any]) -> bool:
        """The same parts, each as often, in whatever order. Beyond those with equal keys, numbers are paired by size,
        and other parts by trying."""
        if len(expected) != len(got):
            return False
        left, right = _without_common(self._keyed(expected), self._keyed(got))
        if all(type(part) in (int, float) for _, part in left + right):
            ours, theirs = (sorted((part for _, part in side), key=_number_order) for side in (left, right))
            return all(map(self._same_part, ours, theirs))
        return self._can_pair(left, right)

    def _can_pair(self, left: _Keyed, right: _Keyed) -> bool:
        rest = right
        for key, part in left:
            for place, (other_key, other) in enumerate(rest):
                self.tries_left -= len(key) + len(other_key)
                if self.tries_left < 0:
                    return False
                if self._same_part(part, other):
                    rest = rest[:place] + rest[place + 1 :]
                    break
            else:
                return False
        return True

    def _keyed(self, parts: Iterable[Any]) -> _Keyed:
        return sorted(((self.key(part), part) for part in parts), key=_first)

    def key(self, value: Any) -> str:
        """A text that two values have in common if and only if they are the same without tolerance."""
        if value is None or isinstance(value, bool):
            return str(value)
        if isinstance(value, (int, float, complex)):
            return self._number_key(value)
        if isinstance(value, str):
            return repr(trimmed(value, self.whitespace))
        kind = self._kind(value)
        if isinstance(value, dict):
            return kind + "{" + ",".join(sorted(f"{self.key(k)}:{self.key(part)}" for k, part in value.items())) + "}"
        if isinstance(value, range):
            return f"range({self.key([value.start, value.stop, value.step])})"
        if kind in _SERIES:
            return self._series_key(kind, map(self.key, value))
        return f"{kind}:{bytes(value).hex()}"

    def _series_key(self, kind: str, keys: Iterable[str]) -> str:
        is_any_order = self.rules.unordered == "all"
        name = "series" if is_any_order and not self.rules.strict_types else kind
        return f"{name}[{','.join(sorted(keys) if is_any_order or kind in _SETS else keys)}]"

    def _number_key(self, value: complex) -> str:
        if isinstance(value, complex):
            if value.imag or self.rules.strict_types:
                return f"({self._number_key(value.real)},{self._number_key(value.imag)}j)"
            value = value.real
        # Decimal digits of a long int cost quadratic time.
        if isinstance(value, float) and not (value.is_integer() and not self.rules.strict_types):
            return repr(value + 0.0)
        return hex(int(value))


def _first(pair: tuple[str, Any]) -> str:
    return pair[0]


def _number_order(number: float) -> tuple[bool, float]:
    """By size, exactly; NaN comes last."""
    return (False, number) if number == number else (True, 0.0)


def _without_common(left: _Keyed, right: _Keyed) -> tuple[_Keyed, _Keyed]:
    """Both less the pairs with equal keys."""
    ours: _Keyed = []
    theirs: _Keyed = []
    first = second = 0
    while first < len(left) and second < len(right):
        if left[first][0] == right[second][0]:
            first, second = first + 1, second + 1
        elif left[first][0] < right[second][0]:
            ours.append(left[first])
            first += 1
        else:
            theirs.append(right[second])
            second += 1
    return ours + left[first:], theirs + right[second:]
