"""Reads yes or no out of an answer: about one FinQA question in a hundred asks for it."""

import re
from typing import Literal, NamedTuple

from graders.finance_qa.spec import Spec
from graders.finance_qa.strict import MAX_WHOLE_TEXT, places_of
from graders.kit.answers import MAX_LENGTH, Place

_WORD = re.compile(r"\b(yes|no)\b(?!\.?\s*[0-9])", re.IGNORECASE)
_LONGEST_PROSE = 1_000
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
# What takes the word back: before it "not", "isn't a", "never say"; after it "not really", "it isn't", "is wrong".
_NEAR = 40
_DENIED = re.compile(
    r"(?:\b(?:not|never|cannot|hardly|neither|nor|without)|n['’]t)(?:\s\w{1,12}){0,3}\s['\"“]?\Z", re.IGNORECASE
)
_IT = r"[,;.:\s]{1,3}(?:it|they|this|that|there|he|she)\s"
_IS = r"(?:is|was|are|were|does|did|do|has|have|had|will|would|can|could|should)"
_WRONG = r"\s(?:is|was|would\sbe)\s(?:wrong|incorrect|false|not)\b"
_TAKEN_BACK = {
    "yes": re.compile(
        rf"[,;.:\s]{{1,3}}not\b(?!\sonly\b)|{_IT}{_IS}(?:n['’]t|\snot)[\s.!]*+\Z|{_WRONG}", re.IGNORECASE
    ),
    "no": re.compile(rf"{_IT}{_IS}[\s.!]*+\Z|{_WRONG}", re.IGNORECASE),
}


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
    *others, place = places_of(text, spec)
    last = _read(text, place, spec)
    if last.problem is None and any(_read(text, other, spec).word != last.word for other in others):
        return _none(place, "hedged", f"it gives several answers ({place.container}) that differ")
    return last


def _read(text: str, place: Place, spec: Spec) -> YesOrNo:
    inside = text[place.start : place.end].strip()
    limit = MAX_WHOLE_TEXT if place.container == "whole" else MAX_LENGTH
    if len(inside) > limit and spec.mode == "strict":
        return _none(place, "no_answer", f"the answer is longer than {limit} characters")
    end = min(place.end, place.start + _LONGEST_PROSE)
    found = [*_WORD.finditer(text, place.start, end)]
    if not found:
        return _none(place, "no_answer", "neither yes nor no stands where the answer is")
    counting = found if spec.mode == "strict" else found[:1]
    if len({match[1].lower() for match in counting}) > 1:
        return _none(place, "hedged", "it says both yes and no")
    if any(_is_denied(text[place.start : end], match.start() - place.start, match[1]) for match in counting):
        return _none(place, "hedged", f"it takes its {found[0][1]!r} back")
    first = found[0]
    rest = text[place.start : first.start()] + text[first.end() : place.end]
    return YesOrNo(first[1].lower(), first.span(), _LETTER_OR_DIGIT.search(rest) is not None, place.container)


def _is_denied(inside: str, start: int, word: str) -> bool:
    """Whether the words around the `word` at `start` say that it is not the answer: "not yes", "yes, it isn't"."""
    if _DENIED.search(inside, max(0, start - _NEAR), start):
        return True
    return _TAKEN_BACK[word.lower()].match(inside, start + len(word)) is not None


def _none(place: Place, problem: Literal["no_answer", "hedged"], why: str) -> YesOrNo:
    return YesOrNo("", (0, 0), False, place.container, problem, why)
