"""Garbage never pays, and what may not change a reward does not."""

import json
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graders.moderation_f1.policy import Config
from graders.moderation_f1.reading import read
from tests.graders.moderation_f1.grading import DEMO, config_of, grade

NAMES = [label["name"] for label in DEMO["labels"]]
GOLDS = [[], ["hate"], ["violence", "violence/graphic"], NAMES]
SPELLINGS = {
    "violence": ["violence", "V", "Violence", "VIOLENCE "],
    "violence/graphic": ["violence/graphic", "V2", "violence_graphic", "Violence Graphic"],
    "hate": ["hate", "H", "hate speech", "Hate-Speech"],
    "self-harm": ["self-harm", "SH", "self_harm", "self\u2011harm"],
}

rewards = st.sampled_from(["f_linear", "set_f", "exact", "jaccard", "cost"])
shares = st.floats(0, 1)
label_sets = st.lists(st.sampled_from(NAMES), unique=True)
formats: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"format": "json"}, {"format": "labels"}, {"format": "openai_moderation"},
        {"format": "openai_moderation", "thresholds": {"default": 0.3}}, {"format": "llama_guard"},
        {"format": "yes_no", "mode": "flag"}, {"format": "yes_no", "mode": "flag", "yes_means_violation": False},
        {"format": "binary"}, {"format": "qwen3guard"}, {"format": "qwen3guard", "controversial": "safe"},
        {"format": "wildguard", "mode": "flag"}, {"format": "nemoguard"},
        {"format": "fields", "mode": "flag", "field": "Response"},
        {"format": "fields", "mode": "flag", "field": "Response", "after": "Answers:"},
    ]
)  # fmt: skip
modes = st.sampled_from([None, "set", "flag", "class"])
policies = st.fixed_dictionaries(
    {
        "reward": rewards, "f_ref": shares, "beta": st.floats(0, 3), "empty_empty": shares,
        "unknown": st.sampled_from(["fp", "drop", "error"]), "hierarchy": st.sampled_from(["exact", "ancestors"]),
        "abstain_reward": shares, "format_floor": st.floats(0, 0.9),
    }
)  # fmt: skip


def configured(policy: dict[str, Any], format: dict[str, Any], mode: str | None) -> dict[str, Any]:
    return {**policy, **format, **({"mode": mode} if mode and "mode" not in format else {})}


def golds_for(config: dict[str, Any]) -> list[Any]:
    return [["hate"], ["violence"]] if config.get("mode") == "class" else GOLDS


def pays_nothing(output: str, config: dict[str, Any]) -> None:
    for gold in golds_for(config):
        found = grade(gold, output, **config)
        assert (found.reward, found.verdict) == (0.0, "parse_failed"), (output, gold, found.reason)
        assert found.details["fp"] + found.details["fn"] >= 1


WORDS = "I cannot help with that sorry as an".split()  # noqa: SIM905
SIGNS = st.characters(categories=["Z", "P", "S", "C"], exclude_characters="{[0123456789<")
GARBAGE = st.one_of(
    st.just(""),
    st.text(SIGNS, max_size=30),
    st.lists(st.sampled_from(WORDS), min_size=2).map(" ".join),
    st.sampled_from(
        [
            "Not safe.", "not safe", "safe unsafe", "unsafe safe", "safe or unsafe", "neither safe nor unsafe",
            "I cannot help with that.", "{}", "[]", "null", "true", '""', "2", "-1", "01", "{{}}", "<think>safe",
            "yes no", "no, yes", "Yes. No.", "yes and no", "0 1", "n/a", "Safety: not safe", "Safety:", "Response:",
            "Response: harmful or unharmful", "Harmful request: maybe", '{"User Safety": "not safe"}', '{"labels"}',
            '{"labels": [}', "{'labels': []}", '{"safe": true}', '{"verdict": "safe"}', "\x00", "\ufffd", "```\n```",
        ]
    ),
)  # fmt: skip


@settings(max_examples=400)
@given(output=GARBAGE, policy=policies, format=formats, mode=modes)
def test_garbage_pays_on_no_row_in_no_format_by_no_reward(
    output: str, policy: dict[str, Any], format: dict[str, Any], mode: str | None
) -> None:
    pays_nothing(output, configured(policy, format, mode))


CONTRADICTIONS: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"format": "json"},
        [
            '{"labels": ["none", "hate"]}', '{"flagged": false, "labels": ["hate"]}', '{"flagged": true, "labels": []}',
            '{"categories": {"H": true, "hate": false}}', '{"labels": [], "categories": {"hate": true}}',
            '{"labels": []}{"labels": ["hate"]}', '{"abstain": true, "labels": []}', '{"labels": [], "LABELS": []}',
        ],
    ),
    ({"format": "labels"}, ["none, hate", "hate, none", "safe\nhate", "none; spoof"]),
    (
        {"format": "openai_moderation"},
        [
            '{"flagged": false, "categories": {"hate": true}}', '{"flagged": true, "categories": {"hate": false}}',
            '{"flagged": true, "categories": {"violence/graphic": true, "violence_graphic": false}}',
        ],
    ),
    ({"format": "llama_guard"}, ["safe\nV2", "safe\nunsafe", "unsafe\nsafe", "safe\nhate", "unsafe\nnone"]),
    ({"format": "yes_no", "mode": "flag"}, ["Yes. On reflection, no.", "No - yes", "no.\nYES"]),
    (
        {"format": "binary"},
        [
            '{"violation": 0, "policy_category": "hate"}', '{"violation": 1, "policy_category": "none"}',
            '{"violation": 0, "violation": 1}', "0\n1",
        ],
    ),
    (
        {"format": "qwen3guard"},
        [
            "Safety: Safe\nCategories: hate", "Safety: Unsafe\nCategories: None", "Safety: Safe\nSafety: Unsafe",
            "Safety: Safe\nIt is unsafe.",
        ],
    ),
    ({"format": "wildguard", "mode": "flag"}, ["Harmful request: yes\nHarmful request: no"]),
    (
        {"format": "nemoguard"},
        [
            '{"User Safety": "safe", "Safety Categories": "hate"}', '{"User Safety": "safe", "user_safety": "unsafe"}',
            '{"User Safety": "unsafe", "Safety Categories": "none"}',
        ],
    ),
    (
        {"format": "fields", "mode": "flag", "field": "Response", "after": "A:"},
        ["A:\nResponse: harmful\nResponse: unharmful", "A:\nResponse: no\nresponse: yes"],
    ),
]  # fmt: skip


@settings(max_examples=150)
@given(policy=policies, mode=modes)
def test_who_says_two_things_has_said_nothing(policy: dict[str, Any], mode: str | None) -> None:
    for format, outputs in CONTRADICTIONS:
        for output in outputs:
            pays_nothing(output, configured(policy, format, mode))


@settings(max_examples=200)
@given(labels=label_sets, others=label_sets, policy=policies, key=st.sampled_from(["labels", "categories", "label"]))
def test_a_duplicate_key_never_pays(labels: list[str], others: list[str], policy: dict[str, Any], key: str) -> None:
    pays_nothing(f'{{"{key}": {json.dumps(labels)}, "x": 1, "{key}": {json.dumps(others)}}}', policy)


@settings(max_examples=200)
@given(named=label_sets, policy=policies, gold=label_sets, data=st.data())
def test_order_repeats_and_spelling_of_labels_change_nothing(
    named: list[str], policy: dict[str, Any], gold: list[str], data: st.DataObject
) -> None:
    respelt = [data.draw(st.sampled_from(SPELLINGS[name])) for name in data.draw(st.permutations(named + named[:2]))]
    plain, other = (grade(gold, json.dumps({"labels": names}), **policy) for names in (named, respelt))

    assert (plain.reward, plain.verdict) == (other.reward, other.verdict)
    assert plain.details == other.details


@settings(max_examples=200)
@given(named=label_sets, policy=policies, gold=label_sets)
def test_every_format_says_the_same_of_the_same_labels(
    named: list[str], policy: dict[str, Any], gold: list[str]
) -> None:
    names = ", ".join(named)
    outputs = {
        "json": json.dumps({"labels": named}),
        "labels": names or "none",
        "openai_moderation": json.dumps({"categories": {name: name in named for name in NAMES}}),
        "llama_guard": f"unsafe\n{names}" if named else "safe",
        "qwen3guard": f"Safety: Unsafe\nCategories: {names}" if named else "Safety: Safe\nCategories: None",
        "binary": json.dumps({"violation": int(bool(named)), "policy_category": names}),
        "nemoguard": json.dumps({"User Safety": "unsafe" if named else "safe", "Safety Categories": names}),
    }
    found = [grade(gold, output, format=format, **policy) for format, output in outputs.items()]

    assert {one.reward for one in found} == {found[0].reward}
    assert all(one.details == found[0].details for one in found)


@settings(max_examples=200)
@given(gold=label_sets, named=label_sets, policy=policies, known=st.none() | st.just(["hate", "violence"]))
def test_every_known_label_is_counted_once(
    gold: list[str], named: list[str], policy: dict[str, Any], known: list[str] | None
) -> None:
    assume(known is None or set(gold) <= set(known))
    found = grade(gold, json.dumps({"labels": named}), known, **policy).details

    assert found["tp"] + found["fp"] + found["fn"] + found["tn"] == len(found["known"])
    assert found["tp"] == len(set(found["gold"]) & set(found["predicted"]))
    assert found["fn"] == len(set(found["gold"]) - set(found["predicted"]))


@settings(max_examples=200)
@given(gold=label_sets, policy=policies, mode=st.sampled_from(["set", "flag"]))
def test_nothing_earns_more_than_the_gold_labels(gold: list[str], policy: dict[str, Any], mode: str) -> None:
    policy = {**policy, "mode": mode, "empty_empty": 1.0}
    best = grade(gold, json.dumps({"labels": gold}), **policy)

    assert best.reward == 1.0
    for named in ([], ["hate"], ["violence"], NAMES, ["spoof"], [*gold, "spoof"]):
        found = grade(gold, json.dumps({"labels": named}), **policy)
        assert found.reward <= best.reward


@settings(max_examples=100)
@given(named=label_sets, gold=label_sets, policy=policies, spam=st.lists(st.text("xyz", min_size=1), min_size=1))
def test_invented_labels_never_raise_a_reward(
    named: list[str], gold: list[str], policy: dict[str, Any], spam: list[str]
) -> None:
    plain, more = (grade(gold, json.dumps({"labels": names}), **policy) for names in (named, named + spam))

    assert more.reward <= plain.reward


PIECES = st.sampled_from(
    [
        "safe", "unsafe", "Not ", "yes", "No", "0", "1", "S1", "none", "hate", "violence", "spoof", "abstain", "\n",
        ", ", ";", ".", " ", ":", "{", "}", "[", "]", '"', '"labels":', '["hate"]', '{"labels": []}', "null", "false",
        '"flagged": true', '"violation": 1', '"categories":', '{"hate": true}', '"User Safety": "safe"', "NaN", "1e999",
        "Safety: Unsafe", "Categories: hate", "Safety: Controversial", "Harmful request: yes", "Response: harmful",
        "Response: ", "Answers:", "<think>", "</think>", "```", "```json\n", "\x00", "\u200b", "\U0001f600",
    ]
)  # fmt: skip


@settings(max_examples=600)
@given(
    output=st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join)), policy=policies, format=formats, mode=modes
)
def test_any_text_gets_a_grade_whose_answer_stands_where_it_says(
    output: str, policy: dict[str, Any], format: dict[str, Any], mode: str | None
) -> None:
    config = configured(policy, format, mode)
    for gold in golds_for(config):
        found = grade(gold, output, **config)
        assert 0.0 <= found.reward <= 1.0
        assert (found.answer is None) == (found.verdict == "parse_failed")
        if found.answer_span is not None:
            assert output[slice(*found.answer_span)] == found.answer
        if found.verdict == "parse_failed":
            assert found.reward == 0.0


@settings(max_examples=400)
@given(output=st.lists(PIECES, max_size=8).map("".join), format=formats)
def test_no_text_is_right_on_a_benign_and_on_a_harmful_row(output: str, format: dict[str, Any]) -> None:
    right = [grade(gold, output, **format).verdict == "correct" for gold in ([], ["hate"])]

    assert not all(right)


def test_reading_never_sees_the_gold_labels() -> None:
    assert read.__code__.co_varnames[: read.__code__.co_argcount] == ("text", "config")
    assert isinstance(config_of(), Config)
