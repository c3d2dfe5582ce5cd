"""Which way a number goes by the words before and after it: "a decrease of about 5" and "5 lower" are -5."""

from typing import Literal

from graders.kit.quantity_words import words

FALL_AFTER = words("lower less decrease decline drop reduction fall loss below down plunge slump slide dip")
"""Follows a number that it turns negative: "5% lower"."""
FALL_ARROWS = "▼▽↓↘"
"""Before or after a number, they say that it is one of a fall."""
NEGATIVE_TRIANGLES = "△▲"
"""The minus of Japanese accounts; but "▲ 5%", with a blank, is the arrow of a rise."""

_FALL = words(
    "decrease decreases decreased decreasing decline declines declined declining drop drops dropped dropping fall falls"
    " fallen falling fell reduction reduced reduces down shrank shrink shrinks shrinking shrunk contracted contraction"
    " plunge plunges plunged plunging slump slumps slumped slumping tumble tumbles tumbled tumbling plummet plummets"
    " plummeted plummeting sank sink sinks sinking sunk slid slide slides sliding slip slips slipped slipping dip dips"
    " dipped dipping lost losing"
)
_LOSS = words("loss losses")
_FALLS = words("decrease decline drop fall")
_KINDS_OF_LOSS = words("net operating comprehensive pretax") | {""}
_NOT_OF_WHAT = words(
    "to from with at and or was is were has have had gives gave giving leads led leading leaves left leaving yields"
    " yielded means meant results resulted resulting"
)
_RISE = words(
    "increase increases increased increasing rise rises risen rising rose grow grows grown growing growth grew gain"
    " gains gained gaining up climb climbs climbed climbing soar soars soared soaring surge surges surged surging jump"
    " jumps jumped jumping ▲ ↑ ↗"
)
_OF = words("of by")
_IS = words("of was is")
_SOME = words("about approximately around roughly a an some")
_MARKS = '("*'
_NEAR = 60


def direction_before(text: str, place: int) -> Literal["fall", "rise"] | None:
    """What the words that end at `place` say of the number there: "lost 5", "a rise of about (5)"; not "fell to 5".

    Looks at a bounded number of characters.
    """
    before = text[max(0, place - _NEAR) : place].lower()
    shown = before.rstrip("( ~≈\n\x1f")
    if len(shown) == len(before):
        return "rise" if before and before[-1] in _RISE else None
    if shown[-1:] in (":", "="):
        return _of_label(shown[:-1])
    last = shown.rsplit(None, 5)[-5:]
    while last and last[-1] in _SOME:
        last.pop()
    link = last.pop() if last and (last[-1] in _OF or last[-1] in _IS) else ""
    word = last[-1].lstrip(_MARKS) if last else ""
    if word in _LOSS:
        return "fall" if link in _IS else None
    if link and link not in _OF:
        return None
    if link and word not in _FALL and " in " in shown:
        word = _change_in(shown.rpartition(link)[0].split()[-6:]) or word
    return "fall" if word in _FALL else "rise" if word in _RISE else None


def _of_label(label: str) -> Literal["fall"] | None:
    """What a heading says of the number behind it: "Decrease:", "Net loss:"; not "Increase or decrease:"."""
    before, word = ("", "", *label.split())[-2:]
    if before in ("or", "and", "/"):
        return None
    return "fall" if word in _FALLS or (word == "loss" and before in _KINDS_OF_LOSS) else None


def _change_in(last: list[str]) -> str:
    """The word before "in" where `last` is a change in a few words: "a decrease in net revenue"; else ""."""
    for place in range(len(last) - 2, 0, -1):
        if last[place] == "in":
            of_what = last[place + 1 :]
            return "" if any(word in _NOT_OF_WHAT or not word[-1].isalnum() for word in of_what) else last[place - 1]
    return ""
