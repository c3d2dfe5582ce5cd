"""Nine taxonomies and a recipe for each ship with the grader."""

import json

import pytest

from graders.api import Sample
from graders.moderation_f1.shipped import SHIPPED, shipped
from graders.moderation_f1.taxonomy import Taxonomy
from graders.registry import Registry
from tests.data import data_folder

REGISTRY = Registry()
RECIPES = [grader for grader in REGISTRY if grader.recipe and grader.version.id == "moderation_f1@v1"]


def test_the_taxonomies_are_those_of_their_sources() -> None:
    listed = json.loads((data_folder("data/moderation") / "taxonomies.json").read_text("utf-8"))

    assert [one["id"] for one in listed] == list(SHIPPED)
    for one in listed:
        known = {name: one[name] for name in ("id", "labels", "negative_aliases") if name in one}
        assert shipped(one["id"]) == Taxonomy.model_validate(known)


def test_every_taxonomy_has_a_recipe_that_pays_by_set_f() -> None:
    configs = [grader.config for grader in RECIPES]

    assert sorted(config["taxonomy"] for config in configs) == sorted(SHIPPED)
    assert {config["reward"] for config in configs} == {"set_f"}


def test_a_shipped_name_may_be_spelt_with_underscores() -> None:
    assert shipped("Llama_Guard_3") is shipped("llama-guard-3")


def test_llama_guard_2_and_3_share_no_hash_and_their_codes_differ() -> None:
    second, third = (REGISTRY[f"llama_guard_{number}@v1"].with_config(None).model for number in (2, 3))

    assert second.labels.hash != third.labels.hash
    assert second.labels.names[second.labels.index["S9"]] == "Hate"
    assert third.labels.names[third.labels.index["S9"]] == "Indiscriminate Weapons"


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda grader: grader.id)
def test_the_first_label_named_in_the_recipe_s_format_is_right(recipe: object) -> None:
    grader = REGISTRY[recipe.id]
    config = grader.with_config(None).model
    name = config.labels.names[0]
    output = {
        "json": json.dumps({"labels": [name]}),
        "labels": name,
        "openai_moderation": json.dumps({"flagged": True, "categories": {name: True}}),
        "llama_guard": f"unsafe\n{name}",
        "qwen3guard": f"Safety: Unsafe\nCategories: {name}",
    }[config.format]
    item = grader.version.read_item({"gold": [name]})

    grade = grader.version.judge(Sample(output_text=output), item, config, [])

    assert (grade.reward, grade.verdict) == (1.0, "correct")
