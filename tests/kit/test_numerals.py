"""One number in the notations of the world, bounded."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.kit.numerals import MAX_DIGITS, numeral


@pytest.mark.parametrize(
    ("token", "number", "places"),
    [
        ("0", "0", 0),
        ("1577.00", "1577.00", 2),
        (".5", "0.5", 1),
        ("1,234,567.8", "1234567.8", 1),
        ("12,34,567", "1234567", 0),
        ("1 234 567", "1234567", 0),
        ("1'234'567", "1234567", 0),
        ("1.2345e3", "1234.5", 1),
        ("5e-2", "0.05", 2),
    ],
)
def test_english_notation(token: str, number: str, places: int) -> None:
    read = numeral(token)

    assert read is not None
    assert (read.number, read.places, read.is_foreign) == (Decimal(number), places, False)


@pytest.mark.parametrize(
    ("token", "number"),
    [("1.234,56", "1234.56"), ("1.234.567", "1234567"), ("12,5", "12.5"), ("0,654", "0.654"), ("1 234,5", "1234.5")],
)
def test_what_can_only_be_foreign_is_read_and_marked(token: str, number: str) -> None:
    read = numeral(token)

    assert read is not None
    assert (read.number, read.is_foreign) == (Decimal(number), True)


def test_the_locale_decides_what_could_be_either() -> None:
    english, german = numeral("1.234"), numeral("1.234", comma_is_decimal=True)

    assert english is not None
    assert german is not None
    assert (english.number, german.number) == (Decimal("1.234"), 1234)


@pytest.mark.parametrize("token", ["1,0001,000", "80,81,82", "9" * (MAX_DIGITS + 1), "1e31", "1e999999999", "1.2.3"])
def test_no_number_in_any_locale_or_beyond_the_caps(token: str) -> None:
    read = numeral(token)

    assert read is None


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**20, places=4))
def test_separators_change_nothing(number: Decimal) -> None:
    grouped, plain = numeral(f"{number:,}"), numeral(f"{number}")

    assert grouped == plain
    assert plain is not None
    assert plain.number == number
