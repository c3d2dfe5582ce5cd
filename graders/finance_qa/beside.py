"""What a JSON object says beside its answer: `{"answer": 1.577, "unit": "USD billion"}` is 1.577 billion dollars."""

import re

from msgspec import Struct

from graders.finance_qa.values import Values
from graders.kit.answers import Place
from graders.kit.plain_text import plain_text
from graders.kit.quantity import Quantity, same_currency
from graders.kit.quantity_words import (
    CURRENCY_SIGNS,
    CURRENCY_WORDS,
    EAST_ASIAN_SCALES,
    SCALES,
    TIMES,
    UNITS,
    Unit,
)

NAMES = ("unit", "units", "scale", "currency")
"""Fields that say something of the answer beside them; what is no known unit, scale or currency says nothing."""

_FIELD = re.compile(
    rf'"(?:{"|".join(NAMES)})"\s{{0,9}}+:\s{{0,9}}+(?:"((?:[^"\\\n]|\\.){{1,60}}+)"|([0-9]{{1,16}}+))', re.IGNORECASE
)
_WORD = re.compile(rf"[{''.join(EAST_ASIAN_SCALES)}]+|[%{''.join(CURRENCY_SIGNS)}]|[A-Za-z]+|[0-9][0-9,]*+")
_POWERS = {"1": 0, "1000": 3, "1000000": 6, "1000000000": 9, "1000000000000": 12, "ones": 0}
_NEAR = 500
"""Code points on either side of an answer in which its object is looked for."""


class Measure(Struct, gc=False):
    """A scale (a power of ten), unit, currency and unit of time; None: nothing is said of it."""

    power: int | None = None
    unit: Unit | None = None
    currency: str | None = None
    time: str | None = None


def measure(text: str, place: Place, values: Values) -> bool:
    """Gives `values`, which stand at `place`, what is said beside them; False where it contradicts what they say."""
    begin = max(text.rfind("{", 0, place.start), place.start - _NEAR)
    end = text.find("}", place.end, place.end + _NEAR)
    around = (text[begin : place.start], text[place.end : end if end >= 0 else place.end + _NEAR])
    said = [_read(field[1] or field[2]) for part in around for field in _FIELD.finditer(part)]
    return all(_is_given(value, one) for one in said for value in values)


def _read(words: str) -> Measure:
    """The measure that the words of one field name, in any order: "USD (in millions)", "percent", "百万円"."""
    found = Measure()
    plain = plain_text(words).text.lower().replace("basis point", "bps ").replace("per cent", "percent")
    for word in _WORD.findall(plain):
        if (power := _power(word)) is not None:
            found.power = (found.power or 0) + power
        elif word in UNITS:
            found.unit = UNITS[word]
        elif word in CURRENCY_SIGNS or word in CURRENCY_WORDS:
            found.currency = CURRENCY_SIGNS.get(word) or CURRENCY_WORDS[word]
        elif word in TIMES:
            found.time = TIMES[word]
    return found


def _power(word: str) -> int | None:
    if word[0] in EAST_ASIAN_SCALES:
        return sum(EAST_ASIAN_SCALES[mark] for mark in word)
    return SCALES.get(word, _POWERS.get(word.replace(",", "")))


def _is_given(value: Quantity, said: Measure) -> bool:
    """Gives `value` what it does not say itself; whether both agree on the rest."""
    is_same = (
        (value.power is None or said.power is None or value.power == said.power)
        and (value.unit is None or said.unit is None or value.unit == said.unit)
        and (value.time is None or said.time is None or value.time == said.time)
        and (value.currency is None or said.currency is None or same_currency(value.currency, said.currency))
    )
    value.power = said.power if value.power is None else value.power
    value.unit = value.unit or said.unit
    value.currency = value.currency or said.currency
    value.time = value.time or said.time
    return is_same
