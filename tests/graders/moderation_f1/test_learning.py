"""What moderation_f1 pays is what raises the F1 of a corpus; the whole comparison is bench/f1_reward_learning.py."""

import dataclasses

import pytest

from bench.f1_policies import Rewarding, World, learn, per_sample, team
from bench.f1_reward_learning import SIX, WORLDS, shortcomings
from bench.f1_reward_learning import Run as BenchRun

FLAG = dataclasses.replace(WORLDS["flag, 5 % positive"], steps=800)
LABELS = World("six labels", WORLDS["six labels"].prevalences, 8, 2.2, {"taxonomy": SIX}, 800)


def share(world: World, rewarding: Rewarding, scaling: str, batch: int = 128) -> float:
    """The policy's corpus F1 on test texts, as a share of the best possible."""
    return learn(world, rewarding, scaling, 0, batch)[-1] / world.best


@pytest.mark.parametrize("world", [FLAG, LABELS], ids=lambda world: world.name)
def test_f_linear_teaches_the_best_corpus_f1_where_advantages_are_not_divided(world: World) -> None:
    assert share(world, per_sample(), "none") > 0.96


@pytest.mark.parametrize("world", [FLAG, LABELS], ids=lambda world: world.name)
def test_a_team_learns_it_where_they_are_divided_by_the_std_of_the_group(world: World) -> None:
    assert share(world, team(), "group", 32) > 0.9


def test_signal_weight_brings_back_what_dividing_by_the_std_erases_from_a_flag() -> None:
    assert share(FLAG, per_sample(), "group") < 0.5
    assert share(FLAG, per_sample(weigh=True), "group") > 0.96


@pytest.mark.parametrize("scaling", ["none", "group"])
def test_rewards_that_look_like_f1_teach_silence_or_flagging_everything(scaling: str) -> None:
    assert share(FLAG, per_sample(reward="exact"), scaling) == 0.0
    assert share(FLAG, per_sample(reward="set_f"), scaling) == 0.0
    assert share(FLAG, per_sample(reward="set_f", empty_empty=0), scaling) < 0.35


def test_the_bench_fails_when_a_claim_does_not_hold() -> None:
    f1s = {"f_linear": 0.9, "team of 32": 0.9, "exact (0/1)": 0.95}
    runs = {
        (world, way, scaling): [BenchRun([], f1s.get(way, 0.1) * WORLDS[world].best)]
        for world in WORLDS
        for way in ("exact (0/1)", "set_f, silence pays 0", "set_f, silence pays 1", "f_linear", "team of 32")
        for scaling in ("none", "group")
    }

    found = list(shortcomings(runs))

    assert len(found) == 8
    assert sum("f_linear" in line for line in found) == sum("team" in line for line in found) == 2
