"""The right answer as a number in the unit and scale that are asked for, with the worth of its last digit."""

import re
from decimal import Decimal
from functools import cached_property
from typing import Literal

from msgspec import Struct

from graders.finance_qa.notes import give_notes
from graders.finance_qa.qualified import is_qualified
from graders.finance_qa.spec import Spec
from graders.finance_qa.values import are_apart
from graders.kit.numbers import number_words, quantities
from graders.kit.numerals import EXACT
from graders.kit.plain_text import plain_text
from graders.kit.quantity import Quantity, same_currency
from graders.kit.quantity_words import SCALE_NAMES

Kind = Literal["percent", "bps", "ratio", "multiple", "amount", "unstated"]
"""`amount` counts or measures something (money, people, years); `unstated` is a bare number under a silent spec."""

EXACTLY = -1000
"""The last digit of a number that is known exactly."""

# "None" as a reference is a missing value written out (Python's str(None)), not a zero.
_NO_SPEC = Spec()
_NOTHING = re.compile(r"\b(?:none|nil)\b", re.IGNORECASE)
_WORDS_OF_A_YEAR = re.compile(r"\b(?:fiscal|calendar|years?|fy|cy|in|the)\b", re.IGNORECASE)
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_YES_OR_NO = re.compile(r"(yes|no)[\s.!]*+", re.IGNORECASE)
_FALL_ASKED = re.compile(
    r"\b(?:decreas|declin|drop|fall|fell|loss|lost|lose|reduc|lower|shr[aiu]nk|plung|slump|tumbl|plummet|sank|slid"
    r"|slipp|dip(?:s|ped)?\b)",
    re.IGNORECASE,
)
_CHANGE_ASKED = re.compile(
    r"\b(?:chang|increas|grow|grew|ris(?:e|ing)|rose|climb|soar|surg|jump|variation)", re.IGNORECASE
)
# Powers of ten from the unit a number is written in to the unit that is asked for.
_UNIT_SHIFTS: dict[Kind, dict[str | None, int]] = {
    "percent": {"percent": 0, "bps": -2, "multiple": 2, None: 0},
    "bps": {"percent": 2, "bps": 0, "multiple": 4, None: 0},
    "ratio": {"percent": -2, "bps": -4, "multiple": 0, None: 0},
    "multiple": {"percent": -2, "bps": -4, "multiple": 0, None: 0},
    "unstated": {None: 0},
    "amount": {None: 0, "multiple": 0},
}


class ReferenceFault(ValueError):
    """The item's own fields cannot hold together; `field` is where to look."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


class Reference(Struct, gc=False):
    """One reference as it is read: a quantity, or else the word yes or no."""

    text: str
    quantity: Quantity | None
    word: str | None


class Target(Struct, dict=True):
    """What an answer is compared with. `value` and `exact` are in the unit and scale that are asked for."""

    text: str
    """The reference as the item has it."""
    quantity: Quantity
    spec: Spec
    question: str | None
    kind: Kind
    value: Decimal
    last_digit: int
    """The last digit that counts is worth 10 ** last_digit: the reference's, or that of the decimals asked for."""
    scale: int | None
    """Power of ten that is asked for; None: any."""
    currency: str | None
    exact: Decimal | None
    """The value before it was rounded for display, where it is known."""
    exact_last_digit: int

    @property
    def is_exact(self) -> bool:
        """Whether only an equal number will do."""
        return self.spec.precision == "exact" or self.spec.unit in ("count", "year")

    @property
    def asks_for_decimal(self) -> bool:
        return self.spec.unit is not None or self.spec.decimals is not None

    @property
    def sign(self) -> Literal["signed", "fall", "magnitude"]:
        """`fall`: the question asks for a decrease, which is given as -5 or as 5."""
        if self.spec.sign != "auto":
            return self.spec.sign
        return "fall" if self.asks_for_fall else "signed"

    @cached_property
    def asks_for_fall(self) -> bool:
        """Whether the question asks for a decrease and no other change. Costly, so only found on request."""
        question = self.question or ""
        return _FALL_ASKED.search(question) is not None and not _CHANGE_ASKED.search(question)


def read_reference(text: str, comma_is_decimal: bool = False) -> Reference:
    """`text` as the one value that it states.

    Raises:
        ValueError: there is no number in it, or there are several that differ.
    """
    if text[:1].isalpha() and (found := _YES_OR_NO.fullmatch(text)):
        return Reference(text, None, found[1].lower())
    plain = plain_text(text).text
    numbers = quantities(plain, comma_is_decimal)
    if len(numbers) == 1 and numbers[0].role in ("value", "duration"):
        give_notes(plain, numbers, _NO_SPEC)
        _refuse_bound(text, plain, numbers)
        return Reference(text, numbers[0], None)
    values = (
        [number for number in numbers if number.role == "value"]
        or [number for number in numbers if number.role in ("year", "duration")]
        or ([] if _NOTHING.search(plain) else number_words(plain))
    )
    if not values or any(value.role == "unreadable" for value in values):
        raise ValueError(f"no number in {text[:80]!r}: write one in digits, or yes or no")
    give_notes(plain, values, _NO_SPEC)
    _refuse_bound(text, plain, values)
    first = values[0]
    if any(
        (value.number != first.number and value.absolute() != first.absolute()) or are_apart(first, value)
        for value in values[1:]
    ):
        raise ValueError(f"several numbers in {text[:80]!r}: give one, or use `references` or `reference_set`")
    if first.role == "year" and _LETTER_OR_DIGIT.search(
        _WORDS_OF_A_YEAR.sub("", plain[: first.start]) + _WORDS_OF_A_YEAR.sub("", plain[first.end :])
    ):
        raise ValueError(f"{text[:80]!r} is a date or a period, of which only the year would be compared")
    return Reference(text, first, None)


def _refuse_bound(text: str, plain: str, values: list[Quantity]) -> None:
    if len(plain) > values[0].end - values[0].start and is_qualified(plain, values):
        raise ValueError(f"{text[:80]!r} is a bound or a denial: give the value itself")


def target_of(text: str, quantity: Quantity, spec: Spec, question: str | None, exact: Decimal | None) -> Target:
    """The reference `quantity`, written as `text`, as what `spec` asks for.

    Raises:
        ReferenceFault: it cannot be that, or `exact` is another number.
    """
    kind = _kind(quantity, spec)
    scale = SCALE_NAMES[spec.scale] if spec.scale else None
    shift = _shift(quantity, kind, scale)
    value = EXACT.scaleb(quantity.number, shift) if shift else quantity.number
    last_digit = shift - _significant_places(quantity, spec)
    if spec.decimals is not None:
        last_digit = max(last_digit, -spec.decimals)
    before_rounding = _exact(exact, value, last_digit, kind) if exact is not None else (None, 0)
    currency = _currency(quantity, spec)
    return Target(text, quantity, spec, question, kind, value, last_digit, scale, currency, *before_rounding)


def _kind(quantity: Quantity, spec: Spec) -> Kind:
    kind: Kind
    if spec.unit in ("percent", "bps", "ratio", "multiple"):
        kind = spec.unit
    elif spec.unit or spec.scale or spec.currency or quantity.currency or quantity.power:
        kind = "amount"
    else:
        kind = quantity.unit or "unstated"
    if quantity.unit not in _UNIT_SHIFTS[kind]:
        raise ReferenceFault("reference", f"the reference is in {quantity.unit}, the spec asks for {_asked(spec)}")
    if kind != "amount" and quantity.currency:
        raise ReferenceFault("reference", f"the reference is in {quantity.currency}, the spec asks for {_asked(spec)}")
    return kind


def _asked(spec: Spec) -> str:
    return ", ".join(str(part) for part in (spec.unit, spec.scale, spec.currency) if part) or "no unit"


def _shift(quantity: Quantity, kind: Kind, scale: int | None) -> int:
    """Power of ten from the reference as it is written to the unit and scale asked for."""
    power = quantity.power
    if kind == "amount":
        return power - scale if power is not None and scale is not None else 0
    if kind == "percent" and quantity.is_bare and quantity.places > 2 and abs(quantity.number) < 1:
        return 2  # 0.019 for a percentage is 1.9 %, as data sets store it; 0.72 is a small percentage without its sign.
    return _UNIT_SHIFTS[kind][quantity.unit] + (power or 0)


def _significant_places(quantity: Quantity, spec: Spec) -> int:
    """Places of the reference, without the cents that a currency format adds to "$1577.00" millions."""
    if quantity.form == "fraction":
        return 4 if spec.decimals is None else spec.decimals
    is_padded = spec.scale is not None and quantity.places > 0 and (quantity.currency or spec.unit == "currency")
    if not is_padded:
        return quantity.places
    return max(0, -int(quantity.number.normalize(EXACT).as_tuple().exponent))


def _currency(quantity: Quantity, spec: Spec) -> str | None:
    if spec.currency and quantity.currency and not same_currency(spec.currency, quantity.currency):
        raise ReferenceFault("reference", f"the reference is in {quantity.currency}, the spec asks for {spec.currency}")
    return spec.currency or quantity.currency


def _exact(exact: Decimal, value: Decimal, last_digit: int, kind: Kind) -> tuple[Decimal, int]:
    """`exact` in the unit of `value`, and the worth of its last digit: a fraction serves a percentage too.

    A whole number is exact; digits after the point were themselves rounded (FinQA's `exe_ans` has five).
    """
    places = -int(exact.normalize(EXACT).as_tuple().exponent)
    for shift in (0, 2, 4) if kind in ("percent", "unstated", "bps") else (0,):
        read = EXACT.scaleb(exact, shift)
        error = abs(EXACT.subtract(read, value))
        if error <= EXACT.scaleb(Decimal(1), last_digit) or error * 100 <= abs(value):
            return read, shift - places if places > 0 else EXACTLY
    raise ReferenceFault("reference_exact", f"{exact} does not round to the reference, {value}: one of them is wrong")
