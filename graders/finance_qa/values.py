"""The values that a stretch of text states, and whether two of them are one value said twice, or a hedge."""

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from graders.finance_qa.spec import Spec
from graders.kit.answers import Place
from graders.kit.numbers import number_words, quantities
from graders.kit.numerals import EXACT
from graders.kit.plain_text import SOFT, PlainText
from graders.kit.quantity import Quantity, same_currency
from graders.kit.quantity_words import SCALE_NAMES, words

Values = list[Quantity]

# The first letters, looked at first, halve the time.
_OR = re.compile(r"(?=[aoあま又])(?:\b(?:or|alternatively)\b|または|又は|あるいは)", re.IGNORECASE)
_JOINED = re.compile(r"(?=[oatb-])(?:\b(?:or|alternatively|to|through|between)\b|-\s)", re.IGNORECASE)
_RANGE = re.compile(
    rf"[\s{SOFT}]*+(?:[-~/^×+…]|±|\+\s?/\s?-|to\b|through\b|plus or minus\b)[\s{SOFT}$€£]*+", re.IGNORECASE
)
_SAID_AGAIN = re.compile(r"[=≈~(:]|\b(?:round|approx|about|i\.e|that is|equivalent)", re.IGNORECASE)
_BETWEEN = re.compile(r"\bbetween\b[^.\n]{0,20}\Z", re.IGNORECASE)
_AND = re.compile(r"\s(?:and|&)\s[$€£]?\Z", re.IGNORECASE)
# What joins a value to a number that may be a year: "1577 to 2019", but not "2019 - 1577", a heading.
_TO_A_YEAR = re.compile(rf"[\s{SOFT}]*+(?:[-~/…]|to\b)[\s{SOFT}]*+", re.IGNORECASE)
_FROM_A_YEAR = re.compile(rf"[\s{SOFT}]++to\s[\s{SOFT}]*+|-", re.IGNORECASE)
_MAYBE = re.compile(r"\b(?:maybe|perhaps|possibly)\s\Z", re.IGNORECASE)
_TO = re.compile(r"\s(?:to|through)\s[$€£]?", re.IGNORECASE)
_COLON = re.compile(r"\s?:\s?")
_MARKS = " \n" + SOFT
_VALUE_OR_YEAR = ("value", "year")
_LONGEST_JOINT = 40
_WORD = re.compile(r"[^\W\d_]+")
_FILLERS = words("the answer final is was it about approximately roughly or and to between either")
_HALF = Decimal("0.5")


class Answer(Struct, gc=False):
    """What was read: per value, the quantities that state it. `problem` says why there is none."""

    place: Place
    plain: PlainText
    """The text at `place`, in which the quantities stand."""
    values: list[Values] = []
    problem: Literal["no_answer", "hedged"] | None = None
    why: str = ""

    def is_quantity(self, spec: Spec) -> bool:
        """Whether it is more than a year or a duration that stands alone; a hedge is."""
        return bool(self.values) and (self.values[0][0].role == "value" or spec.unit == "year")

    def span(self, quantity: Quantity) -> tuple[int, int]:
        """[start, end) of `quantity` in the whole text."""
        start, end = self.plain.span(quantity.start, quantity.end)
        return self.place.start + start, self.place.start + end


def stated_values(text: str, spec: Spec) -> Values:
    """The quantities of `text` that can be an answer; numbers that name something only after or before an "or"."""
    numbers = quantities(text, spec.comma_is_decimal)
    if len(numbers) > 1 and spec.unit in (None, "ratio", "multiple"):
        numbers = _ratios_to_one(text, numbers, spec)
    if numbers and spec.mode == "strict" and len(text) > numbers[0].end - numbers[0].start and _JOINED.search(text):
        numbers = _with_spelled_choices(text, numbers)
    if len(numbers) == 1:
        return numbers if numbers[0].role != "label" else []
    if spec.unit == "year" and (years := [number for number in numbers if number.role == "year"]):
        # Strictly, another number beside the year is another answer.
        return [number for number in numbers if number.role in ("year", "value")] if spec.mode == "strict" else years
    values = [number for number in numbers if number.role in ("value", "unreadable")]
    if not values:
        values = [number for number in numbers if number.role in ("year", "duration")]
    if not numbers:
        return _spelled_out(text)
    if len(values) < len(numbers) and _OR.search(text):
        return [
            number
            for place, number in enumerate(numbers)
            if number.role in ("value", "unreadable") or _is_choice(text, numbers, place)
        ]
    if 0 < len(values) < len(numbers) and values[0].role == "value":
        ends = {number.start for pair in pairwise(numbers) if _ends_in_a_year(text, *pair) for number in pair}
        if ends:
            return [number for number in numbers if number.start in ends or number.role in ("value", "unreadable")]
    return values


def _ratios_to_one(text: str, numbers: Values, spec: Spec) -> Values:
    """`numbers`, in which "1.5 to 1" and "1.5:1" are one number."""
    found = numbers[:1]
    for number in numbers[1:]:
        if _is_one_after_ratio(text, found[-1], number, spec):
            found[-1].end = number.end
            if spec.unit is None:
                found[-1].unit = "multiple"
        else:
            found.append(number)
    return found


def _is_one_after_ratio(text: str, one: Quantity, other: Quantity, spec: Spec) -> bool:
    is_one = other.number == 1 and other.places == 0 and other.is_bare and other.form == "decimal"
    if not is_one or one.role != "value" or one.currency or other.currency or one.unit not in (None, "multiple"):
        return False
    between = joint(text, one, other)
    return between == ":" or (spec.unit is not None and between.strip() in (":", "to"))


def _ends_in_a_year(text: str, one: Quantity, other: Quantity) -> bool:
    """Whether a bare value and what looks like a year are the ends of a range: "1577-2019", "1577, maybe 2019"."""
    if one.role == other.role or not (one.role in _VALUE_OR_YEAR and other.role in _VALUE_OR_YEAR):
        return False
    value, between = one if one.role == "value" else other, joint(text, one, other)
    if _MAYBE.search(between):
        return True
    if not value.is_bare or value.currency:
        return False
    if _is_between(text, one, between):
        return True
    if one is value:
        return _TO_A_YEAR.fullmatch(between) is not None
    # "It rose in 2019 to 1577" has a date.
    return not text[: one.start].strip(_MARKS) and _FROM_A_YEAR.fullmatch(between) is not None


def _with_spelled_choices(text: str, numbers: Values) -> Values:
    """`numbers`, and among them those spelled out that "or", "to" or "between" joins to a neighbour."""
    spelled = number_words(text)
    if not spelled:
        return numbers
    every = sorted([*numbers, *spelled], key=lambda number: number.start)
    return [
        number
        for place, number in enumerate(every)
        if number.form != "word"
        or _is_choice(text, every, place)
        or (number.role != "label" and any(is_hedge(text, *pair) for pair in _neighbours(every, place)))
    ]


def _neighbours(numbers: Values, place: int) -> Iterator[tuple[Quantity, Quantity]]:
    """The number at `place` with the one before it, and with the one after it."""
    return pairwise(numbers[max(0, place - 1) : place + 2])


def _spelled_out(text: str) -> Values:
    """The small numbers that `text` spells out, if it says little else: "none of this helps" is no zero."""
    values = number_words(text)
    if any(value.role == "unreadable" for value in values):
        return []
    end, rest = 0, []
    for value in values:
        rest.append(text[end : value.start])
        end = value.end
    words = _WORD.findall(" ".join([*rest, text[end:]]))
    return values if all(word.lower() in _FILLERS for word in words) else []


def _is_choice(text: str, numbers: Values, place: int) -> bool:
    """Whether "or" joins the number at `place` to the one before or after it."""
    return any(_OR.search(joint(text, one, other)) for one, other in _neighbours(numbers, place))


def joint(text: str, one: Quantity, other: Quantity) -> str:
    """What stands between two quantities, shortened."""
    return text[max(one.end, other.start - _LONGEST_JOINT) : other.start]


def restates(text: str, one: Quantity, other: Quantity, spec: Spec) -> bool:
    """Whether `other`, which follows `one`, says the same again: "5% (5%)", "0.65 or 65%", "3.457 ≈ 3.46"."""
    between = joint(text, one, other)
    if is_range(between):
        return False
    if agree(one, other, spec):
        return True
    if are_apart(one, other) or _COLON.fullmatch(between) or _OR.search(between) or not _SAID_AGAIN.search(between):
        return False
    difference = abs(EXACT.subtract(one.absolute(), other.absolute()))
    coarser = max(_last_digit(one), _last_digit(other))
    return difference <= EXACT.multiply(_HALF, EXACT.scaleb(Decimal(1), coarser))


def agree(one: Quantity, other: Quantity, spec: Spec) -> bool:
    """Whether two quantities are one value: as they are, or a bare one in the unit or scale that is asked for.

    Not "5% (5)" where no unit is asked for, nor "$5 (€5)" or "5 days (5 years)": those hold two answers.
    """
    if are_apart(one, other):
        return False
    if one.absolute() == other.absolute():
        return True
    return one.is_bare != other.is_bare and _as_asked(one, spec) == _as_asked(other, spec)


def are_apart(one: Quantity, other: Quantity) -> bool:
    """Whether two quantities cannot be one value, whatever their numbers are."""
    if "unreadable" in (one.role, other.role) or (one.time and other.time and one.time != other.time):
        return True
    return bool(one.currency and other.currency and not same_currency(one.currency, other.currency))


def _as_asked(quantity: Quantity, spec: Spec) -> Decimal:
    if not quantity.is_bare:
        return quantity.absolute()
    power = SCALE_NAMES[spec.scale] if spec.scale else {"percent": -2, "bps": -4}.get(spec.unit or "", 0)
    return EXACT.scaleb(quantity.number, power)


def _last_digit(quantity: Quantity) -> int:
    shift = (quantity.power or 0) - (2 if quantity.unit == "percent" else 4 if quantity.unit == "bps" else 0)
    return shift - quantity.places


def is_range(between: str) -> bool:
    """Whether what stands between two numbers makes one expression of them: "90-100", "94 ± 5", "9**9"."""
    return _RANGE.fullmatch(between) is not None or (between != "" and not between.strip(SOFT))


def is_hedge(text: str, one: Quantity, other: Quantity) -> bool:
    """Whether two neighbours that differ leave the choice to the reader: "A or B", "A to B", "between A and B"."""
    between = joint(text, one, other)
    if is_range(between) or _OR.search(between):
        return True
    return _is_between(text, one, between)


def _is_between(text: str, one: Quantity, between: str) -> bool:
    """Whether `between`, which follows `one`, and the words before it are those of "between A and B"."""
    return _AND.search(between) is not None and _BETWEEN.search(text[max(0, one.start - 30) : one.start]) is not None


def leaves_a_choice(text: str, groups: list[Values]) -> bool:
    """Whether words leave the choice between values that all are asked for: "3 or 2", "2 to 3", "between 2 and 3"."""
    if len(groups) < 2:
        return False
    values = sorted((value for group in groups for value in group), key=lambda value: value.start)
    group_of = {id(value): place for place, group in enumerate(groups) for value in group}
    return any(
        group_of[id(one)] != group_of[id(other)]
        and (
            _OR.search(between := joint(text, one, other)) is not None
            or _TO.fullmatch(between) is not None
            or _is_between(text, one, between)
        )
        for one, other in pairwise(values)
    )


def grouped(text: str, values: Values, spec: Spec) -> list[Values]:
    """`values` in their order, each with those that restate it."""
    if len(values) == 1:
        return [values]
    groups: list[Values] = []
    for value in values:
        for group in groups:
            if all(restates(text, member, value, spec) for member in group):
                group.append(value)
                break
        else:
            groups.append([value])
    return groups
