"""A question's spec is what its words say, no more; where the words disagree it is empty."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.finance_qa.questions import Words, derive_spec
from tests.data import data_folder
from tests.pace import paces_of

USD_MILLIONS = {"unit": "currency", "scale": "million", "currency": "USD"}


@pytest.mark.parametrize(
    ("question", "spec"),
    [
        ("What were Acme's capital expenditures in FY2021 (in USD millions)?", USD_MILLIONS),
        ("How much cash did Acme hold at year end? Answer in USD millions.", USD_MILLIONS),
        ("What was Acme's goodwill, in millions of U.S. dollars?", USD_MILLIONS),
        ("What was Acme's goodwill in US$ m?", USD_MILLIONS),
        ("What was Acme's net debt ($ in millions)?", {"unit": "currency", "scale": "million"}),
        ("What was Acme's revenue in £bn?", {"unit": "currency", "scale": "billion", "currency": "GBP"}),
        ("What was the loss in AUD'000?", {"unit": "currency", "scale": "thousand", "currency": "AUD"}),
        ("What was the dividend paid, in whole dollars?", {"unit": "currency", "scale": "ones"}),
        ("What was the carrying value (EUR) of the loan?", {"unit": "currency", "currency": "EUR"}),
        ("In thousands, how many shares were outstanding?", {"scale": "thousand"}),
        ("What were wages as a % of revenue?", {"unit": "percent"}),
        ("What is Acme's FY2020 gross profit % margin?", {"unit": "percent"}),
        ("What percentage of the 450 stores did Acme own?", {"unit": "percent"}),
        ("What was the revenue growth rate from 2018 to 2019?", {"unit": "percent", "sign": "signed"}),
        ("What is the year on year percentage change in wages?", {"unit": "percent", "sign": "signed"}),
        ("What was the change in gross margin in basis points?", {"unit": "bps", "sign": "signed"}),
        ("By how many basis points did the margin widen?", {"unit": "bps"}),
        ("What was the ratio of debt to equity in 2019?", {"unit": "ratio"}),
        ("Express inventory as a decimal of total assets.", {"unit": "ratio"}),
        ("What was net debt as a multiple of EBITDA?", {"unit": "multiple"}),
        ("In which fiscal year was the gross margin (%) highest?", {"unit": "year"}),
        ("How many segments does Acme report?", {"unit": "count"}),
        ("How many years did sales exceed $500 million?", {"unit": "count"}),
    ],
)
def test_unit_scale_and_currency_are_what_the_question_says(question: str, spec: dict[str, Any]) -> None:
    assert derive_spec(question).spec == spec


@pytest.mark.parametrize(
    ("question", "decimals"),
    [
        ("What is the quick ratio? Round your answer to two decimal places.", 2),
        ("What is the tax rate, rounded to 1 d.p.?", 1),
        ("What is EPS with no decimals?", 0),
        ("What is the tax rate, to the nearest tenth of a percent?", 1),
        ("What is the margin, to the nearest 0.01%?", 2),
        ("What were sales in EUR millions, rounded to the nearest million?", 0),
        ("What were sales, rounded to the nearest million?", None),
        ("Round each input to four decimal places and the answer to two decimal places.", None),
        ("Give the yield with at least two decimals.", None),
    ],
)
def test_decimals_are_those_of_the_answer(question: str, decimals: int | None) -> None:
    assert derive_spec(question).spec.get("decimals") == decimals


@pytest.mark.parametrize(
    ("question", "sign"),
    [
        ("What was the net change in cash from 2018 to 2019?", "signed"),
        ("What was the increase / (decrease) in deferred revenue?", "signed"),
        ("What was the change in the reduction of headcount?", "signed"),
        ("What was the percentage decline in sales?", "magnitude"),
        ("By how much did net income fall from 2018 to 2019?", "magnitude"),
        ("Give the loss as a positive number.", "magnitude"),
        ("What was the increase in sales?", None),
        ("What was the change in control payment?", None),
        ("What was the charge for the reduction of the workforce?", None),
    ],
)
def test_sign_is_that_of_the_noun_that_is_asked_for(question: str, sign: str | None) -> None:
    assert derive_spec(question).spec.get("sign") == sign


@pytest.mark.parametrize(
    ("question", "answer_only"),
    [
        ("What was EPS? Answer with only the number.", True),
        ("Provide only the numeric answer: what was EPS?", True),
        ("What was EPS? Reply without any explanation.", True),
        ("Answer using only the information in the balance sheet: what was EPS?", None),
    ],
)
def test_answer_only_is_about_the_answer(question: str, answer_only: bool | None) -> None:
    assert derive_spec(question).spec.get("answer_only") == answer_only


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("What was the return on assets in 2020?", id="what a metric usually is"),
        pytest.param("What was the interest paid on the 5 percent notes?", id="a percentage that is an input"),
        pytest.param("What was the effect of a one percentage point increase?", id="a point that is an input"),
        pytest.param("What was the percentage rent in 2019?", id="percentage rent is money"),
        pytest.param("What was the cost of the euro notes?", id="a currency that is a thing"),
        pytest.param("Which segment's sales exceeded $500 million?", id="a scale that is an amount"),
        pytest.param("What were costs in millions in 2018 in billions?", id="two scales"),
        pytest.param("What were costs as a % of sales, in USD millions?", id="percent and money"),
        pytest.param("In which year did sales peak, and by how much?", id="two answers"),
        pytest.param("What percentage was sold? What were the proceeds in USD?", id="two questions"),
        pytest.param("Did wages as a percent of sales increase?", id="yes or no"),
        pytest.param("How many shares were repurchased?", id="shares are printed in thousands"),
        pytest.param("Over how many years is the cost recognised?", id="2.5 years is no count"),
        pytest.param("Approximately how many employees does Acme have?", id="an estimate is no count"),
        pytest.param("What is FCF? It is defined as cash flow (in USD millions) less capex.", id="inside a definition"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_uncertain_stays_empty(question: str) -> None:
    assert derive_spec(question).spec == {}


def test_percent_that_is_asked_for_holds_over_the_scale_of_what_it_is_taken_from() -> None:
    assert derive_spec("What was the percentage increase in sales (in USD millions)?").spec == {"unit": "percent"}


def test_each_field_shows_the_words_it_was_read_from() -> None:
    reading = derive_spec("What was capex (in USD millions), to one decimal place?")

    assert reading.words == {
        "unit": Words("USD", 19, 22),
        "scale": Words("millions", 23, 31),
        "currency": Words("USD", 19, 22),
        "decimals": Words("to one decimal place", 34, 54),
    }


@given(
    st.text()
    | st.lists(st.sampled_from(["what is the", "percent", "in", "USD", "millions", "(", "how many"])).map(" ".join)
)
def test_any_text_is_read_and_its_words_stand_where_they_say(question: str) -> None:
    reading = derive_spec(question)

    assert reading.spec.keys() == reading.words.keys()
    for words in reading.words.values():
        assert words.text == question[words.start : words.end] != ""


@pytest.mark.parametrize(
    "piece", ["what is the one ", "in ", "in usd ", "defined ", "and what ", "( ", "1,", " ", "how many a "]
)
def test_time_grows_no_faster_than_the_question(piece: str) -> None:
    """Quadratic patterns need a minute for such lengths; these were measured at 0.25 s or less on one core."""
    question = "what is " + piece * (40_000 // len(piece))

    assert paces_of(lambda: derive_spec(question), limit=2000) < 2000


def test_at_least_95_percent_of_what_a_person_read_off_financebench_is_reproduced() -> None:
    file = data_folder("data/finance") / "pairs_human.jsonl"
    hints = {row["question"]: row["hints"] for row in map(json.loads, file.read_text("utf-8").splitlines())}
    specs = {question: derive_spec(question).spec for question in hints}

    wanted = [(question, name, value) for question, fields in hints.items() for name, value in fields.items()]
    right = [1 for question, name, value in wanted if specs[question].get(name) == value]
    assert len(right) >= 0.95 * len(wanted) > 0
