"""One number of a text with all that belongs to it: sign, scale, unit, currency, and what it is there for."""

import re
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from graders.kit.numerals import EXACT
from graders.kit.quantity_words import SHARED_SIGNS, Unit

Role = Literal["value", "year", "duration", "label", "unreadable"]
"""`year` and `duration` may still be an answer where nothing else is one; `label` is a name, `unreadable` no number."""
Form = Literal["decimal", "fraction", "word", "foreign"]
_YEAR = re.compile("(?:19|20)[0-9]{2}")


class Quantity(Struct, gc=False):
    """One number of a text with all that belongs to it; it stands at [start, end) of the text that was read."""

    number: Decimal
    """With its sign, before scale and unit are applied."""
    places: int
    """The last digit is worth 10 ** -places; negative after an exponent."""
    start: int
    end: int
    power: int | None = None
    """Power of ten of the scale words; None where there is none."""
    unit: Unit | None = None
    currency: str | None = None
    """ISO 4217, or "$" or "¥" where the sign stands alone."""
    time: str | None = None
    """Unit of time, from "second" to "year", of a number with no other unit."""
    form: Form = "decimal"
    role: Role = "value"
    falls: bool = False
    """Negative by words ("a decrease of 5") and not by a sign."""
    rises: bool = False
    """It has no sign, but words call it a rise ("an increase of 5")."""

    @property
    def is_bare(self) -> bool:
        return self.unit is None and self.power is None

    def absolute(self) -> Decimal:
        """The value with scale and unit applied: 5% is 0.05."""
        shift = (self.power or 0) - (2 if self.unit == "percent" else 4 if self.unit == "bps" else 0)
        return EXACT.scaleb(self.number, shift) if shift else self.number


def fraction(token: str, start: int, end: int) -> Quantity:
    """1/4; a date like 12/31/2019 or a fiscal year like 2018/19 is a label."""
    top, _, bottom = token.partition("/")
    if "/" in bottom or (_YEAR.fullmatch(top) and len(bottom) in (2, 4)):
        return Quantity(Decimal(0), 0, start, end, role="label")
    if max(len(top), len(bottom)) > 12 or not int(bottom):
        return Quantity(Decimal(0), 0, start, end, role="unreadable")
    # A fraction is as fine as any reference: its places lie beyond those of every numeral.
    return Quantity(EXACT.divide(Decimal(top), Decimal(bottom)), 100, start, end, form="fraction")


def same_currency(one: str, other: str) -> bool:
    """Whether two currencies can be the same: "$" is any dollar, "¥" yen or yuan."""
    return one == other or other in SHARED_SIGNS.get(one, ()) or one in SHARED_SIGNS.get(other, ())
