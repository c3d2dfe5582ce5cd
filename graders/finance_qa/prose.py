"""Prose reading: picks the value that a free text concludes with. It prefers by cue and by type, so it can be played:
offline evaluation only."""

import re
from collections import deque
from collections.abc import Iterator
from itertools import islice, pairwise

from msgspec.structs import replace

from graders.finance_qa.beside import measure
from graders.finance_qa.notes import give_notes
from graders.finance_qa.spec import Spec
from graders.finance_qa.values import Answer, Values, is_hedge, joint, restates, stated_values
from graders.kit.answers import SENTENCE_END, Place, after_bullet, sentence_end
from graders.kit.plain_text import plain_text
from graders.kit.quantity import Quantity

# The first two letters, looked at first, save a quarter of the time; a set is slow where case is ignored.
_CONCLUSION = re.compile(
    r"(?=[CHIOSTchiost][EHNOVehnov])"
    r"\b(?i:therefore|thus|hence|consequently|in (?:conclusion|summary)|overall|so|the answer)\b"
)
_DIGIT = re.compile(r"\d")
_LIST_JOINT = re.compile(r"[\s,;|]*+")

# How far a conclusion is looked for from the end of a text, in code points, and in how many of its sentences.
_LONGEST_END = 20_000
_LONGEST_SEGMENT = 300
_MAX_SEGMENTS = 32
_LAST_CONCLUSIONS = 6
_SHORT = 80


def read_prose(text: str, place: Place, spec: Spec) -> Answer:
    """The value that the text at `place` gives; of a container the first, of a whole text the concluding one."""
    if place.container != "whole":
        return _read_segment(text, place, 0, spec)
    if len(text) <= _SHORT and "\n" not in text and ". " not in text:
        return _read_segment(text, place, None, spec)
    fallback: Answer | None = None
    for start, end in islice(_segments(text, max(0, len(text) - _LONGEST_END)), _MAX_SEGMENTS):
        answer = _read_segment(text, Place("whole", max(start, end - _LONGEST_SEGMENT), end, 0, len(text)), None, spec)
        if answer.is_quantity(spec):
            return answer
        if answer.values and fallback is None:
            fallback = answer
    return fallback or _read_segment(text, replace(place, start=max(0, len(text) - _LONGEST_SEGMENT)), 0, spec)


def _read_segment(text: str, place: Place, index: int | None, spec: Spec) -> Answer:
    """The value with that index in the text at `place`; None chooses."""
    start = after_bullet(text, place.start)
    if start != place.start:
        place = replace(place, start=start)
    plain = plain_text(text[start : min(place.end, start + _LONGEST_SEGMENT)])
    answer = Answer(place, plain)
    values = stated_values(plain.text, spec)
    if len(values) == 1:
        give_notes(plain.text, values, spec)
    if place.container == "json" and not measure(text, place, values):
        answer.problem, answer.why = "hedged", "what is said beside it contradicts it"
    elif not values:
        answer.problem, answer.why = "no_answer", "there is no number in it"
    elif len(values) == 1 and values[0].role != "unreadable":
        answer.values = [values]
    else:
        _choose_from(answer, values, _choose(plain.text, values, spec) if index is None else index, spec)
    return answer


def _segments(text: str, begin: int) -> Iterator[tuple[int, int]]:
    """Sentences and lines from `begin` on that hold a digit: those that conclude first, each kind from the end."""
    for cue in reversed(deque(_CONCLUSION.finditer(text, begin), maxlen=_LAST_CONCLUSIONS)):
        end = sentence_end(text, cue.start())
        if _has_digit(text, cue.start(), end):
            yield cue.start(), end
    line_end = len(text)
    while line_end >= begin:
        line_start = text.rfind("\n", begin, line_end) + 1 or begin
        yield from _sentences(text, line_start, line_end)
        line_end = line_start - 1


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The sentences of one line that hold a digit, the last first."""
    if not _has_digit(text, start, end):
        return
    stops = [start, *(stop.end() for stop in SENTENCE_END.finditer(text, start, end)), end]
    for place in range(len(stops) - 1, 0, -1):
        if _has_digit(text, stops[place - 1], stops[place]):
            yield stops[place - 1], stops[place]


def _has_digit(text: str, start: int, end: int) -> bool:
    return _DIGIT.search(text, start, end) is not None


def _choose(text: str, values: Values, spec: Spec) -> int:
    """The index of the value that a sentence gives: after its last "=", of the type asked for if any is."""
    equals = max(text.rfind("="), text.rfind("≈")) + 1
    after = [index for index, value in enumerate(values) if value.start >= equals]
    fitting = [index for index in after or range(len(values)) if _fits(values[index], spec)]
    if equals and after:
        return (fitting or after)[0]
    return (fitting or range(len(values)))[-1]


def _fits(value: Quantity, spec: Spec) -> bool:
    """Whether a quantity looks like what `spec` asks for."""
    if spec.unit in ("percent", "bps"):
        return value.unit in ("percent", "bps")
    if spec.scale or spec.unit == "currency":
        return value.unit is None and (value.currency is not None or value.power is not None)
    return spec.unit is None or (value.currency is None and value.power is None)


def _choose_from(answer: Answer, values: Values, index: int, spec: Spec) -> None:
    """Gives `answer` the value at `index` and its restatements beside it, or as a hedge."""
    text, chosen = answer.plain.text, values[index]
    if chosen.role == "unreadable":
        answer.problem, answer.why = "no_answer", "the number cannot be read"
        return
    group = [chosen]
    for one, other in pairwise(values):
        if other is chosen or one is chosen:
            if restates(text, one, other, spec):
                group.append(one if other is chosen else other)
            elif is_hedge(text, one, other):
                answer.problem, answer.why = "hedged", "it leaves the choice between several values"
    if _is_listed(text, values, index):
        answer.problem, answer.why = "hedged", "it lists several values"
    answer.values = [group]


def _is_listed(text: str, values: Values, index: int) -> bool:
    """Whether the value is one of three or more with nothing but commas and blanks between them."""
    first, last = max(0, index - 2), min(len(values) - 1, index + 2)
    joints = [bool(_LIST_JOINT.fullmatch(joint(text, *values[place : place + 2]))) for place in range(first, last)]
    return any(joints[place] and joints[place + 1] for place in range(len(joints) - 1))
