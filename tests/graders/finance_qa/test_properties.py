"""Metamorphic properties: what may not change a reward, and what must take it away."""

from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.graders.finance_qa.grading import grade, reward

MILLIONS = {"unit": "currency", "scale": "million", "currency": "USD"}


def decimals(places: int, low: int = 1, high: int = 10**7) -> st.SearchStrategy[Decimal]:
    return st.decimals(min_value=low, max_value=high, places=places, allow_nan=False, allow_infinity=False)


numbers = st.integers(0, 3).flatmap(decimals)
signs = st.sampled_from(["", "-"])


@given(
    reference=numbers, answer=st.integers(0, 3).flatmap(lambda places: decimals(places, high=10**4)), near=st.booleans()
)
def test_separators_currency_and_the_scale_asked_for_never_lower_the_tier(
    reference: Decimal, answer: Decimal, near: bool
) -> None:
    """Answers stay far below a million: a bare 1,577,000,000 may be meant in ones, with the scale word it is not."""
    item = {"reference": str(reference), "spec": MILLIONS}
    said = reference + answer / 10**7 if near else answer
    assume(said < 10**5)
    plain = reward(item, f"{said}")

    for variant in (f"{said:,}", f"${said}", f"${said:,}", f"USD {said:,}", f"{said} million", f"${said:,} million"):
        assert reward(item, variant) >= plain, variant


@given(number=numbers, sign=signs, unit=st.sampled_from(["", "%", " million", " bps"]))
def test_a_reference_graded_against_itself_is_accurate(number: Decimal, sign: str, unit: str) -> None:
    for text in (f"{sign}{number}{unit}", f"{sign}{number:,}{unit}"):
        assert reward(text, text) == 1.0


@given(number=numbers, sign=signs)
def test_the_other_sign_is_wrong(number: Decimal, sign: str) -> None:
    other = "" if sign else "-"

    assert reward(f"{sign}{number}", f"{other}{number}") == 0.0
    assert reward(f"{sign}{number}%", f"{other}{number}%") == 0.0


@given(number=numbers, scale=st.sampled_from(["million", "billion"]))
def test_a_thousandfold_error_is_wrong(number: Decimal, scale: str) -> None:
    item = {"reference": str(number), "spec": {"unit": "currency", "scale": scale}}

    assert reward(item, f"{number * 1000}") == 0.0
    assert reward(item, f"{number * 1000} {scale}") == 0.0
    assert reward(item, f"{number / 1000}") == 0.0
    assert reward(f"{number}%", f"{number * 1000}%") == 0.0


@given(number=numbers, other=numbers)
def test_a_second_choice_takes_everything(number: Decimal, other: Decimal) -> None:
    assume(number != other)

    assert reward(str(number), f"{number} or {other}") == 0.0
    assert reward(str(number), f"{other} or {number}") == 0.0
    assert reward({"reference": str(number), "spec": {"mode": "prose"}}, f"It was {number} or {other}.") == 0.0


@given(number=numbers, year=st.integers(1900, 2099))
def test_a_year_after_or_is_a_choice(number: Decimal, year: int) -> None:
    assume(number != year)

    assert grade(str(number), f"{number} or {year}").verdict == "hedged"


@given(data=st.data(), places=st.integers(1, 4))
def test_the_tier_falls_with_the_error(data: st.DataObject, places: int) -> None:
    """At one format: with digits after the point, for zeros at the end of a whole number may be rounding."""
    reference = data.draw(decimals(places, high=1000))
    errors = sorted(data.draw(st.lists(st.integers(0, 200), min_size=2, max_size=4)))
    step = Decimal(1).scaleb(-places)
    side = data.draw(st.sampled_from([1, -1]))
    answers = [reference + side * error * step for error in errors]

    rewards = [reward(str(reference), str(answer)) for answer in answers if answer > 0]

    assert rewards == sorted(rewards, reverse=True)


@given(one=st.sampled_from(["$", "€", "£", "USD ", "JPY "]), other=st.sampled_from(["$", "€", "£", "USD ", "JPY "]))
def test_a_currency_conflict_is_symmetric(one: str, other: str) -> None:
    assert reward(f"{one}5.5", f"{other}5.5") == reward(f"{other}5.5", f"{one}5.5")


PIECES = st.sampled_from(
    [
        r"\boxed{", "}", "<answer>", "</answer>", "####", "\n", '{"answer":', '"', "Answer:", "the answer is ",
        "or", "±", "-", "(", ")", "$", "%", "1,000", "94", "0.5", "1/4", "2015", "1e9", "10²", "×10^9", "億", "兆",
        "million", "Note 5", "\\", "*", " ", ".", "yes", "no", "\u200b", "\u0301", "\uff11", "therefore ",
        "a decrease of ", "none", "=", "NaN",
    ]
)  # fmt: skip


@settings(max_examples=300)
@given(
    output=st.lists(st.one_of(PIECES, st.sampled_from(["94", "71.5", "$94", "71.5%"])), max_size=12).map("".join),
    spec=st.sampled_from([{}, MILLIONS, {"unit": "percent"}, {"unit": "ratio", "answer_only": True}]),
)
def test_no_text_pays_for_two_answers(output: str, spec: dict[str, str]) -> None:
    first, second = (reward({"reference": reference, "spec": spec}, output) for reference in ("94", "71.5"))

    assert not (first and second)


@settings(max_examples=300)
@given(
    output=st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join)),
    mode=st.sampled_from(["strict", "prose"]),
    item=st.sampled_from(
        [{"reference": "94"}, {"reference": "$94 million"}, {"reference": "yes"}, {"reference_set": ["94", "5%"]}]
    ),
)
def test_any_text_gets_a_grade_and_its_answer_stands_where_it_says(
    output: str, mode: str, item: dict[str, object]
) -> None:
    found = grade({**item, "spec": {"mode": mode, "answer_only": True, "container": "tag"}}, output)

    assert 0.0 <= found.reward <= 1.0
    if found.answer_span is not None:
        assert output[slice(*found.answer_span)] == found.answer
    else:
        assert found.answer is None
