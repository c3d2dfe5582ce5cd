r"""Finds where a model put its answer: `\boxed{}`, <answer> tags, a `####` line, a JSON field, "answer:". Never sees a
reference and never reads a number.

The first of these forms that a text has decides, and all its places in that form are returned: who marks two answers
has not decided between them. Every search is one pass over the text; of many places only the last few are looked at.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from msgspec import Struct

from graders.kit.quantity_words import NUMBER_WORDS

Container = Literal["boxed", "tag", "heading", "json", "prefix", "whole"]

MAX_LENGTH = 160
"""Code points of an answer; what is longer is prose."""

_LAST_FEW = 16
_MOST_PLACES = 32
_LONGEST_SENTENCE = 1_000
_BOX_OR_BRACE = re.compile(r"(\\(?:boxed|fbox)\s?\{)(?:[^{}\\]*+(\}))?|(\{)|(\})|\\.", re.DOTALL)
_TAG = re.compile(r"<(/?)(answer|final_answer|result)[ ]?>", re.IGNORECASE)
_HEADING = re.compile(r"^[ \t]*+####[ \t]*+([^\n]+)", re.MULTILINE)
_JSON_FIELD = re.compile(
    r'"(final_answer|answer|value|result)"\s{0,9}+:\s{0,9}+(?:"((?:[^"\\\n]|\\.){0,400}+)"|(-?[0-9][0-9.eE+-]{0,80}+)|\[([^\[\]{}]{0,400}+)\])',
    re.IGNORECASE,
)
_JSON_NAMES = ("final_answer", "answer", "value", "result")
_PREFIX = re.compile(
    r"(?=[acfmt])\b(?:the\s)?(?:(?:final|correct|my)\s)?answer[ ]?"  # the first letters, looked at first, save time
    r"(?:[*_`]{0,3}+[ ]?[:：=]|(?:is|was|would be|comes to)\b[ ]?:?)[*_`]{0,3}",
    re.IGNORECASE,
)
# It begins with the marks and looks back from there: a pattern that begins with a lookbehind takes five times as long.
SENTENCE_END = re.compile(r"[.!?。](?:(?<=[0-9a-z%)\]}*_`$][.!?])['\")*_`]{0,3}+(?=\s)|(?<=。))")
_ABBREVIATIONS = frozenset({"approx", "ca", "vs", "no", "est", "inc", "co", "corp", "etc", "fig", "e.g", "i.e", "eq"})
_DIGIT = re.compile(r"\d")
_SHORT_WORD = re.compile(rf"[*_`]{{0,3}}(?:(?:minus|about|yes|no|{'|'.join(NUMBER_WORDS)})\b)", re.IGNORECASE)
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_BLANK = re.compile(r"\s*+")
_BULLET = re.compile(r"[ \t]*+- ")


class Place(Struct, gc=False):
    """Where an answer stands: `text[start:end]`, and the markup around it: `text[outer_start:outer_end]`."""

    container: Container
    start: int
    end: int
    outer_start: int
    outer_end: int


_Span = tuple[int, int, int, int]
"""The four offsets of a Place."""


def find_answer(text: str, declared: Container | None = None) -> list[Place]:
    """The places of the answer in one form, each content once, in their order; several must agree.

    Order: the declared container; then boxed, tag, heading, JSON field, prefix; else the whole text.
    """
    if declared and declared != "whole" and (places := _FINDERS[declared](text)):
        return places
    if declared != "whole":
        for find in _FINDERS.values():
            if places := find(text):
                return places
    return [Place("whole", 0, len(text), 0, len(text))]


def _boxes(text: str) -> list[Place]:
    """Every balanced box that lies in no other balanced box."""
    if "\\" not in text or ("\\boxed" not in text and "\\fbox" not in text):
        return []
    opened: list[tuple[int, int] | None] = []
    boxes: list[_Span] = []
    for mark in _BOX_OR_BRACE.finditer(text):
        kind = mark.lastindex
        if kind == 2:
            outer, outer_end = mark.span()
            boxes.append((mark.end(1), outer_end - 1, outer, outer_end))
        elif kind == 1:
            opened.append(mark.span(1))
        elif kind == 3:
            opened.append(None)
        elif kind == 4 and opened and (box := opened.pop()):
            outer, start = box
            while boxes and boxes[-1][2] > outer:
                boxes.pop()
            boxes.append((start, mark.start(), outer, mark.end()))
    return _distinct(text, "boxed", boxes)


def _distinct(text: str, container: Container, spans: list[_Span]) -> list[Place]:
    """The last place of each content, in their order; so many at most that more would make no difference.

    What holds no letter and no digit says nothing, if another place does.
    """
    if len(spans) > 1:
        distinct: dict[str, _Span] = {}
        for span in reversed(spans):
            content = text[span[0] : span[1]].strip()
            if content not in distinct and _LETTER_OR_DIGIT.search(content):
                distinct[content] = span
                if len(distinct) == _MOST_PLACES:
                    break
        spans = [*reversed(distinct.values())] or spans[-1:]
    return [Place(container, *span) for span in spans]


def _tags(text: str) -> list[Place]:
    """Every tag; one that the end of the text cuts off if no other is, for a stop sequence often is the closing tag."""
    end = text.rfind("<")
    if end < 0:
        return []
    start = text.find("<")
    if text.startswith("</answer>", end) and text.startswith("<answer>", start) and text.find("<", start + 1) == end:
        return [Place("tag", start + 8, end, start, end + 9)]  # the usual answer: no other mark in the text
    opened: re.Match[str] | None = None
    closed: list[_Span] = []
    for tag in _TAG.finditer(text):
        if not tag[1]:
            opened = tag
        elif opened and opened[2].lower() == tag[2].lower():
            closed.append((opened.end(), tag.start(), opened.start(), tag.end()))
            opened = None
    if opened and not closed:
        return [Place("tag", opened.end(), len(text), opened.start(), len(text))]
    return _distinct(text, "tag", closed)


def _headings(text: str) -> list[Place]:
    """The last `####` lines that are a number and nothing else: the same sign begins a Markdown heading."""
    if "####" not in text:
        return []
    return _distinct(
        text,
        "heading",
        [
            (*heading.span(1), *heading.span())
            for heading in _last_few(_HEADING.finditer(text))
            if len(line := heading[1].strip()) <= MAX_LENGTH and _is_mostly_number(line)
        ],
    )


def _is_mostly_number(line: str) -> bool:
    """A digit, and no word beside scale, unit and currency; a numbered heading ("1. Revenue") has more."""
    words = re.findall(r"[^\W\d_]+", line)
    return any(mark.isdigit() for mark in line) and len(words) <= 3 and not re.match(r"[0-9]+[.)]\s", line)


def _json_fields(text: str) -> list[Place]:
    """The fields of the first of the names that the text has."""
    if "{" not in text:
        return []
    fields: dict[str, list[_Span]] = {}
    outer = text.find("{"), text.rfind("}") + 1 or len(text)
    for field in _JSON_FIELD.finditer(text):
        fields.setdefault(field[1].lower(), []).append((*field.span(field.lastindex or 0), *outer))
    return next((_distinct(text, "json", fields[name]) for name in _JSON_NAMES if name in fields), [])


def _prefixes(text: str) -> list[Place]:
    """The last few "answer:" or "answer is" before a digit or a number word, each up to the end of its sentence."""
    if "nswer" not in text and "NSWER" not in text:
        return []
    places = []
    for prefix in _last_few(_PREFIX.finditer(text)):
        start = _BLANK.match(text, prefix.end()).end()  # type: ignore[union-attr]
        end = sentence_end(text, start)
        if _DIGIT.search(text, start, min(end, start + MAX_LENGTH)) or _SHORT_WORD.match(text, start, end):
            places.append((start, end, prefix.start(), end))
    return _distinct(text, "prefix", places)


def after_bullet(text: str, start: int) -> int:
    """Where the point of a list begins that has its bullet, a hyphen and a blank, at `start`; else `start`.

    Only at the start of a line: in a box "- 5" is a negative number, as "-5" and "− 5" are everywhere.
    """
    bullet = _BULLET.match(text, start)
    if bullet and not text[text.rfind("\n", 0, start) + 1 : start].strip():
        return bullet.end()
    return start


def sentence_end(text: str, start: int) -> int:
    """Where the sentence that begins at `start` ends: before its full stop, or at the end of the line."""
    line_end = text.find("\n", start)
    line_end = min(line_end if line_end >= 0 else len(text), start + _LONGEST_SENTENCE)
    for stop in SENTENCE_END.finditer(text, start, line_end):
        word = text[max(start, stop.start() - 8) : stop.start()].rpartition(" ")[2].lower().lstrip("(")
        if word not in _ABBREVIATIONS:
            return stop.start()
    return line_end


def _last_few(found: Iterator[re.Match[str]]) -> Iterable[re.Match[str]]:
    """The last matches, in their order."""
    return deque(found, maxlen=_LAST_FEW)


_FINDERS: dict[str, Callable[[str], list[Place]]] = {
    "boxed": _boxes,
    "tag": _tags,
    "heading": _headings,
    "json": _json_fields,
    "prefix": _prefixes,
}
