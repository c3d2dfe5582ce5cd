"""Why a grade is what it is: the sentence for people and the details for an audit."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct
from typing_extensions import TypedDict

from graders.finance_qa.spec import Spec
from graders.finance_qa.target import Target
from graders.finance_qa.tiers import Cause, Comparison, Fault
from graders.finance_qa.values import Answer
from graders.kit.quantity import Quantity
from graders.kit.quantity_words import SCALE_NAMES


class Match(Struct, gc=False):
    """How one stated value fares against one target."""

    comparison: Comparison
    quantity: Quantity
    target: Target


class Side(TypedDict):
    """A quantity as it is written, before its scale (a power of ten) and unit are applied."""

    value: str
    unit: str | None
    scale: int | None
    currency: str | None


class Compared(TypedDict):
    """Both values in the unit and scale that are asked for; `read` is null where the answer cannot be had in them."""

    read: str | None
    expected: str
    cause: str
    faults: list[str]


class Details(TypedDict):
    """What an audit needs: where and how the answer was read, both sides as written, both as compared and why."""

    mode: str
    container: str
    read: list[Side]
    expected: list[Side]
    compared: list[Compared]


_SCALES = {power: name for name, power in SCALE_NAMES.items()}
_CAUSES: dict[Cause, str] = {
    "equal": "the same value",
    "rounds": "it rounds to that",
    "last_digit": "one unit in the last place off, or less",
    "relative": "a negligible fraction off",
    "coarse": "rounded correctly, but more coarsely",
    "near_zero": "it only rounds to zero",
    "far": "too far off",
    "sign": "it has the opposite sign",
    "not_equal": "only the exact value is right",
    "unit": "another unit",
    "currency": "another currency",
}
_FAULTS: dict[Fault, str] = {
    "percent_as_fraction": "a fraction stands for a percentage or the reverse",
    "bps": "basis points stand for a percentage or the reverse",
    "multiple": "it is given as a multiple",
    "scale": "it is in another scale than asked",
    "time": "it is in another unit of time",
    "sign": "it has the other sign",
    "currency": "it is in another currency",
    "fraction": "it is given as a fraction",
    "word": "it is given in words",
    "separators": "its separators are those of another language",
    "container": "it does not stand where it was asked for",
    "extra_text": "only the number was asked for",
}


def reason(said: str, match: Match) -> str:
    """One sentence: what was read, what was expected, why the tier.

    For example: Read '65.5%', expected '65.4%': one unit in the last place off, or less.
    """
    comparison, scale = match.comparison, match.target.scale
    asked = f" {_SCALES[scale]}" if scale and match.target.quantity.power is None else ""
    shown = comparison.faults if comparison.tier != "wrong" else ()
    faults = "".join([f", but {_FAULTS[fault]}" for fault in shown]) if shown else ""
    return f"Read {said!r}, expected {match.target.text!r}{asked}: {_CAUSES[comparison.cause]}{faults}."


def details(answer: Answer, matches: Sequence[Match], expected: Sequence[Target], spec: Spec) -> dict[str, object]:
    """`Details` of a grade; `read` and `compared` are empty where no value was read."""
    read, compared = [], []
    for match in matches:
        read.append(_side(match.quantity))
        compared.append(_compared(match))
    return {
        "mode": spec.mode,
        "container": answer.place.container,
        "read": read,
        "expected": [_side(target.quantity) for target in expected],
        "compared": compared,
    }


def details_of_word(spec: Spec, container: str) -> dict[str, object]:
    """`Details` where yes or no is asked for: there are no quantities."""
    return {"mode": spec.mode, "container": container, "read": [], "expected": [], "compared": []}


def _side(quantity: Quantity) -> Side:
    return {
        "value": _digits(quantity.number),
        "unit": quantity.unit,
        "scale": quantity.power,
        "currency": quantity.currency,
    }


def _compared(match: Match) -> Compared:
    reading, cause, faults = match.comparison.reading, match.comparison.cause, match.comparison.faults
    return {
        "read": _digits(reading.value) if reading else None,
        "expected": _digits(match.target.value),
        "cause": cause,
        "faults": list(faults),
    }


def _digits(number: Decimal) -> str:
    """Plain digits; a fraction such as 1/3 is cut to twelve."""
    digits = str(number)
    if len(digits) > 60:
        return f"{number:.12g}"
    return f"{number:f}" if "E" in digits else digits
