"""Quantities are read with all that belongs to them; what is only a number in name keeps its role."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.kit.numbers import number_words, quantities
from graders.kit.plain_text import plain_text
from graders.kit.quantity import Quantity


def read(text: str) -> list[Quantity]:
    return quantities(plain_text(text).text)


def one(text: str) -> Quantity:
    (quantity,) = read(text)
    return quantity


@pytest.mark.parametrize(
    ("text", "number", "power", "unit", "currency"),
    [
        ("1577", "1577", None, None, None),
        ("65.4 %", "65.4", None, "percent", None),
        ("65.4 per cent", "65.4", None, "percent", None),
        ("1.2 percentage points", "1.2", None, "percent", None),
        ("6,540 bps", "6540", None, "bps", None),
        ("12 basis points", "12", None, "bps", None),
        ("3.2x", "3.2", None, "multiple", None),
        ("3.2 times", "3.2", None, "multiple", None),
        ("$1,577 million", "1577", 6, None, "$"),
        ("$1.577B", "1.577", 9, None, "$"),
        ("5.2MM", "5.2", 6, None, None),
        ("2 hundred million", "2", 8, None, None),
        ("2.5 crore", "2.5", 7, None, None),
        ("1,577 (in millions)", "1577", 6, None, None),
        ("1,577(in millions)", "1577", 6, None, None),
        ("1,577 in millions of dollars", "1577", 6, None, None),
        ("US$5.5m", "5.5", 6, None, "USD"),
        ("HK$ 6", "6", None, None, "HKD"),
        ("USD 1,577 million", "1577", 6, None, "USD"),
        ("1,577 million euros", "1577", 6, None, "EUR"),
        ("5 million Canadian dollars", "5", 6, None, "CAD"),
        ("5 million U.S. dollars", "5", 6, None, "USD"),
        ("$5 million Hong Kong dollars", "5", 6, None, "HKD"),
        ("New Taiwan dollars 5", "5", None, None, "TWD"),
        ("Mexican pesos 5 million", "5", 6, None, "MXN"),
        ("in the US EUR 5 million", "5", 6, None, "EUR"),
        ("the Swiss USD 5 million", "5", 6, None, "USD"),
        ("$5 million CAD", "5", 6, None, "CAD"),
        ("US$5 million CAD", "5", 6, None, "USD"),
        ("€5 million CAD", "5", 6, None, "EUR"),
        ("5 Swiss francs", "5", None, None, "CHF"),
        ("5 Canadian workers", "5", None, None, None),
        ("5 million rubles", "5", 6, None, "RUB"),
        ("5 million pesos", "5", 6, None, "peso"),
        ("PHP 5 million", "5", 6, None, "PHP"),
        ("5 Kč", "5", None, None, "CZK"),
        ("CN¥5", "5", None, None, "CNY"),
        ("JP¥ 5", "5", None, None, "JPY"),
        ("£5", "5", None, None, "GBP"),
        ("1,234億円", "1234", 8, None, "JPY"),
        ("1兆2,345億円", "12345", 8, None, "JPY"),
        ("50万円", "50", 4, None, "JPY"),
        ("**65.4**%", "65.4", None, "percent", None),
        (r"$65.4\%$", "65.4", None, "percent", None),
        ("1.577 × 10^9", "1577000000", None, None, None),
        ("10^3", "1000", None, None, None),
        ("1/4", "0.25", None, None, None),
    ],
)
def test_scale_unit_and_currency(
    text: str, number: str, power: int | None, unit: str | None, currency: str | None
) -> None:
    quantity = one(text)

    assert (quantity.number, quantity.power, quantity.unit, quantity.currency) == (
        Decimal(number),
        power,
        unit,
        currency,
    )
    assert quantity.role == "value"


@pytest.mark.parametrize(
    "text",
    [
        "-5", "−5", "-$5", "$-5", "($5)", "$(5)", "(5)", "(5)%", "△5", "minus 5", "negative 5", "a decrease of 5",
        "a decrease of about (5)", "fell by 5", "5 lower", "net loss of $5", "it was (5)", "= (5)", "-(5)",
        "▲5", "△ 5", "△$5", "▼ 5", "▼$5", "▼ (5)", "▼ -5", "↓5", "5 ▼", "plunged 5", "slumped by 5", "lost $5",
        "shrank 5", "tumbled by about 5", "a slump of 5", "5 plunge",
    ],
)  # fmt: skip
def test_negative_once_however_it_is_said(text: str) -> None:
    assert one(text).number == -5


@pytest.mark.parametrize(
    "text",
    [
        "+5", "it fell to 5", "90 (5)", "margin (5)", "x-5 and", "an increase of 5", "▲ 5", "↑5", "5 ▲", "plunged to 5",
        "climbed 5", "soared by 5", "lost ground: 5",
    ],
)  # fmt: skip
def test_not_negative(text: str) -> None:
    assert read(text)[-1].number == 5


def test_an_arrow_between_two_numbers_belongs_to_the_second() -> None:
    assert [quantity.number for quantity in read("65.4% ▼ 0.3%")] == [Decimal("65.4"), Decimal("-0.3")]


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("2015", "year"),
        ("FY2012", "year"),
        ("fiscal 18", "year"),
        ("3 years", "duration"),
        ("12-month", "duration"),
        ("Note 5", "label"),
        ("December 31", "label"),
        ("31 December", "label"),
        ("10-K", "label"),
        ("3M", "label"),
        ("1st", "label"),
        ("2Q19", "label label"),
        ("12/31/2019", "label"),
        ("As of 12/31/2019, it was 5.", "label value"),
        ("It was 5 on 12/31/2019.", "value label"),
        ("2019-12-31: 5", "label value"),
        ("31.12.2019, 31-12-2019", "label label"),
        ("FY 2018/19 and 2018/2019, 5", "label label value"),
        ("1/2.", "value"),
        ("1/2.5", "value value"),
        ("2 decimal places", "label"),
        ("1. Revenue of 5", "label value"),
        ("5 [1]", "value label"),
        ("COVID-19", "label"),
        ("1,0001,000", "unreadable"),
        ("9" * 41, "unreadable"),
        ("1e999", "unreadable"),
        ("2^10", "unreadable"),
        ("1/0", "unreadable"),
        ("1" + "億" * 50, "unreadable"),
        ("5k3", "value label"),
        ("$2,015 and 2015", "value year"),
        ("$2015", "value"),
        ("$3M", "value"),
    ],
)
def test_what_is_no_quantity_has_a_role(text: str, roles: str) -> None:
    assert " ".join(quantity.role for quantity in read(text)) == roles


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("45 days", "day"),
        ("12-month", "month"),
        ("3 yrs", "year"),
        ("1.5 hours", "hour"),
        ("45", None),
        ("5% a day", None),
    ],
)
def test_a_number_has_its_unit_of_time(text: str, time: str | None) -> None:
    assert one(text).time == time


def test_spelled_out_numbers() -> None:
    assert [(word.number, word.power) for word in number_words("zero, two million and twelve")] == [
        (0, None),
        (2, 6),
        (12, None),
    ]


@pytest.mark.parametrize("text", ["thirteen", "twenty-five million", "ninety", "a dozen", "a million"])
def test_a_number_above_twelve_is_seen_but_not_read(text: str) -> None:
    (quantity,) = number_words(text)

    assert quantity.role == "unreadable"


@pytest.mark.parametrize("text", ["$1,577 million", "-65.4%", "1577", "$0.50", "0,123", "007", "2015", "£5 billion"])
def test_a_number_alone_is_read_as_among_words(text: str) -> None:
    """The way around the scanner for the usual answer gives what the scanner gives."""
    alone, among = one(text), one(f"{text} ")

    assert alone == among


@given(st.text(alphabet="0123456789.,' -$€%()eEx^/×kMbn兆億万円±~\n abc", max_size=60))
def test_quantities_lie_in_order_within_the_text(text: str) -> None:
    found = read(text)

    assert all(0 <= quantity.start < quantity.end <= len(plain_text(text).text) for quantity in found)
    assert all(before.start <= after.start for before, after in pairwise(found))
