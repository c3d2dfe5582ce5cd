"""A judgement costs time that is linear in the sample, whatever the sample."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pydantic_core import to_json

from graders.api import Sample
from graders.moderation_f1 import v1
from graders.moderation_f1.reading import ANSWER_MAX_LENGTH
from tests.pace import paces_of

FORMATS: list[dict[str, Any]] = [
    {"format": "json"}, {"format": "labels"}, {"format": "openai_moderation"},
    {"format": "openai_moderation", "thresholds": {"default": 0.5}}, {"format": "llama_guard"},
    {"format": "yes_no", "mode": "flag"}, {"format": "binary"}, {"format": "qwen3guard"},
    {"format": "wildguard", "mode": "flag"}, {"format": "nemoguard"},
    {"format": "fields", "mode": "flag", "field": "a b"},
    {"format": "fields", "mode": "flag", "field": "a b", "after": "x"},
]  # fmt: skip
PARTS = {
    "commas": ("", ",", ""), "short names": ("", "a,", ""), "code lines": ("unsafe\n", "S1\n", ""),
    "codes": ("unsafe\n", "S1 ", ""), "blanks": ("a", " ", "x"), "letters": ("a", "b ", ""), "lines": ("", "a b\n", ""),
    "fields": ("", "a b:\n", ""), "colons": ("", ":", ""), "stars": ("", "*", ""), "marks": ("", "* > # - ", "x"),
    "safety": ("Safety: Safe\n", "safe ", ""), "yes": ("Yes. ", "yes ", ""), "fences": ("", "```\n", ""),
    "thinks": ("", "<think></think>", ""), "open thinks": ("", "<think", ""), "brackets": ("", "[", ""),
    "objects": ("", '{"a":', ""), "digits": ('{"labels": [', "9", "]}"),
    "floats": ('{"category_scores": {"a": 0.', "9", "}}"),
    "list": ('{"labels": [""', ',"a"', "]}"), "ligatures": ("", "\ufdfa", ""), "accents": ("a", "\u0301", ""),
    "dashes": ("", "\u2014", ""), "quotes": ('"', '\\"', '"'), "escapes": ('{"labels": ["', "\\u0041", '"]}'),
    "nemo": ('{"User Safety": "unsafe", "Safety Categories": "', "a,", '"}'), "1s": ("", "1", ""),
    "qwen": ("Safety: Unsafe\nCategories: ", "a, ", ""), "dotted": ("", "- .\n", ""),
}  # fmt: skip


def hostile(name: str, size_bytes: int) -> str:
    """An output that is at most `size_bytes` as a sample's JSON."""
    before, part, after = PARTS[name]
    room = size_bytes - sent_bytes(before + after)
    return before + part * (room // (sent_bytes(part) - sent_bytes(""))) + after


def sent_bytes(output: str) -> int:
    return len(to_json({"output_text": output}))


def small_outputs() -> dict[str, str]:
    outputs = {name: hostile(name, v1.SMALL_MAX_BYTES - 11) for name in PARTS}
    outputs["flags"] = json.dumps({"categories": {f"a{number}": True for number in range(115)}})
    outputs["scores"] = json.dumps({"category_scores": {f"a{number}": 1 for number in range(140)}})
    assert all(1_700 < sent_bytes(output) <= v1.SMALL_MAX_BYTES - 11 for output in outputs.values())
    return outputs


def judging(output: str, config: v1.Config, gold: Sequence[str] = ()) -> Callable[[], object]:
    sample, item = Sample(output_text=output), v1.Item(gold=list(gold))
    return lambda: v1.grade(sample, item, config, ())


def configs(taxonomy: Any) -> list[v1.Config]:
    return [v1.Config.model_validate({"taxonomy": taxonomy, "f_ref": 0.5, **format}) for format in FORMATS]


LARGE_NAMES = [f"{number}, b, c; d" for number in range(500)]
LARGE = {
    "labels": [{"name": name, "parent": LARGE_NAMES[at - 1] if at else None} for at, name in enumerate(LARGE_NAMES)]
}


@pytest.mark.parametrize("taxonomy", ["edos-2023", LARGE], ids=["edos", "500 labels"])
def test_what_may_share_a_round_trip_costs_less_than_3_paces(taxonomy: Any) -> None:
    for name, output in small_outputs().items():
        for config in configs(taxonomy):
            assert paces_of(judging(output, config), limit=3) < 3, (name, config.format)


def test_a_large_item_costs_less_than_3_paces() -> None:
    config = v1.Config.model_validate({"taxonomy": LARGE, "reward": "cost", "hierarchy": "ancestors"})
    gold = LARGE_NAMES[: v1.SMALL_MAX_BYTES // 17]

    assert paces_of(judging('{"labels": []}', config, gold), limit=3) < 3


@pytest.mark.parametrize("name", PARTS)
def test_the_longest_text_of_any_kind_costs_less_than_60_paces(name: str) -> None:
    for config in configs("edos-2023"):
        for output in (hostile(name, ANSWER_MAX_LENGTH), hostile(name, 1_000_000)):
            assert paces_of(judging(output, config), limit=60) < 60
