"""What the words around a number say of its scale and currency: "in billions: 5", "EUR: 5", "Revenue ($m): 5".

`graders.kit.following` reads what touches the number; this is for what stands apart from it.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from graders.finance_qa.spec import Spec
from graders.kit.following import COUNTRYS_MONEY, countrys_currency
from graders.kit.plain_text import SOFT
from graders.kit.quantity import Quantity
from graders.kit.quantity_words import (
    CURRENCY_LETTERS,
    CURRENCY_SIGNS,
    CURRENCY_WORDS,
    EAST_ASIAN_SCALES,
    SCALES,
    words,
)

_LONGEST = 40
_NOTE = re.compile(rf"(?=[(iI])(?:\(([^()\n]{{1,{_LONGEST}}}+)\)|\b[iI]n\b)")
_TOKEN = re.compile(
    rf"(?i:{COUNTRYS_MONEY})|[A-Za-z]{{0,2}}\$|[A-Za-z]++|[{''.join(EAST_ASIAN_SCALES)}]++|単位|[^\s{SOFT}]"
)
_LINKS = words(
    "in of the us all amount amounts figure figures value values expressed stated reported shown unit units currency"
    " 単位 : , /"
)
_SENTENCE_END = re.compile(r"[.!?]\s")
_UP_TO_THE_NUMBER = " \n:=" + SOFT
_BETWEEN = frozenset({"", "expressed", "stated", "reported", "shown"})
# "In EUR markets" names no currency of the number.
_AFTER_A_CURRENCY = words("for as at and or is was are were it this by per to on from during with which")
# Words before they are anything else; in capitals they are codes.
_COMMON_WORDS = words("won try rs all")
_HUNDREDS = words("hundred")


class Note(NamedTuple):
    """A scale (a power of ten) and a currency; None: nothing is said of it."""

    power: int | None
    currency: str | None


def give_notes(text: str, values: list[Quantity], spec: Spec) -> None:
    """Gives `values`, which stand in `text`, the scale and currency that notes beside them name.

    What a value says itself wins. Where `spec` asks for no amount of money, a note must touch the one value: "with both
    in millions, the ratio is 5".
    """
    if spec.unit not in (None, "currency") or not values or len(text) == values[0].end - values[0].start:
        return
    is_money = spec.scale is not None or spec.currency is not None or spec.unit is not None
    if len(values) > 1 and not is_money:
        return
    if not any(map(_lacks_a_note, values)):
        return
    for start, stop, note in _notes(text, values):
        for value in _meant(text, start, stop, values):
            if _lacks_a_note(value) and (is_money or _touches(text, start, stop, value)):
                _give(value, note)
    end = 0
    for value in values:
        if _lacks_a_note(value) and (label := _label_before(text, end, value.start)):
            _give(value, label)
        end = value.end


def _lacks_a_note(value: Quantity) -> bool:
    is_amount = value.role == "value" and value.unit is None and value.time is None
    return is_amount and (value.power is None or value.currency is None)


def _give(value: Quantity, note: Note) -> None:
    value.power = note.power if value.power is None else value.power
    value.currency = value.currency or note.currency


def _meant(text: str, start: int, stop: int, values: list[Quantity]) -> list[Quantity]:
    """The values of which a note at [start, stop) of `text` speaks: what follows in its sentence, else the last one."""
    after = [value for value in values if value.start >= stop and not _SENTENCE_END.search(text, stop, value.start)]
    before = [value for value in values if value.end <= start and not _SENTENCE_END.search(text, value.end, start)]
    return after or before[-1:]


def _touches(text: str, start: int, stop: int, value: Quantity) -> bool:
    between = text[stop : value.start] if stop <= value.start else text[value.end : start]
    return between.strip(" \n,:=" + SOFT) in _BETWEEN


def _notes(text: str, values: list[Quantity]) -> Iterator[tuple[int, int, Note]]:
    """The notes of `text` in parentheses or after "in" that belong to no value already, and where they stand."""
    for found in _NOTE.finditer(text):
        if any(value.start <= found.start() < value.end for value in values):
            continue
        stop = found.end()
        if found[1]:
            note = _read(_TOKEN.findall(found[1]), is_whole=True)
        else:
            tokens: list[str] = []
            for token in _TOKEN.finditer(text, stop, stop + _LONGEST):
                tokens.append(token[0])
                if not _is_measure(token[0]) and token[0].lower() not in _LINKS:
                    break
                stop = token.end()
            note = _read(tokens, is_whole=False)
        if note:
            yield found.start(), stop, note


def _label_before(text: str, begin: int, end: int) -> Note | None:
    """What the last words of `text[begin:end]` name: "EUR:", "USD billions", "$m:"."""
    label = text[max(begin, end - _LONGEST) : end].rstrip(_UP_TO_THE_NUMBER)
    last = label.rpartition(" ")[2].lower()
    if last.isalpha() and last not in SCALES and last not in CURRENCY_WORDS and last[-1] not in EAST_ASIAN_SCALES:
        return None  # nearly always; what follows would find as much
    tokens: list[str] = []
    for token in reversed(_TOKEN.findall(label)):
        if not _is_measure(token):
            if token.isdigit():
                return None  # "5 million: 1,577" has a number of its own
            break
        tokens.insert(0, token)
    else:
        if begin:
            return None
    return _read(tokens, is_whole=True)


def _is_measure(token: str) -> bool:
    name = token.lower()
    return name in SCALES or token[0] in EAST_ASIAN_SCALES or name == "of" or _currency(token) is not None


def _read(tokens: Iterable[str], is_whole: bool) -> Note | None:
    """The note that `tokens` begin with, or are: one scale, one currency, and the little words between."""
    power = currency = None
    is_sure = False
    for token in tokens:
        name = token.lower()
        if name in SCALES and name not in _HUNDREDS and power is None:
            power, is_sure = SCALES[name], is_sure or len(name) > 3 or name in ("bn", "mn")
        elif token[0] in EAST_ASIAN_SCALES and power is None:
            power, is_sure = sum(EAST_ASIAN_SCALES[mark] for mark in token), True
        elif (said := _currency(token)) and currency is None:
            currency, is_sure = said, True
        elif name not in _LINKS:
            if is_whole or (power is None and token.isalpha() and name not in _AFTER_A_CURRENCY):
                return None
            break
    return Note(power, currency) if is_sure else None


def _currency(token: str) -> str | None:
    name = token.lower()
    if " " in token:
        return countrys_currency(token)
    if token[-1] == "$":
        return CURRENCY_LETTERS.get(name[:-1], "$")
    if name in _COMMON_WORDS and not token.isupper():
        return None
    return CURRENCY_SIGNS.get(token) or CURRENCY_WORDS.get(name)
