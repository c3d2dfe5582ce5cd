"""Reads the quantities in a text: "$(5,759) thousand" is -5759, thousand, in dollars. Never sees a reference.

One pass over the numbers of the text; around each, a bounded number of characters and words is looked at. What is a
number but no quantity (a year, "Note 5", "10-K", a date) is returned too, with its role, so that a caller can tell
"94 or 2015" from "94 in 2015".
"""

import re
from decimal import Decimal

from graders.kit.direction import FALL_AFTER, FALL_ARROWS, NEGATIVE_TRIANGLES, direction_before
from graders.kit.following import BLANKS, read_following
from graders.kit.numerals import EXACT, MAX_EXPONENT, numeral
from graders.kit.plain_text import SOFT
from graders.kit.quantity import Quantity, Role, fraction
from graders.kit.quantity_words import (
    COPULAS,
    COUNTRIES,
    CURRENCY_LETTERS,
    CURRENCY_SIGNS,
    CURRENCY_WORDS,
    DECIMAL_PLACES,
    EAST_ASIAN_SCALES,
    FISCAL,
    LABELS,
    MONTHS,
    NEGATIVE,
    NUMBER_WORDS,
    SCALES,
    SHARED_SIGNS,
    SPANS_OF_TIME,
    TIMES,
    UNREAD_NUMBER_WORDS,
    YEN_LETTERS,
)

# A run takes all digits and separators that touch, so that "1,0001,000" is one unreadable number and not three.
# The lookahead only saves time, two thirds of it: where it fails, no alternative is tried.
# "|(?!)", which never matches, makes Python before 3.11.5 give back what a possessive group has begun and cannot end:
# the comma of "94, for" (cpython issue 106052). Atomic groups would take memory for each repetition.
_TOKEN = re.compile(
    r"(?=[0-9.])(?:([0-9]++(?:/[0-9]++|(?!))++)(?![.,]?[0-9])"
    r"|((?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}([-.])[0-9]{1,2}\3(?:19|20)[0-9]{2})(?![0-9])"
    r"|[0-9]{1,3}(?: [0-9]{3}(?![0-9])|(?!))++(?:[.,][0-9]++|)"
    r"|(?:[0-9]++(?:[.,'][0-9]++|(?!))*+|\.[0-9]++)(?:[eE][-+]?+[0-9]++(?![A-Za-z0-9])|))"
)
# The usual answer: such a number needs no look around. (Its digits stay far below the caps.)
_ALONE = re.compile(
    r"(-?+)([$€£]?+)((?:[1-9][0-9]{0,2}+(?:,[0-9]{3}){1,6}|[0-9]{1,18}+)(?:\.[0-9]{1,12}+|))"
    r"(?:(%)| (thousand|million|billion)|)"
)
_NUMBER_WORD = re.compile(
    rf"(?<![\w-])(?:(?:{'|'.join(NUMBER_WORDS)})(?![\w-])|(?:{'|'.join(sorted(UNREAD_NUMBER_WORDS))})(?:-[a-z]++)?(?!\w)"
    r"|an?\s(?:hundred|thousand|million|billion|trillion)(?!\w))",
    re.IGNORECASE,
)
_POWER_OF_TEN = re.compile(rf"[{BLANKS}]?[×x{SOFT}][{BLANKS}]?10[ ]?\^[ ]?\(?([-+]?[0-9]{{1,3}})\)?")
_RAISED = re.compile(r"\^\(?(-?[0-9]{1,2})\)?(?![0-9.])")
_CLOSING = re.compile(rf"[{BLANKS}]{{0,2}}+\)")
_RADIX = re.compile(r"[xX][0-9A-Fa-f]*+|[bBoO][0-9]++")
_FALL_ARROW = re.compile(rf"[{BLANKS}]?[{FALL_ARROWS}](?![{BLANKS}$€£(]{{0,2}}+[0-9])")
# "The change was - 94"; but "Answer - 94" is a heading.
_BEFORE_A_SIGN = COPULAS - {"answer"}
# "5% down"; "margin of 5%, down from 6%" says where it fell to.
_DOWN = re.compile(rf"[{BLANKS}]{{1,3}}+down(?!\w|[{BLANKS}-]{{1,2}}+(?:from|to|payment))", re.IGNORECASE)
_LETTERS_BEFORE = 4
_COUNTRY_BEFORE = re.compile(rf"(?<![a-z])({'|'.join(map(re.escape, COUNTRIES))})[ ]$", re.IGNORECASE)
_COUNTRY_MOST = 1 + max(map(len, COUNTRIES)) + 1
_WORD_BEFORE = 14


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
    """The numbers that `text` spells out, with scale and unit: "two million". Above twelve they are unreadable."""
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

    __slots__ = ("comma_is_decimal", "has_lines", "has_one_dollar", "is_ascii", "next_word", "text")

    def __init__(self, text: str, comma_is_decimal: bool) -> None:
        self.text = text
        self.comma_is_decimal = comma_is_decimal
        self.has_one_dollar = text.count("$") == 1  # two are the delimiters of math mode: $65.4\%$
        self.has_lines = "\n" in text
        self.is_ascii = text.isascii()
        self.next_word = ""

    def read(self, token: re.Match[str]) -> Quantity:
        quantity = self._number(token)
        self._read_around(quantity, token.start())
        if self.next_word and quantity.unit is None and quantity.currency is None:
            quantity.time = TIMES.get(self.next_word)
        if quantity.role == "value" and token[0].isdigit() and quantity.is_bare and quantity.currency is None:
            quantity.role = self._role(quantity, token)
        return quantity

    def read_word(self, found: re.Match[str]) -> Quantity:
        number = NUMBER_WORDS.get(found[0].lower())
        quantity = Quantity(Decimal(number or 0), 0, *found.span(), form="word")
        self._read_around(quantity, found.start())
        if number is None:
            quantity.role = "unreadable"
        if self.next_word in SPANS_OF_TIME | DECIMAL_PLACES:
            quantity.role = "label"
        return quantity

    def _number(self, token: re.Match[str]) -> Quantity:
        start, end = token.span()
        if token[1]:
            return fraction(token[1], start, end)
        if token[2]:
            return Quantity(Decimal(0), 0, start, end, role="label")
        if token[0] == "0" and (radix := _RADIX.match(self.text, end)):
            return Quantity(Decimal(0), 0, start, radix.end(), role="unreadable")
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
        self.next_word = read_following(self.text, quantity, self.has_one_dollar)
        is_signed, parenthesis = self._read_before(quantity, start)
        if parenthesis is not None and (closing := _CLOSING.match(self.text, quantity.end)):
            is_aside = self._is_aside(parenthesis)
            quantity.start, quantity.end = min(quantity.start, parenthesis), closing.end()
            self.next_word = read_following(self.text, quantity, self.has_one_dollar)
            if not is_signed and not is_aside:
                quantity.number, is_signed = -quantity.number, True
        if not is_signed:
            self._read_direction(quantity)

    # --- Before the number ---

    def _read_before(self, quantity: Quantity, start: int) -> tuple[bool, int | None]:
        """Currency and sign; returns whether a sign was there and where a parenthesis opens, if one does."""
        text, place, blanks = self.text, start, 0
        is_signed, parenthesis, has_word = False, None, False
        while place:
            mark = text[place - 1]
            if mark in BLANKS:
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
                word = self._word_before(place)
                if (code := word.lstrip("-")) not in CURRENCY_WORDS or has_word:
                    is_signed |= self._read_word(quantity, word, place, is_attached=place == start)
                    break
                quantity.currency = quantity.currency or CURRENCY_WORDS[code]
                quantity.start = place = self._country_before(quantity, place - len(code))
                blanks, has_word = 0, True
            elif not is_signed and self._is_sign_of_fall(place - 1):
                is_signed, place = True, place - 1
                quantity.number, quantity.falls, quantity.start = -quantity.number, mark in FALL_ARROWS, place
            else:
                break
        return is_signed, parenthesis

    def _country_before(self, quantity: Quantity, place: int) -> int:
        """The country whose money the word at `place` is, as in "Canadian dollars 5"; returns where the two begin."""
        country = _COUNTRY_BEFORE.search(self.text[max(0, place - _COUNTRY_MOST) : place])
        # A code says itself whose it is: "paid in the US EUR 5 million".
        if country is None or self.text[place : place + 3].upper() == quantity.currency:
            return place
        quantity.currency = COUNTRIES[country[1].lower()]
        return place - len(country[0])

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
        known = CURRENCY_LETTERS.get(letters) if sign == "$" else YEN_LETTERS.get(letters) if sign == "¥" else None
        if quantity.currency not in SHARED_SIGNS.get(sign, ()):  # "$5 CAD" says which dollars
            quantity.currency = sign
        quantity.currency = known or quantity.currency
        quantity.start = begin if known else place
        return quantity.start

    def _is_sign(self, place: int, start: int) -> bool:
        """Whether "-" or "+" at `place` is the sign of the number and no operator, range or bullet."""
        text = self.text
        before = text[place - 1] if place else ""
        if text[place + 1] not in BLANKS:
            return not (before.isalnum() or (before and before in ")%/±."))
        while place and text[place - 1] in BLANKS:
            place -= 1
        before = text[place - 1] if place else ""
        if not before:
            return not self.has_lines
        return before in "(=:≈$" or (before.isalpha() and self._lower_word(place) in _BEFORE_A_SIGN)

    def _is_sign_of_fall(self, place: int) -> bool:
        """Whether an arrow downwards or a negative triangle is at `place`; the black one touches its number."""
        mark = self.text[place]
        return mark in FALL_ARROWS or (
            mark in NEGATIVE_TRIANGLES and (mark == "△" or self.text[place + 1] not in BLANKS)
        )

    def _word_before(self, place: int) -> str:
        """The word that ends at `place`, with its hyphens."""
        text, begin = self.text, place
        while begin and place - begin < _WORD_BEFORE and (text[begin - 1].isalpha() or text[begin - 1] in "-_"):
            begin -= 1
        return text[begin:place].lower()

    def _read_word(self, quantity: Quantity, word: str, place: int, is_attached: bool) -> bool:
        """Label or "minus" before the number, ending at `place`; returns whether it was a sign."""
        if word in NEGATIVE:
            quantity.number, quantity.start = -quantity.number, place - len(word)
            return True
        if is_attached and word in FISCAL:
            quantity.role = "year"
        elif is_attached and word.rstrip("-_") and quantity.currency is None and quantity.start == place:
            quantity.role = "label"
        return False

    def _is_aside(self, parenthesis: int) -> bool:
        """Whether the parenthesis is an aside, as in "5% (5%)" or "margin (5%)", and not an accountant's negative."""
        text = self.text
        before = parenthesis
        while before and text[before - 1] in BLANKS:
            before -= 1
        mark = text[before - 1] if before else ""
        if not mark or mark in "\n=:≈|,(":
            return False
        word = mark if mark in CURRENCY_SIGNS else self._lower_word(before)
        if word in CURRENCY_SIGNS or word in CURRENCY_WORDS:
            # In "5 USD (5)" the currency is that of another number, in "$(5)" of this one.
            begin = before - len(word)
            return before < parenthesis and text[max(0, begin - 3) : begin].rstrip(BLANKS)[-1:].isdigit()
        return word not in COPULAS and direction_before(text, before + 1) != "fall"

    def _read_direction(self, quantity: Quantity) -> None:
        before = direction_before(self.text, quantity.start) if quantity.start else None
        is_arrow_after = not self.is_ascii and _FALL_ARROW.match(self.text, quantity.end) is not None
        if before == "fall" or is_arrow_after or (self.next_word in FALL_AFTER and self._falls_after(quantity)):
            quantity.number, quantity.falls = -quantity.number, True
        else:
            quantity.rises = before == "rise"

    def _falls_after(self, quantity: Quantity) -> bool:
        return self.next_word != "down" or _DOWN.match(self.text, quantity.end) is not None

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
