"""The four tiers: how far a quantity is from the target, and which faults of form it has. Never sees the text."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from graders.finance_qa.policy import Config
from graders.finance_qa.target import Kind, Target
from graders.kit.numerals import EXACT
from graders.kit.quantity import Quantity, same_currency

Tier = Literal["accurate", "minor", "wrong"]
Fault = Literal[
    "percent_as_fraction", "bps", "multiple", "scale", "time", "sign", "currency", "fraction", "word", "separators",
    "container", "extra_text",
]  # fmt: skip
Cause = Literal[
    "equal", "rounds", "last_digit", "relative", "coarse", "near_zero", "far", "sign", "not_equal", "unit", "currency",
]  # fmt: skip


class Reading(Struct, gc=False):
    """What a quantity says in the unit and scale asked for; its last digit is worth 10 ** last_digit."""

    value: Decimal
    last_digit: int
    is_whole: bool
    """It has no digits after the point: zeros at its end may be the mark of rounding."""
    fault: Fault | None


class Comparison(Struct, gc=False):
    """The best reading of a quantity: its tier, the cause of that, and its faults of form."""

    tier: Tier
    cause: Cause
    reading: Reading | None
    faults: tuple[Fault, ...] = ()

    @property
    def rank(self) -> tuple[int, int]:
        return _RANKS[self.tier], -len(self.faults)


_RANKS: dict[Tier, int] = {"accurate": 2, "minor": 1, "wrong": 0}
_ONE = Decimal(1)
_HALF = Decimal("0.5")
_Shifts = tuple[tuple[int, Fault | None], ...]
# By kind of target, then by the unit an answer is written in: powers of ten that take it there, and their faults.
_UNIT_SHIFTS: dict[Kind, dict[str | None, _Shifts]] = {
    "percent": {
        "percent": ((0, None),),
        None: ((0, None), (2, "percent_as_fraction")),
        "bps": ((-2, "bps"),),
        "multiple": ((2, "multiple"),),
    },
    "bps": {
        "bps": ((0, None),),
        None: ((0, None), (4, "percent_as_fraction")),
        "percent": ((2, "bps"),),
        "multiple": ((4, "multiple"),),
    },
    "ratio": {
        None: ((0, None),),
        "multiple": ((0, "multiple"),),
        "percent": ((-2, "percent_as_fraction"),),
        "bps": ((-4, "bps"),),
    },
    "multiple": {
        None: ((0, None),),
        "multiple": ((0, None),),
        "percent": ((-2, "percent_as_fraction"),),
        "bps": ((-4, "bps"),),
    },
    # A bare reference under a silent spec may be a ratio, or a percentage whose sign was left out.
    "unstated": {
        None: ((0, None),),
        "multiple": ((0, None),),
        "percent": ((-2, "percent_as_fraction"), (0, "percent_as_fraction")),
        "bps": ((-4, "bps"), (0, "bps")),
    },
    "amount": {None: ((0, None),), "multiple": ((0, "multiple"),)},
}
_NO_SHIFT: _Shifts = ((0, None),)
# What a unit of time is made of, and of how many. No number of days makes a month.
_TIMES = {
    "second": ("second", Decimal(1)), "minute": ("second", Decimal(60)), "hour": ("second", Decimal(3_600)),
    "day": ("second", Decimal(86_400)), "week": ("second", Decimal(604_800)), "month": ("month", Decimal(1)),
    "quarter": ("month", Decimal(3)), "year": ("month", Decimal(12)),
}  # fmt: skip


def compare(quantity: Quantity, target: Target, config: Config) -> Comparison:
    """The best that `quantity` can be read as. Faults that `config` forgives are left out."""
    if quantity.rises and target.asks_for_fall:
        return Comparison("wrong", "sign", None)
    if is_written_alike(quantity, target.quantity):
        return Comparison("accurate", "equal", Reading(target.value, target.last_digit, False, None))
    conflict = _conflict(quantity, target) if quantity.currency else None
    if conflict == "unit" or (conflict and config.on_currency_conflict == "zero"):
        return Comparison("wrong", conflict, None)
    if target.quantity.time and _is_in_other_unit(quantity, target.quantity.time):
        return _compare_time(quantity, target)
    form = _form_faults(quantity, target, conflict)
    best: Comparison | None = None
    for reading in readings(quantity, target):
        fault = reading.fault
        found = _judge(
            quantity, reading, target, config, form if not fault or _is_forgiven(fault, config) else (fault, *form)
        )
        if found.tier == "accurate" and not found.faults:
            return found
        if best is None or found.rank > best.rank:
            best = found
    return best or Comparison("wrong", "unit", None)


def _is_in_other_unit(quantity: Quantity, time: str) -> bool:
    """Whether a number that should be in the unit `time` names another one."""
    return quantity.time != time and bool(quantity.time or quantity.unit or quantity.currency)


def _compare_time(quantity: Quantity, target: Target) -> Comparison:
    """36 months are 3 years in the wrong form; 36 of another unit, or of one that does not divide it, are wrong."""
    part, count = _TIMES.get(quantity.time or "", ("", Decimal(0)))
    part_asked, count_asked = _TIMES[target.quantity.time or ""]
    value, right = quantity.absolute(), target.quantity.absolute()
    if part == part_asked and EXACT.multiply(value, count) == EXACT.multiply(right, count_asked):
        return Comparison("accurate", "equal", Reading(target.value, target.last_digit, False, "time"), ("time",))
    return Comparison("wrong", "unit", None)


def is_written_alike(one: Quantity, other: Quantity) -> bool:
    """Whether both are the same number in the same form: an answer written like the reference has no fault."""
    return (
        one.number == other.number
        and one.places == other.places
        and one.power == other.power
        and one.unit == other.unit
        and one.currency == other.currency
        and one.time == other.time
        and one.form == other.form
    )


def readings(quantity: Quantity, target: Target) -> list[Reading]:
    """Every way to read `quantity` in the unit and scale of `target`; none if its unit cannot be had there."""
    number, places = quantity.number, quantity.places
    scale_shifts = _scale_shifts(quantity, target)
    found = []
    for unit_shift, unit_fault in _UNIT_SHIFTS[target.kind].get(quantity.unit, ()):
        for scale_shift, scale_fault in scale_shifts:
            shift = unit_shift + scale_shift
            value = EXACT.scaleb(number, shift) if shift else number
            found.append(Reading(value, shift - places, places <= 0, unit_fault or scale_fault))
    return found


def _scale_shifts(quantity: Quantity, target: Target) -> _Shifts:
    """Where no scale is asked for, any will do, and money without scale words is taken in the other's scale."""
    power, asked = quantity.power, target.scale
    if target.kind in ("percent", "bps"):
        return ((power, None),) if power else _NO_SHIFT
    if asked is not None:
        if power is not None:
            return ((power - asked, "scale" if power != asked else None),)
        return ((0, None), (-asked, "scale")) if asked else _NO_SHIFT
    given = target.quantity.power
    if given is not None and given < 0 and power is None and quantity.currency:
        return ((-given, None),)  # "$5" where 5 cents are right
    # Only money is quoted in a scale that goes without saying: 12 of something is not 12 million of it.
    is_free = target.spec.unit in (None, "currency") and not target.quantity.time
    if power is None:
        if not given:
            return _NO_SHIFT
        return ((0, None), (-given, None)) if is_free else ((-given, None),)
    if given is not None:
        return ((power - given, None),)
    return ((power, None), (0, None)) if is_free and power >= 0 else ((power, None),)


def _conflict(quantity: Quantity, target: Target) -> Literal["unit", "currency"] | None:
    if target.kind not in ("amount", "unstated") or target.spec.unit in ("count", "year"):
        return "unit"
    is_other = target.currency and quantity.currency and not same_currency(quantity.currency, target.currency)
    return "currency" if is_other else None


def _form_faults(quantity: Quantity, target: Target, conflict: Literal["currency"] | None) -> tuple[Fault, ...]:
    """The faults of how a number is written, whatever it is read as."""
    faults: tuple[Fault, ...] = (conflict,) if conflict else ()
    if quantity.form == "decimal":
        return faults
    if quantity.form == "fraction":
        return (*faults, "fraction") if target.asks_for_decimal else faults
    if quantity.form == "word":
        return (*faults, "word") if quantity.number else faults  # "none" is how zero is said
    return (*faults, "separators")


def _is_forgiven(fault: Fault, config: Config) -> bool:
    if fault == "percent_as_fraction":
        return config.percent_as_fraction == "accurate"
    return fault == "scale" and config.scale_variant == "accurate"


def _judge(
    quantity: Quantity, reading: Reading, target: Target, config: Config, faults: tuple[Fault, ...]
) -> Comparison:
    """The tier of one reading, of the other sign too where that may be meant."""
    tier, cause = tier_of(reading, target, config)
    if tier == "wrong" and _is_across_zero(reading.value, target) and target.sign != "signed":
        turned = Reading(-reading.value, reading.last_digit, reading.is_whole, reading.fault)
        turned_tier, turned_cause = tier_of(turned, target, config)
        if turned_tier != "wrong":
            is_natural = quantity.falls if target.value > 0 else target.sign == "magnitude"
            return Comparison(turned_tier, turned_cause, turned, faults if is_natural else (*faults, "sign"))
    return Comparison(tier, cause, reading, faults)


def _is_across_zero(value: Decimal, target: Target) -> bool:
    """Whether the target, shown or exact, has the other sign: if not, to turn the sign of `value` mends nothing."""
    is_negative = value < 0
    return is_negative != (target.value < 0) or (target.exact is not None and is_negative != (target.exact < 0))


def tier_of(reading: Reading, target: Target, config: Config) -> tuple[Tier, Cause]:
    """How far a reading is from the target; its form plays no part.

    Products instead of quotients, so that a reference of zero needs no care.
    """
    value, right = reading.value, target.value
    error = abs(EXACT.subtract(value, right))
    if not error or (target.exact is not None and value == target.exact):
        return "accurate", "equal"
    if target.is_exact:
        return "wrong", "not_equal"
    if not right:
        is_near = target.last_digit < 0 and abs(value) < EXACT.multiply(_HALF, _power(target.last_digit))
        return ("minor", "near_zero") if is_near else ("wrong", "far")
    if (value < 0) != (right < 0):
        return "wrong", "sign"
    if target.exact is None:
        return _tier_of_error(error, reading, abs(right), target.last_digit, target, config)
    error = abs(EXACT.subtract(value, target.exact))
    last_digit = min(target.last_digit, max(reading.last_digit, target.exact_last_digit))
    return _tier_of_error(error, reading, abs(target.exact), last_digit, target, config)


def _tier_of_error(
    error: Decimal, reading: Reading, right: Decimal, last_digit: int, target: Target, config: Config
) -> tuple[Tier, Cause]:
    """The tier of a value that is `error` away from `right`, whose last digit is worth 10 ** last_digit."""
    unit = _power(last_digit)
    if reading.last_digit <= target.last_digit and error <= EXACT.multiply(config.ulp_accurate, unit):
        return "accurate", "rounds"
    if error <= EXACT.multiply(config.ulp_minor, unit) and error <= EXACT.multiply(config.ulp_rel_cap, right):
        return "minor", "last_digit"
    if error <= EXACT.multiply(config.rel_minor, right):
        return "minor", "relative"
    if error <= EXACT.multiply(config.coarse_rel, right) and _is_coarse_rounding(error, reading, target):
        return "minor", "coarse"
    return "wrong", "far"


def _is_coarse_rounding(error: Decimal, reading: Reading, target: Target) -> bool:
    last_digit = reading.last_digit
    if reading.is_whole:
        last_digit = max(last_digit, int(reading.value.normalize(EXACT).as_tuple().exponent))
    return last_digit > target.last_digit and error <= EXACT.multiply(_HALF, _power(last_digit))


def _power(exponent: int) -> Decimal:
    return EXACT.scaleb(_ONE, exponent)
