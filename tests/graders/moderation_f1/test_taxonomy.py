"""A taxonomy is refused where two readers could differ about it."""

from typing import Any

import pytest
from pydantic import ValidationError

from graders.errors import faults_of
from graders.moderation_f1 import v1
from graders.moderation_f1.policy import NO_LABELS
from graders.moderation_f1.taxonomy import Taxonomy
from tests.graders.moderation_f1.grading import DEMO, config_of


def taxonomy(*labels: dict[str, Any], **given: Any) -> Taxonomy:
    return Taxonomy.model_validate({"labels": list(labels), **given})


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        ([{"name": "hate"}, {"name": "Hate"}], "alias_collision"),
        ([{"name": "self-harm"}, {"name": "x", "aliases": ["Self_Harm"]}], "alias_collision"),
        ([{"name": "self/harm"}, {"name": "ｓｅｌｆ－ｈａｒｍ"}], "alias_collision"),
        ([{"name": "hate", "aliases": ["None"]}], "alias_is_negative"),
        ([{"name": "safe"}], "alias_is_negative"),
        ([{"name": "hate", "parent": "abuse"}], "unknown_parent"),
        ([{"name": "hate", "parent": "none"}], "unknown_parent"),
        ([{"name": "a", "parent": "b"}, {"name": "b", "parent": "a"}], "cycle"),
        ([{"name": "a", "parent": "a"}], "cycle"),
        ([{"name": "--"}], "empty_key"),
    ],
)
def test_an_unsound_taxonomy_is_refused_with_its_code(labels: list[dict[str, Any]], code: str) -> None:
    with pytest.raises(ValidationError, match=f"bad_taxonomy:{code}"):
        taxonomy(*labels)


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"labels": [{"name": "a", "weight": -1}]}, "/config/taxonomy/labels/0/weight"),
        ({"labels": [{"name": "a", "weight": float("nan")}]}, "/config/taxonomy/labels/0/weight"),
        ({"labels": [{"name": "a"}, {"nam": "b"}]}, "/config/taxonomy/labels/1/name"),
        ({"labels": []}, "/config/taxonomy"),
        ({"labels": [{"name": "a"}, {"name": "A"}]}, "/config/taxonomy"),
        ("llama-guard-9", "/config/taxonomy"),
        (7, "/config/taxonomy"),
    ],
)
def test_a_fault_in_a_taxonomy_is_pointed_to(sent: Any, pointer: str) -> None:
    with pytest.raises(ValidationError) as caught:
        config_of(taxonomy=sent)

    assert pointer in [fault.pointer for fault in faults_of(caught.value, "/config")]


def test_an_unknown_name_is_answered_with_the_names_that_ship() -> None:
    with pytest.raises(ValidationError, match="llama-guard-3"):
        config_of(taxonomy="llama-guard-9")


def test_order_id_and_repeated_spellings_do_not_change_the_hash() -> None:
    one = taxonomy({"name": "a", "aliases": ["x", "X"]}, {"name": "b", "parent": "a"}, id="one")
    two = taxonomy({"name": "b", "parent": "A"}, {"name": "a", "aliases": ["x"]}, id="two")

    assert one.compiled.hash == two.compiled.hash


@pytest.mark.parametrize(
    "other",
    [
        [{"name": "a"}],
        [{"name": "a"}, {"name": "b"}],
        [{"name": "a"}, {"name": "b", "parent": "a", "aliases": ["y"]}],
        [{"name": "a", "weight": 2}, {"name": "b", "parent": "a"}],
    ],
)
def test_whatever_changes_counts_or_rewards_changes_the_hash(other: list[dict[str, Any]]) -> None:
    assert taxonomy(*other).compiled.hash != taxonomy({"name": "a"}, {"name": "b", "parent": "a"}).compiled.hash


def test_ancestors_of_every_level_complete_a_set() -> None:
    compiled = taxonomy(
        {"name": "a"}, {"name": "b", "parent": "a"}, {"name": "c", "parent": "b"}, {"name": "d"}
    ).compiled

    assert compiled.listed(compiled.closed(0b0100)) == ["a", "b", "c"]
    assert compiled.closed(0b1000) == 0b1000


def test_a_taxonomy_is_checked_once_however_often_its_config_is_read() -> None:
    assert config_of().taxonomy is config_of(taxonomy={**DEMO}).taxonomy


def test_only_the_last_taxonomies_are_kept() -> None:
    first = config_of().taxonomy
    for number in range(80):
        config_of(taxonomy={"labels": [{"name": f"label {number}"}]})

    assert config_of().taxonomy == first
    assert config_of().taxonomy is not first


def test_mode_flag_needs_no_taxonomy() -> None:
    assert v1.Config(mode="flag", format="yes_no", f_ref=0.5).taxonomy is NO_LABELS
