"""How numbers are written: signs, parentheses, fractions, footnotes, and what only looks like a number."""

import pytest

from tests.graders.finance_qa.grading import grade, reward


@pytest.mark.parametrize(
    "output",
    [
        "( 5,759 )",
        "(5,759 )",
        "( 5,759)",
        "$( 5,759 )",
        "( $5,759 )",
        r"\boxed{( 5,759 )}",
        "USD (5,759)",
        "(USD 5,759)",
        "-USD 5,759",
        "minus USD 5,759",
        "( 5,759 ) dollars",
        "2018: $(5,759)",
    ],
)
def test_blanks_and_currencies_leave_an_accountants_minus_and_a_true_one_as_they_are(output: str) -> None:
    assert reward("-5,759", output) == 1.0
    assert reward("5,759", output) == 0.0


@pytest.mark.parametrize("output", ["( 12.5% )", "(12.5 % )", "( 12.5 ) %"])
def test_a_percentage_in_padded_parentheses_is_negative(output: str) -> None:
    assert (reward("-12.5%", output), reward("12.5%", output)) == (1.0, 0.0)


@pytest.mark.parametrize("output", ["5% ( 5% )", "5 USD (5)", "5 € (5 €)"])
def test_a_number_said_again_in_parentheses_is_not_negative(output: str) -> None:
    assert reward("5%" if "%" in output else "5", output) == 1.0


@pytest.mark.parametrize("output", ["The change was - 94", "The change is - 94.", "a change of - 94", "Change: - 94"])
def test_a_minus_with_a_blank_counts_after_a_verb(output: str) -> None:
    assert (reward("-94", output), reward("94", output)) == (1.0, 0.0)


@pytest.mark.parametrize("output", ["- 94", "Changes:\n- 94", "A - B = 94", "Answer - 94", "Net change - 94"])
def test_a_bullet_a_dash_and_an_operator_are_no_minus(output: str) -> None:
    assert (reward("94", output), reward("-94", output)) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("output", "right", "wrong"),
    [
        ("2½", "2.5", "10.5"),
        ("2½%", "2.5%", "21%"),
        ("1,000¼", "1,000.25", "10001"),
        ("½", "0.5", "12"),
        ("94①", "94", "941"),
        ("94₁", "94", "941"),
        ("5,818① million", "5,818 million", "58181"),
        ("94ⓐ", "94", "99"),
        ("94 ①", "94", "1"),
    ],
)
def test_small_digits_are_halves_or_footnotes(output: str, right: str, wrong: str) -> None:
    assert (reward(right, output), reward(wrong, output)) == (1.0, 0.0)


@pytest.mark.parametrize("output", ["2⅓", "2⅛", "2½5", "½5"])
def test_a_fraction_that_cannot_be_written_out_is_not_glued_to_its_number(output: str) -> None:
    assert grade("7", output).verdict == "hedged"
    assert all(reward(glued, output) == 0.0 for glued in ("7", "21/3", "2.6", "0.04"))


@pytest.mark.parametrize("output", ["0x5E", "0b101", "0o17", "0x", r"\boxed{0x1F}", "0X5e"])
def test_a_number_of_a_programming_language_is_no_zero(output: str) -> None:
    assert grade("0", output).verdict == "no_answer"


@pytest.mark.parametrize(
    "output",
    ["<b>1577</b>", '<answer type="x">1577</answer>', "<td> $1577 </td>", "<span class='a'>1577</span>", "<br/>1577"],
)
def test_html_around_a_number_is_no_bound(output: str) -> None:
    assert reward("1577", output) == 1.0
    assert reward({"reference": "1577", "spec": {"answer_only": True}}, output) == 1.0


@pytest.mark.parametrize("output", ["<1577", "< 1577", "a > 1577", "a<5 b>1577"])
def test_a_comparison_is_no_html(output: str) -> None:
    assert reward("1577", output) == 0.0


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("5,2 Mio. €", 1.0),
        ("5,2 Millionen Euro", 1.0),
        ("5.200 Tsd. €", 1.0),
        ("5.200.000 €", 1.0),
        ("5,2 Mrd. €", 0.0),
        ("5,2 Milliarden Euro", 0.0),
        ("5,2 Tausend €", 0.0),
        ("5,2 Mio. $", 0.0),
    ],
)
def test_german_scales(output: str, expected: float) -> None:
    assert reward({"reference": "5,2 Mio. €", "spec": {"locale": "de"}}, output) == expected


@pytest.mark.parametrize("output", ["24.26:1", "24.26 : 1", "24.26 to 1", "24.26x to 1"])
def test_so_much_to_one_is_a_ratio(output: str) -> None:
    assert reward({"reference": "24.26", "spec": {"unit": "multiple"}}, output) == 1.0


@pytest.mark.parametrize("output", ["24.26 to 10", "24.26:10", "1:24.26", "24.26 or 1", "24.26 to 1 or 2", "24.26%:1"])
def test_another_proportion_is_not(output: str) -> None:
    assert reward({"reference": "24.26", "spec": {"unit": "ratio"}}, output) == 0.0


def test_a_ratio_to_one_is_no_percentage() -> None:
    assert reward("24.26", "24.26:1") == 1.0
    assert reward("24.26%", "24.26:1") == 0.0


def test_an_amount_to_one_is_a_range() -> None:
    assert grade({"reference": "$24", "spec": {"unit": "currency"}}, "24 to 1").verdict == "hedged"
    assert grade("24.26", "24.26 to 1").verdict == "hedged"
