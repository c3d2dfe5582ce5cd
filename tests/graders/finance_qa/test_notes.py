"""Scale and currency that words around a number name: right, contradicting, and about something else."""

from typing import Any

import pytest

from tests.graders.finance_qa.grading import reward

MILLIONS: dict[str, Any] = {
    "reference": "$1,577",
    "spec": {"unit": "currency", "scale": "million", "currency": "USD"},
}


@pytest.mark.parametrize(
    "output",
    [
        "in billions: 1,577",
        "(in billions) 1,577",
        "Revenue ($ billions): 1,577",
        "Revenue (in billions): $1,577",
        "In billions, revenue was 1,577",
        "USD billions 1,577",
        "$bn: 1,577",
        "US$b 1,577",
        "(in thousands) 1,577",
        "1,577, in billions",
        "1,577 expressed in billions",
        "1,577 (in USD bn)",
        "(単位：億円) 1,577",
        r"\boxed{1,577 \text{ in billions}}",
        "<answer>in thousands: 1,577</answer>",
        "in billions: 1,577 (1,577)",
    ],
)
@pytest.mark.parametrize("mode", ["strict", "prose"])
def test_another_scale_contradicts_wherever_it_stands(output: str, mode: str) -> None:
    if mode == "strict" or output.count("577") == 1:
        assert reward(MILLIONS | {"spec": MILLIONS["spec"] | {"mode": mode}}, output) == 0.0


@pytest.mark.parametrize(
    "output",
    [
        "1577 in euros",
        "1577 (euros)",
        "1577 Canadian dollars",
        "1577 in Canadian dollars",
        "1577 (Canadian dollars)",
        "Canadian dollars: 1577",
        "1577 (in millions of Canadian dollars)",
        "1577 million pesos",
        "1577 million dirhams",
        "NGN 1577",
        "1577 (€)",
        "EUR: 1577",
        "€: 1577",
        "In EUR, 1,577",
        "Revenue in euros: 1577",
        "Revenue (EUR): 1577",
        "1577 (in millions of euros)",
        "1577 kr",
        "1577 kronor",
        "1577 zł",
        "1577 CZK",
        "1577 pounds",
        "C$ millions: 1577",
    ],
)
def test_another_currency_contradicts_wherever_it_stands(output: str) -> None:
    assert reward(MILLIONS, output) == 0.0


@pytest.mark.parametrize(
    "output",
    [
        "in millions: 1,577",
        "(in millions) 1,577",
        "Revenue ($m): 1,577",
        "USD millions 1,577",
        "US$ million 1,577",
        "1,577, in millions",
        "1,577 (in USD mn)",
        "1577 in dollars",
        "1577 (dollars in millions)",
        "USD: 1577",
        "1577 (in millions of dollars)",
        "(b) 1577",
        "1577 of sales in EUR markets",
        "1577 in dollar terms",
        "Revenue for FY2017 in USD millions is $1,577 million.",
        "They won, 1577",
        "The US figure in all is 1577",
        "Revenue (in thousands): $1,577 million",
        "in millions: 1,577, or $1.577 billion",
        "It is $1,577,000,000 (in USD millions, this is $1,577 million).",
        "It is $1,577,000,000. In USD millions, this is $1,577 million.",
    ],
)
def test_what_says_the_same_or_is_no_note_costs_nothing(output: str) -> None:
    assert reward(MILLIONS, output) == 1.0


@pytest.mark.parametrize(
    "output", ["in billions: 1.577", "(in billions) 1.577", "1.577, in billions", "1,577,000 (in USD thousands)"]
)
def test_the_right_value_under_another_scale_is_a_fault_of_form(output: str) -> None:
    assert reward(MILLIONS, output) == 0.8


def test_a_note_in_another_sentence_is_about_something_else() -> None:
    assert reward(MILLIONS, "It was $1,577,000,000. The question asks for USD and in millions.") == 0.8


@pytest.mark.parametrize(
    ("item", "output"),
    [
        ({"reference": "0.25", "spec": {"unit": "ratio"}}, "Both in millions, the ratio is 0.25"),
        ("12.5%", "12.5% (in thousands)"),
        ("24.26", "With both in dollars, it is 24.26"),
        ("12.5%", "With both in millions, the margin is 12.5"),
        ("$5 billion", "5, expressed in billions"),
        ({"reference_set": ["5 million", "3%"]}, "5 (in millions) and 3%"),
        ("in billions: 5", "5 billion"),
        ("(in thousands) 5,759", "5,759,000"),
    ],
)
def test_a_note_counts_for_amounts_only_and_in_references_too(item: dict[str, Any] | str, output: str) -> None:
    assert reward(item, output) == 1.0


@pytest.mark.parametrize(
    ("reference", "output", "expected"),
    [
        ("$5", "5 cents", 0.0),
        ("$5", "5¢", 0.0),
        ("$5", "500 cents", 1.0),
        ("$0.05", "5 cents", 1.0),
        ("$0.05", "5¢", 1.0),
        ("$0.05", "5 cents per share", 1.0),
        ("$0.05", "5 pence", 0.0),
        ("£0.05", "5 pence", 1.0),
        ("5 cents", "$0.05", 1.0),
        ("5 cents", "5", 1.0),
        ("5 cents", "$5", 0.0),
        ("5 per cent", "5%", 1.0),
    ],
)
def test_a_cent_is_a_hundredth(reference: str, output: str, expected: float) -> None:
    assert reward(reference, output) == expected
