"""Is what a program printed the expected text? Linear in both texts, but for the sorting of unordered lines."""

import math
import re

from graders.code_tests.comparison import Comparison, Whitespace

_WORDS = re.compile(r"(\s++)")
_NUMBER = re.compile(r"[+-]?(?=[0-9.]*[.eE])(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?[0-9]+")
_NUMBER_CHARS_MAX = 64


def same_text(expected: str, got: str, rules: Comparison) -> bool:
    """Whether `got` is `expected`, but for white space, order of lines and digits that do not matter."""
    whitespace = rules.whitespace or "trailing"
    left, right = (_lines(text, whitespace) for text in (expected, got))
    if rules.unordered != "none":
        left, right = sorted(left), sorted(right)
    elif whitespace == "any":
        left, right = [" ".join(left)], [" ".join(right)]
    if left == right:
        return True
    if whitespace == "exact" or len(left) != len(right):
        return False
    return all(_same_line(*pair, rules) for pair in zip(left, right, strict=True))


def trimmed(text: str, whitespace: Whitespace) -> str:
    """`text` without the white space that does not count."""
    if whitespace == "exact":
        return text
    return " ".join(text.split()) if whitespace == "any" else "\n".join(_lines(text, whitespace))


def _lines(text: str, whitespace: Whitespace) -> list[str]:
    lines = text.split("\n")
    if whitespace == "exact":
        return lines
    if whitespace == "any":
        return [" ".join(words) for words in map(str.split, lines) if words]
    lines = [line.rstrip() for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _same_line(expected: str, got: str, rules: Comparison) -> bool:
    if expected == got:
        return True
    left, right = _WORDS.split(expected), _WORDS.split(got)
    return len(left) == len(right) and all(_same_word(*pair, rules) for pair in zip(left, right, strict=True))


def _same_word(expected: str, got: str, rules: Comparison) -> bool:
    """Equal, or two numbers that are near enough and of which the expected one has a point or an exponent."""
    if expected == got:
        return True
    if expected.lstrip("+-").isdigit():
        return False
    numbers = _number(expected), _number(got)
    return numbers[0] is not None and numbers[1] is not None and rules.is_near(numbers[0], numbers[1])


def _number(word: str) -> float | None:
    """The finite number that `word` writes in ASCII digits; None for any other word."""
    if len(word) > _NUMBER_CHARS_MAX or not _NUMBER.fullmatch(word):
        return None
    number = float(word)
    return number if math.isfinite(number) else None
