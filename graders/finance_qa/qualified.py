"""Words next to a value that say it is not the value: a bound ("less than 5", "5 or more") or a denial ("not 5")."""

import re

from graders.kit.quantity import Quantity

# Code points before a value in which a word about it is looked for.
_NEAR = 48
_BEFORE = re.compile(
    r"(?=[AaBbCcEeFfGgHhIiLlMmNnOoRrTtUu<>≤≥√])"  # the first letters, looked at first, save a third of the time
    r"(?:\b(?i:not|never|cannot|isn't|less than|more than|greater than|fewer than|lower than|higher than|at least|"
    r"at most|up to|over|under|above|below|exceed(?:s|ed|ing)?|in excess of|half of|twice|"
    r"as (?:much|many|little|few) as|anything (?:but|except)|other than|instead of|rather than)"
    r"|[Nn]'[Tt]|[<>]=?|[≤≥√])"
    r"(?:\s(?i:or equal to|about|around|approximately|approx\.?|roughly|nearly|almost|some|be|been|have been)){0,3}"
    r"\s?[$€£]?\Z"
)
_AFTER = re.compile(
    r"\s?\+"
    r"|\s?,?\s?(?:or (?:more|less|higher|lower|fewer|above|below|over|under|greater)\b"
    r"|and (?:above|below|over|under|up)(?=[\s.,;)]*+\Z)|at (?:least|most)\b"
    r"|(?:is|was|would be) (?:wrong|incorrect|false|untrue|not)\b|(?:is|was)n't\b)",
    re.IGNORECASE,
)


def is_qualified(text: str, values: list[Quantity]) -> bool:
    """Whether the words next to one of `values`, which stand in `text`, say that it is not the value."""
    for value in values:
        if value.start > 0 and _BEFORE.search(text[max(0, value.start - _NEAR) : value.start]):
            return True
        if value.end < len(text) and _AFTER.match(text, value.end):
            return True
    return False
