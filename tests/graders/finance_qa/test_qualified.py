"""Words around a number that make it another one, or none: bounds, denials, directions, ranges that end in a year."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.graders.finance_qa.grading import grade, reward


@pytest.mark.parametrize(
    "output",
    [
        ">= 1577",
        "<=1577",
        ">=$1577",
        "≥ 1577",
        "less than about 1577",
        "over approximately 1577",
        "up to around $1577",
        "in excess of 1577",
        "greater than or equal to 1577",
        "as much as 1577",
        "1577 or above",
        "1577 or under",
        "1577 and above",
        "1577 at least",
        "1577, at most",
        "It can't be 1577",
        "It cannot be 1577",
        "It wasn’t 1577",
        "not about 1577",
        "1577 is false",
        "1577 isn't right",
        "anything but 1577",
        "never 1577",
    ],
)
def test_a_bound_or_a_denial_is_hedged(output: str) -> None:
    assert grade("1577", output).verdict == "hedged"


@pytest.mark.parametrize(
    "output",
    [
        "about 1577",
        "1577, up on the year before",
        "1577, and over the year it grew",
        "I could not believe it: 1577",
        "It isn't stated, but computed: 1577",
        "1577 is right",
        "It reached a minimum of 1577",
    ],
)
def test_words_that_qualify_something_else_cost_nothing(output: str) -> None:
    assert reward("1577", output) == 1.0


@pytest.mark.parametrize(
    "output",
    [
        "decrease: 12.5%",
        "**Decrease:** 12.5%",
        "Net decline = 12.5%",
        "12.5% down",
        "12.5% down on last year",
        "a decrease in revenue of 12.5%",
        "a drop in net sales of about 12.5%",
    ],
)
def test_a_fall_is_negative_in_every_wording(output: str) -> None:
    assert (reward("-12.5%", output), reward("12.5%", output)) == (1.0, 0.0)


@pytest.mark.parametrize(
    "output",
    [
        "12.5% down from last year's margin",
        "12.5% down payment",
        "increase or decrease: 12.5%",
        "Increase (decrease): 12.5%",
        "a decrease in revenue, to a margin of 12.5%",
        "a decrease in revenue with a margin of 12.5%",
        "a decrease in interest gives a margin of 12.5%",
        "Cost reduction: 12.5%",
        "= 12.5%",
        ": 12.5%",
    ],
)
def test_a_fall_of_something_else_is_not(output: str) -> None:
    assert reward("12.5%", output) == 1.0


@pytest.mark.parametrize("output", ["Net loss: 5,759", "Loss: $5,759", "Net loss: (5,759)", "Net loss: -5,759"])
def test_a_heading_of_a_loss_is_a_minus_and_no_second_one(output: str) -> None:
    assert (reward("-5,759", output), reward("5,759", output)) == (1.0, 0.0)


@pytest.mark.parametrize("output", ["Net income (loss): 5,759", "Provision for loan losses: 5,759"])
def test_a_heading_that_only_holds_the_word_is_not(output: str) -> None:
    assert reward("5,759", output) == 1.0


@pytest.mark.parametrize(
    "output",
    [
        "between 1577 and 2019",
        "between 2019 and 1577",
        "1577 to 2019",
        "2019 to 1577",
        "1577-2019",
        "1577 – 2019",
        "1577, maybe 2019",
        "1577, perhaps 2019",
    ],
)
def test_a_range_may_end_in_what_looks_like_a_year(output: str) -> None:
    assert grade("1577", output).verdict == "hedged"


@pytest.mark.parametrize(
    "output",
    [
        "1577 in 2019",
        "1577, 2019",
        "1577 (2019)",
        "from 2018 to 2019 it rose to 1577",
        "between 2018 and 2019 it was 1577",
        "1577 for 2018-2019",
        "2018-2019: 1577",
        "2019 - 1577",
        "It rose in 2019 to 1577",
        "It rose in FY19 to 1577",
        "$1,577 - 2019",
        "1577 million – 2019",
    ],
)
def test_a_date_beside_a_value_is_no_end_of_a_range(output: str) -> None:
    assert reward("1577", output) == 1.0


@pytest.mark.parametrize("output", ["3 or 2", "either 3 or 2", "3 to 2", "between 2 and 3"])
def test_a_set_is_no_choice(output: str) -> None:
    assert grade({"reference_set": ["3", "2"]}, output).verdict == "hedged"


@pytest.mark.parametrize("output", ["3 and 2", "3, 2", "2 - 3", "3 (3.0) and 2 or 2.0"])
def test_a_set_may_be_listed_and_its_values_restated(output: str) -> None:
    assert reward({"reference_set": ["3", "2"]}, output) == 1.0


@pytest.mark.parametrize(
    "reference", ["over 5", "less than $5", "5+", "5 or more", "> 5", "not 5", "€5 $5", "5 (>= 5)"]
)
def test_a_reference_that_is_no_value_is_refused(reference: str) -> None:
    with pytest.raises(ValidationError, match=r"bound or a denial|several numbers"):
        grade(reference, "5")


@pytest.mark.parametrize("item", ["5 or 5.0", "about 5", "$5 (USD 5)", {"references": ["5 million"]}])
def test_a_reference_that_says_one_value_is_taken(item: dict[str, Any] | str) -> None:
    assert reward(item, "5") == 1.0
