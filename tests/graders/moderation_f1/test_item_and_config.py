"""What is wrong with an item or a config is an error that names the field and a code, never a reward."""

from typing import Any

import pytest
from pydantic import ValidationError

from graders.api import Sample
from graders.errors import InvalidItem, faults_of
from graders.moderation_f1 import v1
from tests.graders.moderation_f1.grading import config_of, grade


@pytest.mark.parametrize(
    ("gold", "known", "mode", "pointer", "code"),
    [
        (["hate", "bogus"], None, "set", "/item/gold/1", "unknown_gold_label"),
        ("bogus", None, "set", "/item/gold/0", "unknown_gold_label"),
        (["hate"], ["violence"], "set", "/item/gold", "gold_outside_known"),
        (["hate"], ["bogus"], "set", "/item/known/0", "unknown_label"),
        (["hate"], ["none"], "set", "/item/known/0", "unknown_label"),
        ([], [], "set", "/item/known", "nothing_known"),
        (["none", "hate"], None, "set", "/item/gold", "gold_contradiction"),
        (["hate", "violence"], None, "class", "/item/gold", "not_one_label"),
        ([], None, "class", "/item/gold", "not_one_label"),
        (True, None, "set", "/item/gold", "bad_label"),
        (0, None, "class", "/item/gold", "bad_label"),
        (True, ["hate"], "flag", "/item/gold", "bad_label"),
    ],
)
def test_an_unusable_item_is_refused_whatever_the_output(
    gold: Any, known: list[str] | None, mode: str, pointer: str, code: str
) -> None:
    for output in ('{"labels": ["hate"]}', "", "garbage"):
        with pytest.raises(InvalidItem, match=code) as caught:
            grade(gold, output, known, mode=mode)

        assert [fault.pointer for fault in caught.value.faults] == [pointer]
        assert caught.value.faults[0].detail.startswith(code + ": ")


@pytest.mark.parametrize(
    ("item", "pointer"),
    [
        ({}, "/item/gold"),
        ({"gold": None}, "/item/gold"),
        ({"gold": 2}, "/item/gold"),
        ({"gold": 1.0}, "/item/gold"),
        ({"gold": {"hate": True}}, "/item/gold"),
        ({"gold": [1]}, "/item/gold"),
        ({"gold": [], "known": "hate"}, "/item/known"),
    ],
)
def test_a_malformed_item_is_refused_by_its_model(item: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ValidationError) as caught:
        v1.Item.model_validate(item)

    assert all(fault.pointer.startswith(pointer) for fault in faults_of(caught.value, "/item"))


@pytest.mark.parametrize(
    ("gold", "mode", "expected"),
    [
        (["Hate Speech", "H", "hate"], "set", ["hate"]),
        ("hate", "set", ["hate"]),
        (["none"], "set", []),
        ("safe", "set", []),
        (["V"], "flag", ["violence"]),
        (1, "flag", []),
    ],
)
def test_gold_may_be_spelt_as_datasets_do(gold: Any, mode: str, expected: list[str]) -> None:
    assert grade(gold, '{"labels": []}', mode=mode).details["gold"] == expected


def test_gold_that_only_flags_flags() -> None:
    assert [grade(gold, '{"flagged": true}', mode="flag").reward for gold in (True, 1, False, 0)] == [1, 1, 0, 0]


def test_unknown_columns_of_a_row_are_ignored() -> None:
    assert v1.Item.model_validate({"gold": [], "group_id": "g", "text": "hello"}).gold == []


@pytest.mark.parametrize(
    ("given", "pointer", "says"),
    [
        ({"reward": "f_linear"}, "/config/f_ref", "needs `f_ref`"),
        ({"f_ref": 1.5}, "/config/f_ref", "1"),
        ({"f_ref": float("nan")}, "/config/f_ref", "finite"),
        ({"beta": -1}, "/config/beta", "0"),
        ({"beta": float("inf")}, "/config/beta", "finite"),
        ({"format": "yes_no"}, "/config/format", "mode `flag`"),
        ({"format": "guess"}, "/config/format", "json"),
        ({"format_floor": 1}, "/config/format_floor", "less than 1"),
        ({"scale": 0}, "/config/scale", "greater than 0"),
        ({"w_fn": -1}, "/config/w_fn", "0"),
        ({"w_fn": 0, "w_fp": 0}, "/config", "nothing would cost anything"),
        ({"thresholds": {}}, "/config", "read only by the format openai_moderation"),
        ({"format": "openai_moderation", "thresholds": {"bogus": 0.5}}, "/config/thresholds", "'bogus' is no label"),
        ({"format": "openai_moderation", "thresholds": {"none": 0.5}}, "/config/thresholds", "'none' is no label"),
        ({"format": "openai_moderation", "thresholds": {"hate": 2}}, "/config/thresholds/hate", "1"),
        ({"controversial": "safe"}, "/config", "read only by the format qwen3guard"),
        ({"mode": "flag", "format": "fields"}, "/config/field", "needs the name of the field"),
        ({"mode": "flag", "format": "wildguard", "field": "mood"}, "/config/field", "harmful request"),
        ({"mode": "flag", "format": "fields", "field": "x", "positive": ["No"]}, "/config", "`positive` and in `neg"),
        ({"rewards": "set_f"}, "/config/rewards", "Extra"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused_with_what_to_do(
    given: dict[str, Any], pointer: str, says: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        config_of(**given)

    faults = faults_of(caught.value, "/config")
    assert [fault.pointer for fault in faults] == [pointer]
    assert says in faults[0].detail


def test_a_config_without_labels_is_refused_where_labels_are_counted() -> None:
    for mode in ("set", "class"):
        with pytest.raises(ValidationError, match="bad_taxonomy:missing"):
            v1.Config(mode=mode, reward="set_f")


@pytest.mark.parametrize(
    ("output_json", "expected"),
    [({"labels": ["hate"]}, 1.0), ({"labels": ["V"]}, 0.0), ({"other": 1}, 0.0), (None, 0.0), ("hate", 0.0)],
)
def test_structured_output_is_read_where_there_is_no_text(output_json: Any, expected: float) -> None:
    found = v1.grade(Sample(output_json=output_json), v1.Item(gold=["hate"]), config_of(), ())

    assert found.reward == expected
    assert found.answer_span is None


def test_json_that_cannot_be_written_is_no_answer() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]

    found = v1.grade(Sample.model_construct(output_json=deep), v1.Item(gold=[]), config_of(), ())

    assert (found.reward, found.details["parse_error"]) == (0.0, "empty_output")
    while deep:  # taken apart here: freeing 100,000 levels at once would recurse
        deep = deep[0]


def test_the_span_is_the_answer_without_reasoning_and_fence() -> None:
    output = '<think>\U0001f600 hm</think>\n```json\n{"labels": ["hate"]}\n```\n'

    found = grade(["hate"], output)

    assert found.answer == '{"labels": ["hate"]}'
    assert found.answer_span is not None
    assert output[slice(*found.answer_span)] == found.answer
