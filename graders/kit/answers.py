r"""Finds where a model put its answer: `\boxed{}`, <answer> tags, a `####` line, a JSON field, "answer:". Never sees a
reference and never reads a number.

Every search is one pass over the text. Where a form may occur many times, only the last few are looked at.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from graders.kit.quantity_words import NUMBER_WORDS

Container = Literal["boxed", "tag", "heading", "json", "prefix", "whole"]

MAX_LENGTH = 160
"""Code points of an answer; what is longer is prose."""

_LAST_FEW = 16
_MOST_BOXES = 32
_LONGEST_SENTENCE = 1_000
_BOX_OR_BRACE = re.compile(r"(\\(?:boxed|fbox)\s?\{)|(\{)|(\})|\\.", re.DOTALL)
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
_BLANK = re.compile(r"\s*+")
_BULLET = re.compile(r"[ \t]*+- ")


@dataclass(slots=True)
class Place:
    """Where an answer stands: `text[start:end]`, and the markup around it: `text[outer_start:outer_end]`."""

    container: Container
    start: int
    end: int
    outer_start: int
    outer_end: int


def find_answer(text: str, declared: Container | None = None) -> list[Place]:
    """The places of the answer, the deciding one last: several only for boxes, of which all must agree.

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
    """Every balanced box that lies in no other balanced box, equal ones once."""
    if "\\" not in text or ("\\boxed" not in text and "\\fbox" not in text):
        return []
    opened: list[tuple[int, int] | None] = []
    boxes: list[tuple[int, int, int]] = []
    for mark in _BOX_OR_BRACE.finditer(text):
        kind = mark.lastindex
        if kind == 1:
            opened.append(mark.span())
        elif kind == 2:
            opened.append(None)
        elif kind == 3 and opened and (box := opened.pop()):
            while boxes and boxes[-1][0] > box[0]:
                boxes.pop()
            boxes.append((*box, mark.start()))
    return _distinct(text, boxes)


def _distinct(text: str, boxes: list[tuple[int, int, int]]) -> list[Place]:
    """The last box of each content, in their order; so many at most that more would make no difference."""
    places: dict[str, Place] = {}
    for outer_start, start, end in reversed(boxes):
        content = text[start:end]
        if content not in places:
            places[content] = Place("boxed", start, end, outer_start, end + 1)
            if len(places) == _MOST_BOXES:
                break
    return [*reversed(places.values())]


def _last_tag(text: str) -> list[Place]:
    """The last tag; one that the end of the text cuts off counts, for a stop sequence often is the closing tag."""
    end = text.rfind("<")
    if end < 0:
        return []
    start = text.rfind("<", 0, end)
    if text.startswith("</answer>", end) and text.startswith("<answer>", start):
        return [Place("tag", start + 8, end, start, end + 9)]  # the usual answer, and no mark after or within it
    opened: re.Match[str] | None = None
    last: Place | None = None
    for tag in _TAG.finditer(text):
        if not tag[1]:
            opened = tag
        elif opened and opened[2].lower() == tag[2].lower():
            last, opened = Place("tag", opened.end(), tag.start(), opened.start(), tag.end()), None
    if opened and last is None:
        last = Place("tag", opened.end(), len(text), opened.start(), len(text))
    return [last] if last else []


def _last_heading(text: str) -> list[Place]:
    """The last `####` line that is a number and nothing else: the same sign begins a Markdown heading."""
    if "####" not in text:
        return []
    for heading in _last_few(_HEADING.finditer(text)):
        line = heading[1].strip()
        if len(line) <= MAX_LENGTH and _is_mostly_number(line):
            return [Place("heading", *heading.span(1), *heading.span())]
    return []


def _is_mostly_number(line: str) -> bool:
    """A digit, and no word beside scale, unit and currency; a numbered heading ("1. Revenue") has more."""
    words = re.findall(r"[^\W\d_]+", line)
    return any(mark.isdigit() for mark in line) and len(words) <= 3 and not re.match(r"[0-9]+[.)]\s", line)


def _last_json_field(text: str) -> list[Place]:
    if "{" not in text:
        return []
    fields = {field[1].lower(): field for field in _JSON_FIELD.finditer(text)}
    for name in _JSON_NAMES:
        if field := fields.get(name):
            group = field.lastindex or 0
            return [Place("json", *field.span(group), text.find("{"), text.rfind("}") + 1 or len(text))]
    return []


def _last_prefix(text: str) -> list[Place]:
    """The last "answer:" or "answer is" that a digit or a word of number follows, up to the end of its sentence."""
    if "nswer" not in text and "NSWER" not in text:
        return []
    for prefix in _last_few(_PREFIX.finditer(text)):
        start = _BLANK.match(text, prefix.end()).end()  # type: ignore[union-attr]
        end = sentence_end(text, start)
        if _DIGIT.search(text, start, min(end, start + MAX_LENGTH)) or _SHORT_WORD.match(text, start, end):
            return [Place("prefix", start, end, prefix.start(), end)]
    return []


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


def _last_few(found: Iterator[re.Match[str]]) -> Iterator[re.Match[str]]:
    """The last matches, last first."""
    return reversed(deque(found, maxlen=_LAST_FEW))


_FINDERS: dict[str, Callable[[str], list[Place]]] = {
    "boxed": _boxes,
    "tag": _last_tag,
    "heading": _last_heading,
    "json": _last_json_field,
    "prefix": _last_prefix,
}
