"""Regular expressions find the same on every Python from 3.11.0, so that rewards are the same on all of them.

Before 3.11.5 a possessive group that had begun and could not end left the position in its midst: `(?:,[0-9]++)*+` took
the comma of "94, for" (cpython issues 100061 and 106052). What matches one character after another leaves the position
alone, and so does one repetition of a character; `(?!)` as the last alternative sets it back, any other may be skipped.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import app
import graders

_ONE_CHARACTER = {op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY}
_REPEAT = {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}
_NEVER = str(_parser.parse("(?!)"))


def test_no_possessive_group_can_end_in_its_midst() -> None:
    patterns = [pattern for module in _modules() for pattern in _patterns(vars(module))]

    unsound = [
        pattern.pattern
        for pattern in patterns
        for group in _possessive(_parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE))
        if not _leaves_no_trace(group)
    ]

    assert len(patterns) > 100
    assert unsound == []


def test_the_rule_finds_what_is_wrong() -> None:
    wrong = [
        r"(?:,[0-9]++)*+",
        r"(?: [0-9]{3}(?![0-9]))++",
        r"a((?:b|c(?:d?e)?+)|f)",
        r"(?:a|b+c)*+",
        r"(?:,[0-9]++|x)*+",
        r"(?:,[0-9]++|[xy])*+",
    ]
    right = [r"(?:,[0-9]++|(?!))*+", r"[0-9]++", r"(?:[^a]++|\\.)*+", r"(?>(?:ab?c)*)", r"(?:ab)*+"]

    def is_sound(pattern: str) -> bool:
        return all(map(_leaves_no_trace, _possessive(_parser.parse(pattern))))

    assert [is_sound(pattern) for pattern in wrong + right] == [False] * len(wrong) + [True] * len(right)


def _modules() -> Iterator[ModuleType]:
    for package in (app, graders):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


def _patterns(value: Any) -> Iterator[re.Pattern[Any]]:
    """Those in `value`, and in what it contains."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        for inner in list(value.values()):
            yield from _patterns(inner)
    elif isinstance(value, tuple | list | set | frozenset):
        for inner in value:
            yield from _patterns(inner)


def _possessive(node: Any) -> Iterator[Any]:
    """What is repeated possessively anywhere in a parsed pattern."""
    if isinstance(node, _parser.SubPattern):
        for code, arguments in node:
            if code is op.POSSESSIVE_REPEAT:
                yield arguments[2]
            yield from _possessive(arguments)
    elif isinstance(node, Iterable) and not isinstance(node, str):
        for each in node:
            yield from _possessive(each)


def _leaves_no_trace(group: Any) -> bool:
    """Whether one that fails leaves the position where it began. A single character is no group for the compiler."""
    code, arguments = group[0]
    if len(group) == 1 and code is op.BRANCH:
        alternatives = arguments[1]
        return str(alternatives[-1]) == _NEVER or all(map(_leaves_no_trace, alternatives))
    if len(group) == 1 and code in _REPEAT and len(arguments[2]) == 1:
        code, _ = arguments[2][0]
        return code in _ONE_CHARACTER
    return all(code in _ONE_CHARACTER for code, _ in group)
