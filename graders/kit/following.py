"""Reads what follows a number: scale, unit and currency, as in "65.4 %", "5 million dollars", "5 (in millions)".

`graders.kit.numbers` finds the number; here a bounded number of words behind it is looked at.
"""

import re

from graders.kit.numerals import MAX_EXPONENT
from graders.kit.plain_text import SOFT
from graders.kit.quantity import Quantity
from graders.kit.quantity_words import (
    COINS,
    COUNTRIES,
    CURRENCY_SIGNS,
    CURRENCY_WORDS,
    EAST_ASIAN_SCALES,
    SCALES,
    UNITS,
    Unit,
    words,
)

BLANKS = " " + SOFT
_AFTER = re.compile(
    rf"(?:[{BLANKS}]{{0,3}}+-?)([%€£¥$₹₩₽₺₪円元원年月日¢]|zł|Kč|[A-Za-z]++\$?|[{''.join(EAST_ASIAN_SCALES)}]++)"
)
_ABBREVIATIONS = words("tsd mio mrd")
_COUNTRY_FIRST = frozenset(country.partition(" ")[0].partition(".")[0] for country in COUNTRIES)
_MONEY_NAMES = [name for name in CURRENCY_WORDS if name.isalpha() and name.upper() not in CURRENCY_WORDS.values()]
COUNTRYS_MONEY = rf"(?:{'|'.join(map(re.escape, COUNTRIES))})[ ](?:{'|'.join(_MONEY_NAMES)})\b"
"""Pattern of "canadian dollars"; what it finds is told apart by `countrys_currency`."""
_COUNTRYS_MONEY = re.compile(COUNTRYS_MONEY, re.IGNORECASE)
_NEXT_WORD = re.compile(r"[\s-]?(points?|cent)\b", re.IGNORECASE)
_SCALE = r"(thousand|million|billion|trillion)"
_MONEY = r"(?:(?:us|usd|eur|euros?|gbp|jpy|yen|u\.s\.|dollars?|us\$|\$|€|£|¥)[ ]?){0,3}"
_MONEY_WORD = re.compile("[a-z]+[$]?|[$€£¥]")
_SCALE_NOTE = re.compile(
    rf"[{BLANKS}]{{0,2}}+,?[ ]?(?:\((?:(?:expressed|amounts?|figures?)[ ])?(?:in[ ])?{_MONEY}{_SCALE}s?"
    rf"(?:[ ]of[ ]{_MONEY})?\)|in[ ]{_MONEY}{_SCALE}s\b)",
    re.IGNORECASE,
)


def read_following(text: str, quantity: Quantity, has_one_dollar: bool) -> str:
    """Gives `quantity` the scale, unit and currency behind it, in any order: "%", " million dollars", "百万円".

    Returns the next word, in lower case, that is none of these; "" where there is no word. `has_one_dollar`: two dollar
    signs are the delimiters of math mode, $65.4\\%$.
    """
    next_word = ""
    for _ in range(4):
        after = _AFTER.match(text, quantity.end)
        if after is None:
            break
        end = _taken(text, quantity, after, has_one_dollar)
        if end is None:
            next_word = after[1].lower()
            break
        quantity.end = end
    if (
        quantity.power is None
        and quantity.unit is None
        and text[quantity.end : quantity.end + 3].lstrip(" ,")[:1] in ("(", "i")
    ):
        _read_scale_note(text, quantity)
    if quantity.power is not None and quantity.power > MAX_EXPONENT:
        quantity.role = "unreadable"
    return next_word


def countrys_currency(money: str) -> str:
    """The ISO code of what `COUNTRYS_MONEY` found."""
    return COUNTRIES[money.rpartition(" ")[0].lower()]


def _taken(text: str, quantity: Quantity, after: re.Match[str], has_one_dollar: bool) -> int | None:
    """Gives a word to the number before it, if it belongs there; returns where it ends, None if it does not."""
    word = after[1]
    name = word.lower()
    if (scale := SCALES.get(name)) is not None:
        if len(name) == 1 and _is_name(text, quantity, after):
            quantity.role = "label"
        else:
            quantity.power = (quantity.power or 0) + scale
        end = after.end()
        return end + 1 if name in _ABBREVIATIONS and text[end : end + 1] == "." else end
    if (unit := UNITS.get(name)) is not None:
        return _with_unit(text, quantity, unit, after)
    if (coin := COINS.get(name)) is not None:
        quantity.power = (quantity.power or 0) + coin
        quantity.currency = quantity.currency or CURRENCY_WORDS.get(name)
        return after.end()
    if word[0] in EAST_ASIAN_SCALES:
        quantity.power = (quantity.power or 0) + sum(EAST_ASIAN_SCALES[mark] for mark in word)
        return after.end()
    if (currency := CURRENCY_SIGNS.get(word) or CURRENCY_WORDS.get(name)) is not None:
        if text[after.end() : after.end() + 1].isdigit():
            return None
        if currency != "$" or len(word) > 1 or has_one_dollar:
            quantity.currency = currency
        return after.end()
    return _with_two_words(text, quantity, name, after)


def _is_name(text: str, quantity: Quantity, after: re.Match[str]) -> bool:
    """3M is a company and 10-K a form; $3M is money."""
    start = quantity.start
    if after[0][0] == "-":
        return after[1].isupper()
    return after[0] == "M" and text[start : quantity.end] == "3" and text[start - 1 : start] not in CURRENCY_SIGNS


def _with_unit(text: str, quantity: Quantity, unit: Unit, after: re.Match[str]) -> int | None:
    end = after.end()
    if quantity.unit is not None:
        return None
    if unit == "multiple" and text[end : end + 2].strip(BLANKS)[:1].isdigit():
        return None  # "3 x 5" is a product
    quantity.unit = unit
    points = _NEXT_WORD.match(text, end) if unit == "percent" else None
    return points.end() if points and points[1].lower() != "cent" else end


def _with_two_words(text: str, quantity: Quantity, name: str, after: re.Match[str]) -> int | None:
    """Two-word units and "Canadian dollars"; else a number that letters touch is a name: 1st, 2Q19, 0x1F."""
    if name in _COUNTRY_FIRST and (money := _COUNTRYS_MONEY.match(text, after.start(1))):
        quantity.currency = countrys_currency(money[0])
        return money.end()
    if name in ("basis", "per") and (more := _NEXT_WORD.match(text, after.end())):
        is_percent = more[1].lower() == "cent"
        if is_percent == (name == "per"):
            quantity.unit = "percent" if is_percent else "bps"
            return more.end()
    is_attached = after.start(1) == quantity.end and quantity.is_bare and quantity.currency is None
    if is_attached and name.isascii() and text[quantity.end - 1].isdigit():
        quantity.role = "label"
    return None


def _read_scale_note(text: str, quantity: Quantity) -> None:
    if note := _SCALE_NOTE.match(text, quantity.end):
        quantity.power = SCALES[(note[1] or note[2]).lower()]
        quantity.end = note.end()
        if quantity.currency is None:
            names = [
                CURRENCY_WORDS.get(word) or CURRENCY_SIGNS.get(word) for word in _MONEY_WORD.findall(note[0].lower())
            ]
            quantity.currency = next((name for name in names if name), None)
