"""Plain characters read the same whatever they were written with, and know where they came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.kit.plain_text import SOFT, plain_text


@pytest.mark.parametrize(
    ("original", "plain"),
    [
        ("1,577", "1,577"),
        ("\uff11\uff12\uff13\uff0e\uff14\uff15\uff05", "123.45%"),  # full width
        ("٣٫٥", "3٫5"),  # Arabic digits; its decimal mark is no ASCII
        ("−5", "-5"),
        ("1\u00a0234", "1 234"),
        ("1\u200b2", "12"),
        ("5,818¹", "5,818"),
        ("10² m²", "10^2 m"),
        ("10⁻³", "10^-3"),
        ("½", "1/2"),
        (r"65.4\%", "65.4%"),
        (r"\$5", "$5"),
        (r"\frac{1}{4}", "1/4"),
        (r"\text{about } 5", "about  5"),
        (r"5 \times 10^{3}", "5 × 10^3"),
        ("1{,}577", "1,577"),
        (r"\u20ac5", "€5"),
        ("**5**", f"{SOFT}{SOFT}5{SOFT}{SOFT}"),
        ("_5_ final_answer", f"{SOFT}5{SOFT} final_answer"),
    ],
)
def test_what_a_reader_sees_is_what_remains(original: str, plain: str) -> None:
    assert plain_text(original).text == plain


@pytest.mark.parametrize("original", ["a \\boxed{\\frac{1}{4}} b", "５，８１８¹ €", "**1{,}577** \u200bUSD", "㍿ 5"])
def test_every_character_knows_where_it_came_from(original: str) -> None:
    plain = plain_text(original)

    spans = [plain.span(place, place + 1) for place in range(len(plain.text))]

    assert spans == sorted(spans)
    assert all(0 <= start < end <= len(original) for start, end in spans)


def test_a_span_covers_the_markup_of_what_it_shows() -> None:
    original = r"= \frac{1}{4}."
    plain = plain_text(original)
    start = plain.text.index("1/4")

    assert original[slice(*plain.span(start, start + 3))] == r"\frac{1}{4}"


@given(st.text())
def test_any_text_has_plain_characters(original: str) -> None:
    plain = plain_text(original)

    assert plain.origin is None or len(plain.origin) == len(plain.text)
    assert plain.origin is not None or len(plain.text) == len(original)
