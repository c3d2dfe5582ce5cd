"""Where the final text of an output stands: behind the reasoning, inside its one code fence."""

import re

_OPENS, _CLOSES = "<think>", "</think>"
_FENCE = re.compile(r"```[A-Za-z0-9_+-]{0,20}[ \t]*\r?\n")


class UnterminatedReasoning(ValueError):
    """A `<think>` is never closed, so nothing of the text is known to be meant as the answer."""


def final_text(text: str) -> tuple[int, int]:
    """[start, end) of the final text: what follows the last `</think>`, without blanks and one code fence around it.

    Empty (start == end) where nothing follows. A text with a second fence keeps both. Linear in the text's length.

    Raises:
        UnterminatedReasoning: `<think>` opens behind the last `</think>`.
    """
    closed = text.rfind(_CLOSES)
    start = 0 if closed < 0 else closed + len(_CLOSES)
    if text.find(_OPENS, start) >= 0:
        raise UnterminatedReasoning
    start, end = _stripped(text, start, len(text))
    if not text.startswith("```", start):
        return start, end
    opening = _FENCE.match(text, start, end)
    if opening is None or not text.endswith("```", opening.end(), end) or text.find("```", opening.end(), end - 3) >= 0:
        return start, end
    return _stripped(text, opening.end(), end - 3)


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    left = len(part) - len(part.lstrip())
    return start + left, start + max(left, len(part.rstrip()))
