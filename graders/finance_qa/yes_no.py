"""Reads yes or no out of an answer: about one FinQA question in a hundred asks for it."""

import re
from typing import Literal, NamedTuple

from graders.finance_qa.spec import Spec
from graders.finance_qa.strict import MAX_WHOLE_TEXT
from graders.kit.answers import MAX_LENGTH, Place, find_answer

_WORD = re.compile(r"\b(yes|no)\b(?!\.?\s*[0-9])", re.IGNORECASE)
_LONGEST_PROSE = 1_000
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")


class YesOrNo(NamedTuple):
    """The word that was read, in lower case, and where it stands in the text; or the problem."""

    word: str
    span: tuple[int, int]
    has_extra_text: bool
    container: str
    problem: Literal["no_answer", "hedged"] | None = None
    why: str = ""


def read_yes_or_no(text: str, spec: Spec) -> YesOrNo:
    """The one word yes or no where the answer stands. Prose may begin with it and go on."""
    place = find_answer(text, spec.container)[-1]
    inside = text[place.start : place.end].strip()
    limit = MAX_WHOLE_TEXT if place.container == "whole" else MAX_LENGTH
    if len(inside) > limit and spec.mode == "strict":
        return _none(place, "no_answer", f"the answer is longer than {limit} characters")
    found = [*_WORD.finditer(text, place.start, min(place.end, place.start + _LONGEST_PROSE))]
    if not found:
        return _none(place, "no_answer", "neither yes nor no stands where the answer is")
    if len({match[1].lower() for match in found}) > 1 and spec.mode == "strict":
        return _none(place, "hedged", "it says both yes and no")
    first = found[0]
    rest = text[place.start : first.start()] + text[first.end() : place.end]
    return YesOrNo(first[1].lower(), first.span(), _LETTER_OR_DIGIT.search(rest) is not None, place.container)


def _none(place: Place, problem: Literal["no_answer", "hedged"], why: str) -> YesOrNo:
    return YesOrNo("", (0, 0), False, place.container, problem, why)
