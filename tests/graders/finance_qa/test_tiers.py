"""What each tier pays for: values, units, scales, signs and forms, one rule a test."""

from typing import Any

import pytest

from tests.graders.finance_qa.grading import grade, reward

PERCENT = {"unit": "percent", "decimals": 1}
MILLIONS = {"unit": "currency", "scale": "million", "currency": "USD"}


def item(reference: str, spec: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"reference": reference, "spec": spec or {}, **fields}


@pytest.mark.parametrize(
    ("reference", "spec", "output", "expected"),
    [
        # The last place
        ("41.7%", PERCENT, "41.7%", 1.0),
        ("41.7%", PERCENT, "41.73%", 1.0),
        ("41.7%", PERCENT, "41.8%", 0.6),
        ("41.7%", PERCENT, "41.9%", 0.0),
        ("41.7%", PERCENT, "42%", 0.6),
        ("0.3%", PERCENT, "0.4%", 0.0),
        ("812.44", {}, "812.9", 0.6),
        ("812.44", {}, "813.9", 0.0),
        ("812.44", {}, "810", 0.6),
        ("812.44", {"precision": "exact"}, "812.441", 0.0),
        # Percent, fraction, basis points, multiple
        ("41.7%", PERCENT, "41.7", 1.0),
        ("41.7%", PERCENT, "0.417", 0.8),
        ("41.7%", PERCENT, "4,170 bps", 0.8),
        ("41.7%", PERCENT, "41.7 bps", 0.0),
        ("41.7%", PERCENT, "$41.7", 0.0),
        ("0.417", {}, "41.7%", 0.8),
        ("0.417", {"unit": "ratio"}, "41.7", 0.0),
        ("0.027", {"unit": "percent"}, "2.7%", 1.0),
        ("0.72", {"unit": "percent"}, "0.72%", 1.0),
        ("35 bps", {"unit": "bps"}, "0.35%", 0.8),
        ("4.5x", {}, "4.5 times", 1.0),
        ("4.5", {"unit": "ratio"}, "4.5x", 0.8),
        # Scale
        ("$8231.00", MILLIONS, "8,231", 1.0),
        ("$8231.00", MILLIONS, "$8.231 billion", 0.8),
        ("$8231.00", MILLIONS, "$8,231,000,000", 0.8),
        ("$8231.00", MILLIONS, "8.231", 0.0),
        ("$8231.00", MILLIONS, "$8,231 thousand", 0.0),
        ("$8231.00", MILLIONS, "8231%", 0.0),
        ("8.2 billion", {}, "8,200 million", 1.0),
        ("8.2 billion", {}, "8.2", 1.0),
        ("8231", {}, "$8,231 million", 1.0),
        ("$6.10", {"unit": "currency", "scale": "billion"}, "$6.13 billion", 1.0),
        # Currency
        ("$8231.00", MILLIONS, "EUR 8,231 million", 0.0),
        ("$8231.00", MILLIONS, "US$8,231 million", 1.0),
        ("£5m", {}, "5 million", 1.0),
        # Units of time
        ("45 days", {}, "45 days", 1.0),
        ("45 days", {}, "45", 1.0),
        ("45", {}, "45 days", 1.0),
        ("45 days", {}, "45.2 days", 1.0),
        ("45 days", {}, "46 days", 0.6),
        ("45 days", {}, "45 years", 0.0),
        ("45 years", {}, "45 days", 0.0),
        ("45 days", {}, "45%", 0.0),
        ("45 days", {}, "$45", 0.0),
        ("45 days", {}, "45 million", 0.0),
        ("45 days", {}, "1,080 hours", 0.8),
        ("3 years", {}, "36 months", 0.8),
        ("3 years", {}, "37 months", 0.0),
        ("3 years", {}, "3 years (3 months)", 0.0),
        # Sign
        ("-640", {}, "(640)", 1.0),
        ("-640", {}, "640", 0.0),
        ("640", {}, "(640)", 0.0),
        ("-640", {"sign": "magnitude"}, "640", 1.0),
        ("640", {"sign": "magnitude"}, "-640", 0.8),
        # Zero
        ("0", {}, "zero", 1.0),
        ("0", {}, "-0", 1.0),
        ("0", {}, "0.2", 0.0),
        ("0.0", {}, "0.02", 0.6),
        # Counts and years
        ("52", {"unit": "count"}, "52", 1.0),
        ("52", {"unit": "count"}, "53", 0.0),
        ("2017", {"unit": "year"}, "It was in 2017.", 1.0),
        ("2017", {"unit": "year"}, "2018", 0.0),
        # Forms
        ("0.75", {}, "3/4", 1.0),
        ("0.75", {"decimals": 2}, "3/4", 0.8),
        ("7", {}, "seven", 0.8),
        ("7654.3", {}, "7.654,3", 0.8),
        ("7654", {"locale": "de"}, "7.654", 1.0),
        ("7654", {}, "7.654", 0.0),
    ],
)
def test_value_and_form(reference: str, spec: dict[str, Any], output: str, expected: float) -> None:
    found = grade(item(reference, spec), output)

    assert found.reward == expected, found.reason


@pytest.mark.parametrize(
    ("question", "output", "expected"),
    [
        ("By how much did sales decline?", "12%", 0.8),
        ("By how much did sales decline?", "-12%", 1.0),
        ("By how much did sales decline?", "a decline of 12%", 1.0),
        ("What was the change in sales?", "12%", 0.0),
        ("What was the increase or decrease?", "12%", 0.0),
        ("By how much did sales slump?", "12%", 0.8),
        ("By how much did sales climb or slump?", "12%", 0.0),
        ("By how much did sales decline?", "They plunged 12%.", 1.0),
        ("By how much did sales decline?", "▼ 12%", 1.0),
        ("By how much did sales decline?", "They increased by 12%.", 0.0),
        ("By how much did sales decline?", "They soared about 12%.", 0.0),
        ("By how much did sales decline?", "▲ 12%", 0.0),
    ],
)
def test_a_question_for_a_decline_makes_the_sign_a_matter_of_form(question: str, output: str, expected: float) -> None:
    assert reward(item("-12%", {"unit": "percent"}, question=question), output) == expected


def test_a_rise_is_no_answer_to_a_question_for_a_decline() -> None:
    decline = item("12%", {"unit": "percent"}, question="By how much did sales decline?")

    assert [reward(decline, output) for output in ("12%", "a drop of 12%", "a rise of 12%")] == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("mode", ["strict", "prose"])
@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ('{"answer": 8.231, "unit": "billion"}', 0.8),
        ('{"unit": "USD (in billions)", "answer": 8.231}', 0.8),
        ('{"answer": "8,231", "scale": "million"}', 1.0),
        ('{"answer": 8231, "unit": "$M"}', 1.0),
        ('{"answer": 8231, "scale": 1000000}', 1.0),
        ('{"answer": 8231, "scale": "thousand"}', 0.0),
        ('{"answer": 8231, "scale": "ones"}', 0.0),
        ('{"answer": 8231, "unit": "million", "currency": "EUR"}', 0.0),
        ('{"answer": 8231, "unit": "percent"}', 0.0),
        ('{"answer": "$8,231 million", "unit": "USD"}', 1.0),
        ('{"answer": "$8,231 million", "scale": "billion"}', 0.0),
        ('{"answer": 8231, "unit": "as reported"}', 1.0),
        ('{"answer": 8231, "unit": null}', 1.0),
        ('{"cash": {"unit": "billion"}, "capex": {"answer": 8231}}', 1.0),
        ('{"answer": 8.231, "unit": "billion"} {"answer": 8231, "unit": "million"}', 1.0),
    ],
)
def test_what_json_says_beside_the_answer_counts(output: str, expected: float, mode: str) -> None:
    assert reward(item("$8231.00", {**MILLIONS, "mode": mode}), output) == expected


@pytest.mark.parametrize(
    ("reference", "output"),
    [
        ("41.7%", '{"answer": 4170, "unit": "basis points"}'),
        ("41.7%", '{"answer": 0.417}'),
        ("3 years", '{"answer": 36, "unit": "months"}'),
    ],
)
def test_another_unit_beside_the_answer_is_a_fault_of_form(reference: str, output: str) -> None:
    assert reward(item(reference, {"unit": "percent"} if "%" in reference else {}), output) == 0.8


@pytest.mark.parametrize("mode", ["strict", "prose"])
@pytest.mark.parametrize(
    ("output", "number"),
    [
        ("- 1577", 1577),
        ("  - $1,577", 1577),
        ("Revenue:\n- 1577", 1577),
        ("<answer>\n- 1577\n</answer>", 1577),
        ("- -1577", -1577),
        ("- (1,577)", -1577),
        ("-1577", -1577),
        ("− 1577", -1577),
        ("$ - 1,577", -1577),
        ("(1,577)", -1577),
        ("= - 1577", -1577),
        (r"\boxed{- 1577}", -1577),
        ("<answer>- 1577</answer>", -1577),
        ("Answer: - 1577", -1577),
    ],
)
def test_a_bullet_is_no_minus(output: str, number: int, mode: str) -> None:
    assert reward(item(str(number), {"mode": mode}), output) == 1.0
    assert reward(item(str(-number), {"mode": mode}), output) == 0.0


@pytest.mark.parametrize(
    ("output", "expected"),
    [("31%", 1.0), ("30.9%", 1.0), ("30.88%", 1.0), ("30.86%", 0.6), ("31.3%", 0.0), ("0.3088", 0.8), ("30%", 0.6)],
)
def test_the_exact_value_decides_where_it_is_known(output: str, expected: float) -> None:
    """31 % is displayed, 30.875 % is meant, and 31.3 would round to 31."""
    assert reward(item("31%", {"unit": "percent"}, reference_exact=0.30875), output) == expected


def test_the_lowest_tier_wins_over_a_fault_of_form() -> None:
    assert reward(item("41.7%", PERCENT), "0.418") == 0.6


@pytest.mark.parametrize(
    ("output", "expected"),
    [("88", 1.0), ("$88", 1.0), ("**88**", 1.0), (r"\boxed{88}", 1.0), ("about 88", 0.8), ("Answer: 88", 0.8)],
)
def test_answer_only(output: str, expected: float) -> None:
    assert reward(item("88", {"answer_only": True}), output) == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [("yes", 1.0), ("Yes.", 1.0), ("Yes, it did", 0.8), ("no", 0.0), ("yes and no", 0.0), ("7", 0.0)],
)
def test_yes_or_no(output: str, expected: float) -> None:
    assert reward("yes", output) == expected


@pytest.mark.parametrize(
    "output",
    [
        "not yes", "It isn't a yes.", "I would not say yes", "never yes", "yes, not really", "Yes, it isn't.",
        "hardly yes", "yes, it did not", "Yes is wrong.", "not no", "No, it did.", "no is incorrect",
        r"\boxed{yes} \boxed{no}", "<answer>no</answer> <answer>yes</answer>", "Answer: yes. Answer: no",
    ],
)  # fmt: skip
@pytest.mark.parametrize("reference", ["yes", "no"])
def test_a_yes_or_no_that_is_taken_back_is_none(output: str, reference: str) -> None:
    found = grade(reference, output)

    assert (found.reward, found.verdict) == (0.0, "hedged")


@pytest.mark.parametrize(
    ("reference", "output"),
    [
        ("no", "no, not really"),
        ("no", "No, it isn't."),
        ("no", "Not really, no."),
        ("no", "no, it did not"),
        ("yes", "Yes, although it did not last."),
        ("yes", "Yes, it did."),
    ],
)
def test_words_that_go_with_the_yes_or_no_are_only_extra_text(reference: str, output: str) -> None:
    assert reward(reference, output) == 0.8


def test_a_denial_without_yes_or_no_is_no_answer() -> None:
    assert grade("no", "It isn't.").verdict == "no_answer"


def test_any_of_the_references_will_do() -> None:
    either = {"reference": "5.1", "references": ["6.2", "yes"]}

    assert [reward(either, output) for output in ("5.1", "6.2", "yes", "7.3")] == [1.0, 1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("output", "all_of_them", "fraction"),
    [
        ("$5 million, 12% and 7.25", 1.0, 1.0),
        ("7.25; 12%; $5 million", 1.0, 1.0),
        ("$5 million, 12% and 7.26", 0.6, 2.6 / 3),
        ("$5 million and 12%", 0.0, 2 / 3),
        ("$5 million, 12%, 7.25 and 9", 0.0, 0.0),
        (r"\boxed{$5 million}, \boxed{12\%}, \boxed{7.25}", 1.0, 1.0),
        ("<answer>$5 million</answer><answer>12%</answer><answer>7.25</answer>", 1.0, 1.0),
        ("<answer>$5 million, 12%, 7.25</answer><answer>$5 million, 12%, 7.3</answer>", 0.0, 0.0),
    ],
)
def test_a_set_wants_every_value_once(output: str, all_of_them: float, fraction: float) -> None:
    several = {"reference_set": ["$5 million", "12%", "7.25"]}

    assert reward(several, output) == all_of_them
    assert reward(several, output, {"set_credit": "fraction"}) == pytest.approx(fraction)


def test_a_grade_can_be_audited() -> None:
    found = grade(item("$8231.00", MILLIONS), "It was $8.231 billion.")

    assert (found.answer, found.answer_span) == ("$8.231 billion", (7, 21))
    assert found.reason == (
        "Read '$8.231 billion', expected '$8231.00' million: the same value, but it is in another scale than asked."
    )
    assert found.details == {
        "mode": "strict",
        "container": "whole",
        "read": [{"value": "8.231", "unit": None, "scale": 9, "currency": "$"}],
        "expected": [{"value": "8231.00", "unit": None, "scale": None, "currency": "$"}],
        "compared": [{"read": "8231", "expected": "8231.00", "cause": "equal", "faults": ["scale"]}],
    }
