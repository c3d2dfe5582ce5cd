"""Reports: totals are those of all grades, long runs are thinned, two runs are held against each other."""

import random
from collections.abc import Sequence

import numpy
import pytest

from app.ledger import RunTallies, StepTally
from app.ledger.tallies import StepCount
from app.monitors.comparison import comparison_of
from app.monitors.report import monitor_of, pooled
from tests.monitors.making import row

RANGES = {
    "g@v1": [(0.0, 1.0), (-1.0, 1.0)],
    "w@v1": [(0.0, 1.0), (0.0, 3.0)],
    "z@v1": [(0.0, 2.0)],
    "gone@v1": [],
}


def tally(rewards: Sequence[float | None], **changes: str) -> list[StepTally]:
    count = StepCount()
    count.add(row(index, reward=reward, **changes) for index, reward in enumerate(rewards))
    return count.tallies()


def run(name: str, *steps: list[StepTally]) -> RunTallies:
    records = sum(one.graded for step in steps for one in step)
    return RunTallies("c", name, records, records, True, [(n, len(step), step) for n, step in enumerate(steps)])


def test_the_total_is_that_of_all_grades() -> None:
    dice = random.Random(3)
    rewards = [[dice.random() for _ in range(dice.randrange(1, 40))] for _ in range(9)]
    together = [reward for each in rewards for reward in each]

    [grader] = monitor_of(run("r", *map(tally, rewards)), RANGES.__getitem__, 500).graders

    assert grader.total.graded == len(together)
    assert grader.total.mean_reward == pytest.approx(numpy.mean(together))
    assert grader.total.sd_reward == pytest.approx(numpy.std(together, ddof=1))
    assert (grader.total.least_reward, grader.total.greatest_reward) == (min(together), max(together))


def test_records_of_no_step_are_no_step() -> None:
    tallies = RunTallies("c", "r", 3, 3, True, [(1, 2, tally([1.0, 0.0])), (None, 1, tally([0.5]))])

    [grader] = monitor_of(tallies, RANGES.__getitem__, 500).graders

    assert (grader.total.steps, grader.total.graded, len(grader.steps)) == (1, 3, 2)


@pytest.mark.parametrize(
    ("grader", "rewards", "share"),
    [
        ("g@v1", [1.0, 0.5], 0.5),
        ("g@v1", [0.9, 0.5], 0.0),
        ("g@v1", [-0.5, 1.0, 1.0], 2 / 3),
        ("gone@v1", [0.9, 0.5], 0.5),
    ],
)
def test_the_maximum_is_the_graders_or_what_was_seen_of_one_that_is_gone(
    grader: str, rewards: list[float], share: float
) -> None:
    [found] = monitor_of(run("r", tally(rewards, grader=grader)), RANGES.__getitem__, 500).graders

    assert found.total.at_max_share == pytest.approx(share)


@pytest.mark.parametrize(
    ("grader", "rewards", "declared"),
    [("g@v1", [1.0, 0.5], (0, 1)), ("g@v1", [-0.5, 0.5], (-1, 1)), ("gone@v1", [0.5], None)],
)
def test_the_range_of_rewards_is_one_that_holds_them(
    grader: str, rewards: list[float], declared: tuple[int, int] | None
) -> None:
    [found] = monitor_of(run("r", tally(rewards, grader=grader)), RANGES.__getitem__, 500).graders

    assert found.reward_range == declared


def test_a_long_run_is_thinned_evenly_and_keeps_its_ends() -> None:
    [grader] = monitor_of(run("r", *[tally([1.0])] * 1000), RANGES.__getitem__, 5).graders

    assert [step.step for step in grader.steps] == [0, 250, 500, 749, 999]
    assert grader.total.steps == 1000


def test_graders_and_digests_are_never_pooled() -> None:
    both = [*tally([1.0]), *tally([0.0], digest="e")]

    graders = monitor_of(run("r", both), RANGES.__getitem__, 500).graders

    assert [(grader.digest, grader.total.mean_reward) for grader in graders] == [("d", 1.0), ("e", 0.0)]


def test_two_runs_differ_by_what_welch_says() -> None:
    dice = random.Random(5)
    a, b = [dice.random() for _ in range(300)], [dice.random() + 0.2 for _ in range(200)]
    half = 1.959964 * (numpy.var(a, ddof=1) / 300 + numpy.var(b, ddof=1) / 200) ** 0.5

    [compared] = comparison_of(run("a", tally(a)), run("b", tally(b)), RANGES.__getitem__, 500).graders

    assert compared.mean_reward is not None
    assert compared.mean_reward.difference == pytest.approx(numpy.mean(b) - numpy.mean(a))
    assert compared.mean_reward.low == pytest.approx(compared.mean_reward.difference - half)
    assert compared.same_digest


def test_a_comparison_says_what_only_one_side_has() -> None:
    a = run("a", [*tally([1.0]), *tally([1.0], grader="gone@v1")], tally([0.0]))
    b = run("b", tally([0.5], digest="e"))

    compared = comparison_of(a, b, RANGES.__getitem__, 500)

    assert (compared.only_a, compared.only_b) == (["gone@v1"], [])
    assert not compared.graders[0].same_digest
    assert [(step.a, step.b) for step in compared.graders[0].steps] == [(1.0, 0.5), (0.0, None)]


def test_runs_of_several_digests_are_compared_by_the_one_that_both_have() -> None:
    a = run("a", [*tally([1.0]), *tally([0.0] * 3, digest="e")])
    b = run("b", [*tally([0.5] * 2), *tally([0.0] * 3, digest="f")])

    [compared] = comparison_of(a, b, RANGES.__getitem__, 500).graders

    assert (compared.a.digest, compared.b.digest, compared.same_digest) == ("d", "d", True)
    assert (compared.a.other_grades, compared.b.other_grades) == (3, 3)
    assert compared.mean_reward is not None
    assert compared.mean_reward.difference == -0.5


def test_runs_without_a_digest_in_common_are_compared_by_what_judged_most() -> None:
    a = run("a", [*tally([1.0]), *tally([0.0] * 3, digest="e")])

    [compared] = comparison_of(a, run("b", tally([0.5] * 2, digest="f")), RANGES.__getitem__, 500).graders

    assert (compared.a.digest, compared.b.digest, compared.same_digest) == ("e", "f", False)
    assert (compared.a.other_grades, compared.b.other_grades) == (1, 0)


def test_runs_of_one_grader_each_are_compared_whichever_these_are() -> None:
    a, b = run("a", tally([1.0, 0.5])), run("b", tally([1.0, 0.5], grader="z@v1", digest="e"))

    compared = comparison_of(a, b, RANGES.__getitem__, 500)
    [found] = compared.graders

    assert (compared.only_a, compared.only_b) == ([], [])
    assert (found.a.grader, found.b.grader, found.same_digest) == ("g@v1", "z@v1", False)
    assert (found.a.reward_range, found.b.reward_range) == ((0.0, 1.0), (0.0, 2.0))
    assert (found.a.total.at_max_share, found.b.total.at_max_share) == (0.5, 0.0)
    assert found.mean_reward is not None
    assert found.mean_reward.difference == 0.0


def test_one_grader_has_one_greatest_reward_in_both_runs() -> None:
    a, b = run("a", tally([0.5, 1.0], grader="w@v1")), run("b", tally([3.0, 1.0], grader="w@v1"))

    [found] = comparison_of(a, b, RANGES.__getitem__, 500).graders

    assert found.a.reward_range == found.b.reward_range == (0.0, 3.0)
    assert (found.a.total.at_max_share, found.b.total.at_max_share) == (0.0, 0.5)


@pytest.mark.parametrize(
    ("of_a", "of_b", "pairs"),
    [
        (["g@v1", "gone@v1"], ["z@v1"], []),
        (["z@v1"], ["g@v1", "gone@v1"], []),
        (["g@v1", "gone@v1"], ["w@v1", "z@v1"], []),
        (["g@v1", "z@v1"], ["z@v1"], [("z@v1", "z@v1")]),
        (["g@v1", "z@v1 unscored"], ["w@v1"], [("g@v1", "w@v1")]),
        (["g@v1", "z@v1 unscored"], ["w@v1", "z@v1 unscored"], [("z@v1", "z@v1"), ("g@v1", "w@v1")]),
        (["g@v1"], ["g@v1 unscored", "z@v1"], [("g@v1", "z@v1")]),
        (["g@v1"], ["z@v1 unscored"], []),
    ],
)
def test_which_graders_are_held_against_each_other(
    of_a: list[str], of_b: list[str], pairs: list[tuple[str, str]]
) -> None:
    def judged_by(name: str, graders: list[str]) -> RunTallies:
        made = [tally([None if "unscored" in one else 1.0], grader=one.split()[0]) for one in graders]
        return run(name, [each for part in made for each in part])

    compared = comparison_of(judged_by("a", of_a), judged_by("b", of_b), RANGES.__getitem__, 500)

    assert [(one.a.grader, one.b.grader) for one in compared.graders] == pairs
    told = {one.split()[0] for one in of_a} - {one.split()[0] for one in of_b} - {one for one, _ in pairs}
    assert compared.only_a == sorted(told)


def test_a_run_with_a_step_that_was_never_counted_may_have_more_graders() -> None:
    a, b = run("a", tally([1.0])), run("b", tally([1.0], grader="z@v1"))
    a.steps.append((7, 3, []))

    assert comparison_of(a, b, RANGES.__getitem__, 500).graders == []


def test_a_side_without_grades_has_no_shares() -> None:
    a, b = run("a", tally([1.0])), run("b", tally([None]))

    [found] = comparison_of(a, b, RANGES.__getitem__, 500).graders

    assert [(one.a, one.b) for one in found.verdicts] == [(1.0, None)]
    assert found.mean_reward is None


def test_numbers_whose_squares_are_no_doubles_have_no_deviation() -> None:
    assert pooled([(2, 1e200, 0.0), (2, -1e200, 0.0)]) == (4, 0.0, None)
