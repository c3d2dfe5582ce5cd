"""The digits of one number as a bounded Decimal: `numeral("1,234.50")`. Signs, units and scale words are not here."""

import re
from decimal import Context, Decimal

from msgspec import Struct

from graders.kit.quantity_words import words

MAX_DIGITS = 40
MAX_EXPONENT = 30

# Wide enough for a number of 40 digits times any power of ten that is allowed: sums and differences stay exact.
EXACT = Context(prec=200)

_LANGUAGES = "bg cs da de el es fi fr hr hu id is it nb nl no pl pt ro ru sk sl sr sv tr uk vi"
DECIMAL_COMMA = words(_LANGUAGES)
"""Languages that write 1.234,56. All others are read as 1,234.56."""

# Tokens are bounded before they come here, so the greedy repetitions below are bounded too.
_ENGLISH = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]++|)")
_INDIAN = re.compile(r"[0-9]{1,2}(?:,[0-9]{2})*,[0-9]{3}(?:\.[0-9]++|)")
_BLANKS = re.compile(r"[0-9]{1,3}(?:([ '])[0-9]{3})(?:\1[0-9]{3})*(?:\.[0-9]++|)")
_DECIMAL_COMMA = re.compile(r"[0-9]{1,3}(?:[. '][0-9]{3})*,[0-9]++|[0-9]{1,3}(?:\.[0-9]{3}){2,}")
_LONE_COMMA = re.compile(r"(?:[0-9]++,(?:[0-9]{1,2}|[0-9]{4,})|0,[0-9]++)")
_SWAPPED = str.maketrans(".,", ",.")


class Numeral(Struct, gc=False):
    """`number` as it is displayed, its last digit being worth 10 ** -places."""

    number: Decimal
    places: int
    is_foreign: bool
    """Its separators are those of another locale, but can mean nothing else: `1.234,56`."""


def numeral(token: str, comma_is_decimal: bool = False) -> Numeral | None:
    """The number that `token` shows; None for a grouping that no locale has, or beyond the caps.

    `token` is a run of 0-9 and separators, with an exponent or not. Linear in its length.

    >>> numeral("1,234.50")
    Numeral(number=Decimal('1234.50'), places=2, is_foreign=False)
    """
    if token.isdigit():
        return Numeral(Decimal(token), 0, False) if len(token) <= MAX_DIGITS else None
    mantissa, _, exponent = token.replace("E", "e").partition("e")
    if len(mantissa) > 2 * MAX_DIGITS or len(exponent) > 4:
        return None
    grouping = _grouping(mantissa.translate(_SWAPPED) if comma_is_decimal else mantissa)
    return _scaled(*grouping, int(exponent or 0)) if grouping else None


def _grouping(token: str) -> tuple[str, bool] | None:
    """Digits and "." only, and whether the separators are foreign."""
    whole, point, digits = token.partition(".")
    if (whole.isdigit() and (not point or digits.isdigit())) or (not whole and digits.isdigit()):
        return token, False
    if token[0] != "0" and (_ENGLISH.fullmatch(token) or _INDIAN.fullmatch(token)):
        return token.replace(",", ""), False
    if _BLANKS.fullmatch(token):
        return token.replace(" ", "").replace("'", ""), False
    if _LONE_COMMA.fullmatch(token) or (_DECIMAL_COMMA.fullmatch(token) and not _ENGLISH.fullmatch(token)):
        plain = token.replace(".", "").replace(" ", "").replace("'", "")
        return plain.replace(",", "."), True
    return None


def _scaled(digits: str, is_foreign: bool, exponent: int) -> Numeral | None:
    places = len(digits.partition(".")[2])
    if len(digits) > MAX_DIGITS + 1 or abs(exponent) > MAX_EXPONENT:
        return None
    number = EXACT.scaleb(Decimal(digits), exponent) if exponent else Decimal(digits)
    return Numeral(number, places - exponent, is_foreign)
