"""Regular expressions find the same on every Python from 3.11.0, so that rewards are the same on all of them.

Before 3.11.5 a possessive group that had begun and could not end left the position in its midst: `(?:,[0-9]++)*+` took
the comma of "94, for" (cpython issues 100061 and 106052). Only what matches one character after another leaves the
position alone; before each alternative it is set back.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import app
import graders

_ONE_CHARACTER = {op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY}
_NEVER = str(_parser.parse("(?!)"))


def test_no_possessive_group_can_end_in_its_midst() -> None:
    patterns = {
        f"{module}.{name}": value
        for module in _modules()
        for name, value in vars(importlib.import_module(module)).items()
        if isinstance(value, re.Pattern)
    }

    unsound = {
        name: pattern.pattern
        for name, pattern in patterns.items()
        for group in _possessive(_parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE))
        if not _leaves_no_trace(group)
    }

    assert len(patterns) > 50
    assert unsound == {}


def test_the_rule_finds_what_was_wrong() -> None:
    wrong = [r"(?:,[0-9]++)*+", r"(?: [0-9]{3}(?![0-9]))++", r"a((?:b|c(?:d?e)?+)|f)", r"(?:a|b+|c+)*+"]
    right = [r"(?:,[0-9]++|(?!))*+", r"[0-9]++", r"(?:[^a]++|\\.)*+", r"(?>(?:ab?c)*)"]

    def is_sound(pattern: str) -> bool:
        return all(map(_leaves_no_trace, _possessive(_parser.parse(pattern))))

    assert [is_sound(pattern) for pattern in wrong + right] == [False] * len(wrong) + [True] * len(right)


def _modules() -> Iterator[str]:
    for package in (app, graders):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield found.name


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
        group = arguments[1][-1]
    return str(group) == _NEVER or all(code in _ONE_CHARACTER for code, _ in group)
