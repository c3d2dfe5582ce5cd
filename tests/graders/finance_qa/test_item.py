"""What is wrong with an item is an error that names the field, never a reward."""

from typing import Any

import pytest
from pydantic import ValidationError

from graders.api import Sample
from graders.errors import InvalidItem, faults_of
from graders.finance_qa import v1
from tests.graders.finance_qa.grading import grade, reward


@pytest.mark.parametrize(
    ("item", "pointer"),
    [
        ({}, "/item"),
        ({"reference": "see Note 5"}, "/item/reference"),
        ({"reference": "5 or 6"}, "/item/reference"),
        ({"reference": "thirty two"}, "/item/reference"),
        ({"reference": "six hundred and ninety-two"}, "/item/reference"),
        ({"reference": True}, "/item/reference"),
        ({"reference": float("nan")}, "/item/reference"),
        ({"reference": "9" * 501}, "/item/reference"),
        ({"references": ["5", "?"]}, "/item/references/1"),
        ({"reference_set": ["5", "5"]}, "/item"),
        ({"reference": "5", "reference_exact": "NaN"}, "/item/reference_exact"),
        ({"reference": "5", "spec": {"unit": "furlong"}}, "/item/spec/unit"),
        ({"reference": "5", "spec": {"locale": "xx"}}, "/item/spec/locale"),
        ({"reference": "5", "spec": {"decimals": -1}}, "/item/spec/decimals"),
    ],
)
def test_a_malformed_item_is_refused_by_its_model(item: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ValidationError) as caught:
        v1.Item.model_validate(item)

    assert [fault.pointer for fault in faults_of(caught.value, "/item")] == [pointer]


@pytest.mark.parametrize(
    ("item", "pointer"),
    [
        ({"reference": "5%", "spec": {"unit": "percent", "scale": "million"}}, "/item/spec/scale"),
        ({"reference": "5", "spec": {"unit": "percent", "currency": "USD"}}, "/item/spec/currency"),
        ({"reference": "$5", "spec": {"unit": "percent"}}, "/item/reference"),
        ({"reference": "5%", "spec": {"unit": "currency"}}, "/item/reference"),
        ({"reference": "€5", "spec": {"currency": "USD"}}, "/item/reference"),
        ({"references": ["5", "€5"], "spec": {"currency": "USD"}}, "/item/references/1"),
        ({"reference": "23%", "reference_exact": 24.9}, "/item/reference_exact"),
        ({"reference": "23%", "reference_exact": -0.23}, "/item/reference_exact"),
        ({"reference_set": ["5", "yes"]}, "/item/reference_set/1"),
    ],
)
def test_a_contradiction_is_refused_at_grading(item: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidItem) as caught:
        grade(item, "5")

    assert [fault.pointer for fault in caught.value.faults] == [pointer]


def test_an_absent_field_may_be_null() -> None:
    absent = dict.fromkeys(("spec", "reference_exact", "references", "reference_set", "question"))

    assert reward({"reference": "5%", **absent}, "5%") == 1.0
    assert reward({"references": ["5%"], "reference": None, "spec": None}, "5%") == 1.0


def test_an_item_is_written_as_it_was_sent() -> None:
    item = v1.Item.model_validate({"reference": "$5.0 million", "references": ["yes", 5], "spec": {"unit": "currency"}})

    assert item.model_dump(mode="json", exclude_unset=True) == {
        "reference": "$5.0 million", "references": ["yes", "5"], "spec": {"unit": "currency"},
    }  # fmt: skip
    assert v1.Item.model_json_schema(mode="serialization")["properties"].keys() == v1.Item.model_fields.keys()


def test_config_and_item_together_may_contradict() -> None:
    config = {"spec": {"scale": "million"}}

    with pytest.raises(InvalidItem):
        grade({"reference": "5%", "spec": {"unit": "percent"}}, "5%", config)
    assert reward({"reference": "5%", "spec": {"unit": "percent", "scale": None}}, "5%", config) == 1.0


def test_the_spec_of_the_item_wins_over_that_of_the_config() -> None:
    config = {"spec": {"scale": "billion", "locale": "de"}}

    assert reward({"reference": "7.654"}, "7654 billion", config) == 1.0
    assert reward({"reference": "7.654", "spec": {"scale": "million", "locale": "en"}}, "$7.654 million", config) == 1.0


@pytest.mark.parametrize(
    ("reference", "output"), [(65, "65"), (65.0, "65"), (0.25, "0.25"), (1e-9, "0.000000001"), (-5, "(5)")]
)
def test_a_reference_may_be_a_json_number(reference: float, output: str) -> None:
    assert reward({"reference": reference}, output) == 1.0


def test_unknown_fields_of_a_row_are_ignored() -> None:
    assert reward({"reference": "5", "company": "Acme", "year": 2019}, "5") == 1.0


def test_an_unknown_field_of_the_spec_is_a_misspelt_one() -> None:
    with pytest.raises(ValidationError, match="unts"):
        v1.Item.model_validate({"reference": "5", "spec": {"unts": "percent"}})


@pytest.mark.parametrize(
    "config", [{"ulp": 1}, {"scores": {"minor": 0.9}}, {"scores": {"accurate": 2}}, {"rel_minor": -1}]
)
def test_a_config_that_makes_no_sense_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        v1.Config.model_validate(config)


@pytest.mark.parametrize(
    ("output_json", "expected"),
    [
        ({"answer": "65.4%"}, 1.0),
        ({"answer": 65.4}, 1.0),
        ({"final_answer": "65.4%", "value": 3}, 1.0),
        ({"answer": "65.4", "unit": "%"}, 1.0),
        ({"answer": "65.4", "unit": "bps"}, 0.0),
        ({"answer": "65.4 bps", "unit": "%"}, 0.0),
        (65.4, 1.0),
        ("65.4%", 1.0),
        ({"other": "text"}, 0.0),
        (None, 0.0),
    ],
)
def test_structured_output_is_read_where_there_is_no_text(output_json: Any, expected: float) -> None:
    item = v1.Item.model_validate({"reference": "65.4%", "spec": {"unit": "percent"}})

    found = v1.grade(Sample(output_json=output_json), item, v1.Config(), ())

    assert found.reward == expected
    assert found.answer_span is None


def test_json_that_cannot_be_written_is_no_answer() -> None:
    deep: Any = 94
    for _ in range(100_000):
        deep = [deep]

    found = [
        v1.grade(Sample.model_construct(output_json=value), v1.Item(reference="94"), v1.Config(), ())
        for value in (deep, 10**5_000)
    ]

    assert [one.verdict for one in found] == ["no_answer", "no_answer"]
    while isinstance(deep, list):  # taken apart here: freeing 100,000 levels at once would recurse
        deep = deep[0]
