"""In a group, samples share the F of their corpora, whatever their order."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.api import Credited, Member, Sample
from graders.errors import InvalidCredit
from graders.moderation_f1 import v1
from graders.moderation_f1.rewarding import f_beta
from graders.registry import Registry
from tests.data import data_folder

VERSION = Registry()["moderation_f1@v1"].version
FLAG = {"mode": "flag", "f_ref": 0.5}
SAID = {(1, 0, 0): (True, True), (0, 1, 0): (False, True), (0, 0, 1): (True, False), (0, 0, 0): (False, False)}
"""From true positives, false positives and false negatives to gold and answer in mode `flag`."""


def member(item_id: str, rollout: int | None, gold: Any, output: str | None, **columns: Any) -> Member:
    """One sample in mode `flag`; without an output, it could not be judged."""
    item = v1.Item.model_validate({"gold": gold, **columns})
    config = v1.Config.model_validate(FLAG)
    grade = None if output is None else v1.grade(Sample(output_text=output), item, config, ())
    return Member(grade, item, item_id, rollout)


def flagged(item_id: str, rollout: int | None, gold: bool, answer: bool, **columns: Any) -> Member:
    return member(item_id, rollout, gold, json.dumps({"flagged": answer}), **columns)


def credit(members: list[Member], **given: Any) -> Credited:
    return VERSION.credit(members, VERSION.read_config(FLAG), VERSION.read_credit(given))


@pytest.mark.parametrize("kind", ["team", "marginal"])
def test_groups_earn_what_the_reference_says(kind: str) -> None:
    file = data_folder("data/moderation") / "worked_examples.jsonl"
    rows = [row for row in map(json.loads, file.read_text("utf-8").splitlines()) if row["op"] == kind]

    assert rows
    for row in rows:
        places: dict[int, int] = {}
        members = []
        for sample in row["rows"]:
            place = places[sample["corpus"]] = places.get(sample["corpus"], -1) + 1
            members.append(flagged(f"i{place}", sample["corpus"], *SAID[sample["tp"], sample["fp"], sample["fn"]]))
        prior = {"prior": dict(zip(("tp", "fp", "fn"), row["prior"], strict=True))} if "prior" in row else {}
        assert credit(members, kind=kind, **prior).rewards == pytest.approx(row["expected"]["rewards"], abs=1e-12)


def two_rollouts() -> list[Member]:
    return [
        flagged("a", 0, True, True), flagged("b", 0, False, True), flagged("a", 1, True, False),
        flagged("b", 1, False, False),
    ]  # fmt: skip


def test_every_sample_of_a_team_earns_the_f_of_its_rollout_and_the_block_shows_it() -> None:
    found = credit(two_rollouts())

    assert found.rewards == (2 / 3, 2 / 3, 0.0, 0.0)
    assert found.block == {
        "kind": "team", "beta": 1.0, "zero_division": 0, "prior": None, "excluded": [], "warnings": [],
        "corpora": [
            {"rollout": 0, "value": None, "samples": 2, "tp": 1, "fp": 1, "fn": 0, "f": 2 / 3},
            {"rollout": 1, "value": None, "samples": 2, "tp": 0, "fp": 0, "fn": 1, "f": 0.0},
        ],
    }  # fmt: skip


def test_a_marginal_credit_is_what_f_would_lose_without_the_sample() -> None:
    assert credit(two_rollouts(), kind="marginal").rewards == (2 / 3, 2 / 3 - 1, 0.0, 0.0)


def test_kind_none_leaves_every_sample_its_own_reward() -> None:
    members = two_rollouts()

    found = credit(members, kind="none")

    assert found.rewards == tuple(one.grade.reward for one in members if one.grade)
    assert [corpus["f"] for corpus in found.block["corpora"]] == [2 / 3, 0.0]


def test_beta_is_that_of_the_config_unless_the_credit_has_its_own() -> None:
    config = VERSION.read_config({**FLAG, "beta": 2})
    members = two_rollouts()

    assert VERSION.credit(members, config, v1.Credit()).rewards[0] == f_beta(1, 1, 0, 2, 0)
    assert VERSION.credit(members, config, v1.Credit(beta=0.5)).rewards[0] == f_beta(1, 1, 0, 0.5, 0)


def test_a_sample_without_a_judgement_takes_its_item_out_of_every_corpus() -> None:
    members = [*two_rollouts(), member("c", 0, True, '{"flagged": true}'), member("c", 1, True, None)]

    found = credit(members)

    assert found.rewards == (2 / 3, 2 / 3, 0.0, 0.0, None, None)
    assert found.block["excluded"] == ["c"]
    assert [corpus["samples"] for corpus in found.block["corpora"]] == [2, 2]
    assert found.block["warnings"] == []


def test_an_item_that_is_none_is_excluded_too() -> None:
    found = credit([*two_rollouts(), Member(None, None, "c", 0)])

    assert found.rewards == (2 / 3, 2 / 3, 0.0, 0.0, None)
    assert found.block["excluded"] == ["c"]


def test_who_is_left_alone_by_others_that_were_not_judged_earns_nothing_and_is_no_error() -> None:
    broken = [member("b", 0, False, None), Member(None, None, "b", 0)]

    for other in broken:
        for kind in ("team", "marginal"):
            assert credit([flagged("a", 0, True, True), other], kind=kind).rewards == (None, None)
    assert credit([flagged("a", 0, True, True), broken[0]], kind="none").rewards == (1.0, None)


@pytest.mark.parametrize("kind", ["team", "marginal"])
def test_a_corpus_of_one_sample_is_refused(kind: str) -> None:
    with pytest.raises(InvalidCredit, match="corpus_too_small") as caught:
        credit([flagged("a", 0, True, True), flagged("a", 1, True, False)], kind=kind)

    assert [fault.pointer for fault in caught.value.faults] == ["/credit/kind"]


def test_a_prior_makes_a_corpus_of_one_sample_large_enough() -> None:
    prior = {"tp": 86, "fp": 14, "fn": 14}

    found = credit([flagged("a", 0, False, True)], kind="marginal", prior=prior)

    assert found.rewards[0] == pytest.approx(172 / 201 - 0.86)
    assert found.block["prior"] == prior


def test_an_empty_prior_is_none() -> None:
    with pytest.raises(InvalidCredit, match="corpus_too_small"):
        credit([flagged("a", 0, True, True)], kind="marginal", prior={"tp": 0, "fp": 0, "fn": 0})


def test_a_corpus_without_positives_is_warned_of() -> None:
    members = [flagged("a", 0, False, True), flagged("b", 0, False, False)]

    assert credit(members, kind="marginal").block["warnings"][0].startswith("no_positive_in_corpus")
    assert credit(members, kind="marginal", prior={"tp": 1, "fp": 0, "fn": 0}).block["warnings"] == []


@pytest.mark.parametrize(("zero_division", "expected"), [(0, 0.0), (1, 1.0)])
def test_silence_where_nothing_was_to_be_found_earns_zero_division(zero_division: int, expected: float) -> None:
    members = [flagged("a", 0, False, False), flagged("b", 0, False, False)]

    assert credit(members, zero_division=zero_division).rewards == (expected, expected)


def test_rollouts_that_hold_other_items_are_warned_of() -> None:
    members = [*two_rollouts(), flagged("c", 0, True, True)]

    assert [warning.split(":")[0] for warning in credit(members).block["warnings"]] == ["unbalanced_corpora"]


def test_an_item_field_may_part_the_corpora() -> None:
    members = [
        flagged(item_id, rollout, gold, answer, source=source)
        for source in ("mail", "chat")
        for rollout in (0, 1)
        for item_id, gold, answer in ((f"{source} 1", True, source == "mail"), (f"{source} 2", False, rollout == 1))
    ]

    found = credit(members, corpus_key="source")

    assert found.rewards == (1.0, 1.0, 2 / 3, 2 / 3, 0.0, 0.0, 0.0, 0.0)
    assert found.block["warnings"] == []
    assert {(one["value"], one["rollout"]) for one in found.block["corpora"]} == {
        ("mail", 0), ("mail", 1), ("chat", 0), ("chat", 1),
    }  # fmt: skip


@pytest.mark.parametrize("columns", [{}, {"source": None}, {"source": ["mail"]}])
def test_an_item_without_the_corpus_key_is_an_error(columns: dict[str, Any]) -> None:
    members = [flagged("a", 0, True, True, **columns), flagged("b", 0, True, True, source="mail")]

    with pytest.raises(InvalidCredit, match="corpus_key_missing") as caught:
        credit(members, corpus_key="source")

    assert [fault.pointer for fault in caught.value.faults] == ["/credit/corpus_key"]


def test_samples_of_one_item_need_rollout_indices() -> None:
    with pytest.raises(InvalidCredit, match="rollout_missing"):
        credit([flagged("a", None, True, True), flagged("a", None, True, False), flagged("b", None, True, True)])


def test_without_rollout_indices_samples_of_different_items_are_one_corpus() -> None:
    assert credit([flagged("a", None, True, True), flagged("b", None, True, False)]).rewards == (2 / 3, 2 / 3)


def test_garbage_counts_against_the_team_on_every_row() -> None:
    right = [flagged("a", 0, True, True), flagged("b", 0, False, False), flagged("c", 0, True, True)]
    before = credit(right).rewards[0]

    for place, gold in ((0, True), (1, False)):
        members = list(right)
        members[place] = member(right[place].item_id, 0, gold, "Not safe.")
        assert before is not None
        rewards = credit(members).rewards
        assert all(reward is not None and reward < before for reward in rewards)


def test_an_abstention_counts_nowhere() -> None:
    members = [*two_rollouts()[:2], member("c", 0, True, '{"abstain": true}')]

    assert credit(members).rewards == (2 / 3, 2 / 3, 2 / 3)
    assert credit(members, kind="marginal").rewards[2] == 0.0


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"kind": "sum"}, "/credit/kind"),
        ({"beta": -1}, "/credit/beta"),
        ({"zero_division": 0.5}, "/credit/zero_division"),
        ({"zero_division": "nan"}, "/credit/zero_division"),
        ({"kind": "marginal", "prior": {"tp": -1, "fp": 0, "fn": 0}}, "/credit/prior/tp"),
        ({"kind": "marginal", "prior": {"tp": 1, "fp": 0}}, "/credit/prior/fn"),
        ({"prior": {"tp": 1, "fp": 0, "fn": 0}}, "/credit"),
        ({"size": 1}, "/credit/size"),
    ],
)
def test_a_credit_that_makes_no_sense_is_refused(given: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidCredit) as caught:
        VERSION.read_credit(given)

    assert [fault.pointer for fault in caught.value.faults] == [pointer]


OUTPUTS = ['{"flagged": true}', '{"flagged": false}', '{"abstain": true}', "garbage", None]


@settings(max_examples=150)
@given(
    answers=st.lists(st.lists(st.sampled_from(OUTPUTS), min_size=2, max_size=2), min_size=2, max_size=8),
    golds=st.lists(st.booleans(), min_size=8, max_size=8),
    kind=st.sampled_from(["none", "team", "marginal"]),
    data=st.data(),
)
def test_order_changes_nothing_and_every_reward_is_in_range(
    answers: list[list[str | None]], golds: list[bool], kind: str, data: st.DataObject
) -> None:
    members = [
        member(f"i{place}", rollout, golds[place], output)
        for place, outputs in enumerate(answers)
        for rollout, output in enumerate(outputs)
    ]
    order = data.draw(st.permutations(range(len(members))))

    plain, other = credit(members, kind=kind), credit([members[index] for index in order], kind=kind)

    assert other.rewards == tuple(plain.rewards[index] for index in order)
    assert other.block == plain.block
    assert all(reward is None or -1.0 <= reward <= 1.0 for reward in plain.rewards)
    assert [reward is None for reward in plain.rewards].count(True) >= sum(one.grade is None for one in members)


@settings(max_examples=100)
@given(answers=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=20))
def test_a_marginal_credit_never_punishes_a_hit_nor_rewards_an_error(answers: list[tuple[bool, bool]]) -> None:
    members = [flagged(f"i{place}", 0, *answer) for place, answer in enumerate(answers)]

    for (gold, said), reward in zip(answers, credit(members, kind="marginal").rewards, strict=True):
        assert reward is not None
        assert reward >= 0 if gold and said else reward <= 0
