"""Reads the quantities in a text: "$(5,759) thousand" is -5759, thousand, in dollars. Never sees a reference.

One pass over the numbers of the text; around each, a bounded number of characters and words is looked at. What is a
number but no quantity (a year, "Note 5", "10-K", a date) is returned too, with its role, so that a caller can tell
"94 or 2015" from "94 in 2015".
"""

import re
from decimal import Decimal

from graders.kit.numerals import EXACT, MAX_EXPONENT, numeral
from graders.kit.plain_text import SOFT
from graders.kit.quantity import Quantity, Role, fraction
from graders.kit.quantity_words import (
    COPULAS,
    CURRENCY_LETTERS,
    CURRENCY_SIGNS,
    CURRENCY_WORDS,
    DECIMAL_PLACES,
    EAST_ASIAN_SCALES,
    FALL,
    FALL_AFTER,
    FALL_BEFORE,
    FISCAL,
    LABELS,
    MONTHS,
    NEGATIVE,
    NUMBER_WORDS,
    SCALES,
    SPANS_OF_TIME,
    UNITS,
    Unit,
)

_BLANKS = " " + SOFT
# A run takes all digits and separators that touch, so that "1,0001,000" is one unreadable number and not three.
# The lookahead only saves time, two thirds of it: where it fails, no alternative is tried.
_TOKEN = re.compile(
    r"(?=[0-9.])(?:([0-9]++(?:/[0-9]++)++)(?![0-9.,])"
    r"|[0-9]{1,3}(?: [0-9]{3}(?![0-9]))++(?:[.,][0-9]++)?+"
    r"|(?:[0-9]++(?:[.,'][0-9]++)*+|\.[0-9]++)(?:[eE][-+]?+[0-9]++(?![A-Za-z0-9]))?+)"
)
# The usual answer: such a number needs no look around. (Its digits stay far below the caps.)
_ALONE = re.compile(
    r"(-?+)([$€£]?+)((?:[1-9][0-9]{0,2}+(?:,[0-9]{3}){1,6}+|[0-9]{1,18}+)(?:\.[0-9]{1,12}+)?+)"
    r"(?:(%)| (thousand|million|billion))?+"
)
_NUMBER_WORD = re.compile(rf"(?<![\w-])(?:{'|'.join(NUMBER_WORDS)})(?![\w-])", re.IGNORECASE)
_AFTER = re.compile(
    rf"(?:[{_BLANKS}]{{0,3}}+-?)([%€£¥$₹₩₽₺₪円元원年月日]|[A-Za-z]++\$?|[{''.join(EAST_ASIAN_SCALES)}]++)"
)
_NEXT_WORD = re.compile(r"[\s-]?(points?|cent)\b", re.IGNORECASE)
_POWER_OF_TEN = re.compile(rf"[{_BLANKS}]?[×x{SOFT}][{_BLANKS}]?10[ ]?\^[ ]?\(?([-+]?[0-9]{{1,3}})\)?")
_RAISED = re.compile(r"\^\(?(-?[0-9]{1,2})\)?(?![0-9.])")
_SCALE = r"(thousand|million|billion|trillion)"
_MONEY = r"(?:(?:us|usd|eur|euros?|gbp|jpy|yen|u\.s\.|dollars?|us\$|\$|€|£|¥)[ ]?){0,3}"
_SCALE_NOTE = re.compile(
    rf"[{_BLANKS}]{{0,2}}+,?[ ]?(?:\((?:(?:expressed|amounts?|figures?)[ ])?(?:in[ ])?{_MONEY}{_SCALE}s?"
    rf"(?:[ ]of[ ]{_MONEY})?\)|in[ ]{_MONEY}{_SCALE}s\b)",
    re.IGNORECASE,
)
_LETTERS_BEFORE = 4
_WORD_BEFORE = 14
_FALL_WINDOW = 60


def quantities(text: str, comma_is_decimal: bool = False) -> list[Quantity]:
    """The numbers of `text` (as `plain_text` leaves it) in their order. Linear in its length."""
    if not comma_is_decimal and (alone := _ALONE.fullmatch(text)):
        return [_number_alone(alone)]
    scanner = _Scanner(text, comma_is_decimal)
    found: list[Quantity] = []
    end = 0
    for token in _TOKEN.finditer(text):
        if token.start() >= end:
            quantity = scanner.read(token)
            end = quantity.end
            if not (found and _continues(text, found[-1], quantity)):
                found.append(quantity)
    return found


def _number_alone(found: re.Match[str]) -> Quantity:
    minus, sign, shown, percent, scale = found.groups()
    digits = minus + shown.replace(",", "")
    number = Decimal(digits)
    quantity = Quantity(number, len(digits.partition(".")[2]), 0, found.end())
    if percent:
        quantity.unit = "percent"
    elif sign:
        quantity.currency = CURRENCY_SIGNS[sign]
    if scale:
        quantity.power = SCALES[scale]
    elif len(digits) == 4 and found[0] == digits and digits.isdigit() and 1900 <= number <= 2099:
        quantity.role = "year"
    return quantity


def number_words(text: str) -> list[Quantity]:
    """The small numbers that `text` spells out, from zero to twelve, with scale and unit: "two million"."""
    scanner = _Scanner(text, False)
    return [scanner.read_word(found) for found in _NUMBER_WORD.finditer(text)]


def _continues(text: str, before: Quantity, after: Quantity) -> bool:
    """Whether `after` is the rest of the East Asian number that `before` begins, as in 1兆2,345億; it then joins it."""
    power = after.power or 0
    if before.end != after.start or text[before.end - 1] not in EAST_ASIAN_SCALES or after.role != "value":
        return False
    if before.power is None or before.power <= power:
        return False
    higher = EXACT.scaleb(before.number, before.power - power)
    before.number = EXACT.add(higher, after.number.copy_sign(before.number))
    before.places, before.power, before.end = after.places, power or None, after.end
    before.unit, before.currency = after.unit, before.currency or after.currency
    return True


class _Scanner:
    """What is known of one text while its numbers are read."""

    __slots__ = ("_falls", "comma_is_decimal", "has_lines", "has_one_dollar", "next_word", "text")

    def __init__(self, text: str, comma_is_decimal: bool) -> None:
        self.text = text
        self.comma_is_decimal = comma_is_decimal
        self._falls: bool | None = None
        self.has_one_dollar = text.count("$") == 1  # two are the delimiters of math mode: $65.4\%$
        self.has_lines = "\n" in text
        self.next_word = ""

    def read(self, token: re.Match[str]) -> Quantity:
        quantity = self._number(token)
        self._read_around(quantity, token.start())
        if quantity.role == "value" and token[0].isdigit() and quantity.is_bare and quantity.currency is None:
            quantity.role = self._role(quantity, token)
        return quantity

    def read_word(self, found: re.Match[str]) -> Quantity:
        start, end = found.span()
        quantity = Quantity(Decimal(NUMBER_WORDS[found[0].lower()]), 0, start, end, form="word")
        self._read_around(quantity, start)
        if self.next_word in SPANS_OF_TIME | DECIMAL_PLACES:
            quantity.role = "label"
        return quantity

    def _number(self, token: re.Match[str]) -> Quantity:
        start, end = token.span()
        if token[1]:
            return fraction(token[1], start, end)
        read = numeral(token[0], self.comma_is_decimal)
        if read is None:
            return Quantity(Decimal(0), 0, start, end, role="unreadable")
        quantity = Quantity(read.number, read.places, start, end, form="foreign" if read.is_foreign else "decimal")
        following = self.text[end : end + 2]
        if "^" in following or "×" in following or "x" in following or SOFT in following:
            self._read_power_of_ten(quantity, token[0])
        return quantity

    def _read_power_of_ten(self, quantity: Quantity, digits: str) -> None:
        if raised := _RAISED.match(self.text, quantity.end):
            quantity.end = raised.end()
            if digits != "10":
                quantity.role = "unreadable"
                return
            exponent, quantity.number = int(raised[1]), Decimal(1)
        elif times := _POWER_OF_TEN.match(self.text, quantity.end):
            quantity.end, exponent = times.end(), int(times[1])
        else:
            return
        if abs(exponent) > MAX_EXPONENT:
            quantity.role = "unreadable"
        else:
            quantity.number = EXACT.scaleb(quantity.number, exponent)
            quantity.places -= exponent

    def _read_around(self, quantity: Quantity, start: int) -> None:
        self._read_after(quantity)
        is_signed, parenthesis = self._read_before(quantity, start)
        if parenthesis is not None and self.text[quantity.end : quantity.end + 1] == ")":
            is_aside = self._is_aside(parenthesis)
            quantity.start, quantity.end = min(quantity.start, parenthesis), quantity.end + 1
            self._read_after(quantity)
            if not is_signed and not is_aside:
                quantity.number, is_signed = -quantity.number, True
        if not is_signed and self._is_fall(quantity):
            quantity.number, quantity.falls = -quantity.number, True

    # --- After the number ---

    def _read_after(self, quantity: Quantity) -> None:
        """Scale, unit and currency, in any order: "%", " million dollars", "百万円", " USD", " (in millions)"."""
        text = self.text
        self.next_word = ""
        for _ in range(4):
            after = _AFTER.match(text, quantity.end)
            if after is None:
                break
            end = self._takes(quantity, after[1], after)
            if end is None:
                self.next_word = after[1].lower()
                break
            quantity.end = end
        if quantity.power is None and text[quantity.end : quantity.end + 2].lstrip(" ,")[:1] in ("(", "i"):
            self._read_scale_note(quantity)
        if quantity.power is not None and quantity.power > MAX_EXPONENT:
            quantity.role = "unreadable"

    def _takes(self, quantity: Quantity, word: str, after: re.Match[str]) -> int | None:
        """Gives `word` to the number before it, if it belongs there; returns where it ends, None if it does not."""
        name = word.lower()
        if (scale := SCALES.get(name)) is not None:
            if len(name) == 1 and self._is_name(quantity, after):
                quantity.role = "label"
            else:
                quantity.power = (quantity.power or 0) + scale
            return after.end()
        if (unit := UNITS.get(name)) is not None:
            return self._takes_unit(quantity, unit, after)
        if word[0] in EAST_ASIAN_SCALES:
            quantity.power = (quantity.power or 0) + sum(EAST_ASIAN_SCALES[mark] for mark in word)
            return after.end()
        if (currency := CURRENCY_SIGNS.get(word) or CURRENCY_WORDS.get(name)) is not None:
            return self._takes_currency(quantity, currency, after)
        return self._takes_rest(quantity, name, after)

    def _is_name(self, quantity: Quantity, after: re.Match[str]) -> bool:
        """3M is a company and 10-K a form; $3M is money."""
        text, start = self.text, quantity.start
        if after[0][0] == "-":
            return after[1].isupper()
        return after[0] == "M" and text[start : quantity.end] == "3" and text[start - 1 : start] not in CURRENCY_SIGNS

    def _takes_unit(self, quantity: Quantity, unit: Unit, after: re.Match[str]) -> int | None:
        end = after.end()
        if quantity.unit is not None:
            return None
        if unit == "multiple" and self.text[end : end + 2].strip(_BLANKS)[:1].isdigit():
            return None  # "3 x 5" is a product
        quantity.unit = unit
        points = _NEXT_WORD.match(self.text, end) if unit == "percent" else None
        return points.end() if points and points[1].lower() != "cent" else end

    def _takes_currency(self, quantity: Quantity, currency: str, after: re.Match[str]) -> int | None:
        if self.text[after.end() : after.end() + 1].isdigit():
            return None
        if currency != "$" or len(after[1]) > 1 or self.has_one_dollar:
            quantity.currency = currency
        return after.end()

    def _takes_rest(self, quantity: Quantity, name: str, after: re.Match[str]) -> int | None:
        """Two-word units; else a number that letters touch is the name of something: 1st, 2Q19, 0x1F."""
        if name in ("basis", "per") and (more := _NEXT_WORD.match(self.text, after.end())):
            is_percent = more[1].lower() == "cent"
            if is_percent == (name == "per"):
                quantity.unit = "percent" if is_percent else "bps"
                return more.end()
        is_attached = after.start(1) == quantity.end and quantity.is_bare and quantity.currency is None
        if is_attached and name.isascii() and self.text[quantity.end - 1].isdigit():
            quantity.role = "label"
        return None

    def _read_scale_note(self, quantity: Quantity) -> None:
        if note := _SCALE_NOTE.match(self.text, quantity.end):
            quantity.power = SCALES[(note[1] or note[2]).lower()]
            quantity.end = note.end()

    # --- Before the number ---

    def _read_before(self, quantity: Quantity, start: int) -> tuple[bool, int | None]:
        """Currency and sign; returns whether a sign was there and where a parenthesis opens, if one does."""
        text, place, blanks = self.text, start, 0
        is_signed, parenthesis = False, None
        while place:
            mark = text[place - 1]
            if mark in _BLANKS:
                place, blanks = place - 1, blanks + 1
                if blanks > 2:
                    break
            elif mark in CURRENCY_SIGNS:
                place = self._currency_before(quantity, place - 1)
            elif mark == "(" and parenthesis is None:
                parenthesis = place = place - 1
            elif mark in "+-" and not is_signed and self._is_sign(place - 1, start):
                is_signed, place = True, place - 1
                quantity.number = -quantity.number if mark == "-" else quantity.number
                quantity.start = place
            elif mark.isascii() and (mark.isalpha() or mark in "._-"):
                is_signed |= self._word_before(quantity, place, is_attached=place == start)
                break
            else:
                break
        return is_signed, parenthesis

    def _currency_before(self, quantity: Quantity, place: int) -> int:
        """The currency sign at `place` with its letters, as in US$; returns where it begins."""
        text, sign = self.text, CURRENCY_SIGNS[self.text[place]]
        if sign == "$" and (quantity.unit is not None or text[quantity.end - 1] == "$"):
            quantity.start = place  # math mode
            return place
        begin = place
        while begin and place - begin < _LETTERS_BEFORE and (text[begin - 1].isalpha() or text[begin - 1] == "."):
            begin -= 1
        letters = text[begin:place].lower()
        known = CURRENCY_LETTERS.get(letters) if sign == "$" else None
        quantity.currency = known or sign
        quantity.start = begin if known else place
        return quantity.start

    def _is_sign(self, place: int, start: int) -> bool:
        """Whether "-" or "+" at `place` is the sign of the number and no operator, range or bullet."""
        text = self.text
        before = text[place - 1] if place else ""
        if text[place + 1] not in _BLANKS:
            return not (before.isalnum() or (before and before in ")%/±."))
        while place and text[place - 1] in _BLANKS:
            place -= 1
        before = text[place - 1] if place else ""
        return (not before and not self.has_lines) or (before != "" and before in "(=:≈$")

    def _word_before(self, quantity: Quantity, place: int, is_attached: bool) -> bool:
        """Currency code, label or "minus" before the number; returns whether it was a sign."""
        text, begin = self.text, place
        while begin and place - begin < _WORD_BEFORE and (text[begin - 1].isalpha() or text[begin - 1] in "-_"):
            begin -= 1
        word = text[begin:place].lower()
        if word in CURRENCY_WORDS:
            quantity.currency, quantity.start = quantity.currency or CURRENCY_WORDS[word], begin
        elif word in NEGATIVE:
            quantity.number, quantity.start = -quantity.number, begin
            return True
        elif is_attached and word.rstrip("-_") and quantity.currency is None and quantity.start == place:
            quantity.role = "year" if word in FISCAL else "label"
        return False

    def _is_aside(self, parenthesis: int) -> bool:
        """Whether the parenthesis is an aside, as in "5% (5%)" or "margin (5%)", and not an accountant's negative."""
        text = self.text
        before = parenthesis
        while before and text[before - 1] in _BLANKS:
            before -= 1
        mark = text[before - 1] if before else ""
        if not mark or mark in "\n=:≈|,(" or mark in CURRENCY_SIGNS:
            return False
        return self._lower_word(before) not in COPULAS and not self._falls_before(before + 1)

    def _is_fall(self, quantity: Quantity) -> bool:
        return self.next_word in FALL_AFTER or (quantity.start > 0 and self._falls_before(quantity.start))

    def _falls_before(self, place: int) -> bool:
        """Whether the words that end at `place` turn a number negative."""
        if self._falls is None:
            self._falls = FALL.search(self.text) is not None
        return self._falls and FALL_BEFORE.search(self.text[max(0, place - _FALL_WINDOW) : place]) is not None

    # --- Numbers that are no quantities ---

    def _role(self, quantity: Quantity, token: re.Match[str]) -> Role:
        """The role of a whole number without separators, unit, scale or currency."""
        text, (start, end) = self.text, token.span()
        before, number = self._lower_word(start), quantity.number
        if (end - start == 4 and 1900 <= number <= 2099 and not quantity.falls) or before in FISCAL:
            return "year"
        if self.next_word in SPANS_OF_TIME or self.next_word == "年":
            return "duration"
        if self._is_day(before) or before in LABELS or self.next_word in DECIMAL_PLACES:
            return "label"
        attached = text[start - 1] if start else "\n"
        if attached in "#§" or (attached == "[" and start > 1 and text[end : end + 1] == "]"):
            return "label"
        return "label" if attached == "\n" and self._is_marker(quantity) else "value"

    def _is_day(self, before: str) -> bool:
        return before in MONTHS or self.next_word in MONTHS or self.next_word in ("月", "日")

    def _is_marker(self, quantity: Quantity) -> bool:
        """Whether the number at the start of a line counts the points of a list: "1. Revenue of 5"."""
        following = self.text[quantity.end : quantity.end + 2]
        is_listed = following[:1] in (".", ")") and following[1:] in (" ", "\n") and quantity.number < 31
        return is_listed and _TOKEN.search(self.text, quantity.end) is not None

    def _lower_word(self, place: int) -> str:
        """The word that ends before `place`, without the blanks, "(" and "." between."""
        text = self.text
        while place and text[place - 1] in " (.#" + SOFT:
            place -= 1
        begin = place
        while begin and place - begin < _WORD_BEFORE and text[begin - 1].isalpha():
            begin -= 1
        return text[begin:place].lower()
