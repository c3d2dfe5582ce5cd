"""Draws by outcome are distributed as draws by row."""

import itertools
from collections import Counter
from functools import partial
from random import Random

import numpy as np
import pytest
from scipy import stats

from evaluations.intervals import mcnemar, percentiles, unpaired
from evaluations.resampling import binomial, multinomial, one_by_one, swapped


@pytest.mark.parametrize(("trials", "part", "whole"), [(1, 1, 3), (7, 5, 8), (40, 3, 700), (300, 299, 300), (25, 1, 2)])
def test_a_binomial_draw_is_binomial(trials: int, part: int, whole: int) -> None:
    chance = Random(5)
    draws = 20_000
    seen = Counter(binomial(chance, trials, part, whole) for _ in range(draws))

    values = np.arange(trials + 1)
    expected = stats.binom(trials, part / whole).pmf(values) * draws
    often = expected > 5
    found = np.array([seen[value] for value in values])
    pooled = [np.append(counts[often], counts[~often].sum() + 1e-9) for counts in (found, expected)]
    assert stats.chisquare(pooled[0], pooled[1] * pooled[0].sum() / pooled[1].sum()).pvalue > 1e-4


def test_a_binomial_draw_of_certainty_or_impossibility() -> None:
    chance = Random(0)

    assert binomial(chance, 9, 3, 3) == 9
    assert binomial(chance, 9, 0, 3) == 0
    assert binomial(chance, 0, 1, 3) == 0


TIMES = [50, 30, 15, 5]
EVERY = [kind for kind, times in enumerate(TIMES) for _ in range(times)]


@pytest.mark.parametrize(
    "draw",
    [partial(multinomial, times=TIMES), partial(one_by_one, outcomes=EVERY, kinds=4)],
    ids=["kinds", "one by one"],
)
def test_a_multinomial_draw_has_its_sum_means_and_covariances(draw) -> None:
    chance = Random(1)
    draws = np.array([draw(chance) for _ in range(20_000)])

    share = np.array(TIMES) / 100
    assert (draws.sum(axis=1) == 100).all()
    assert draws.mean(axis=0) == pytest.approx(TIMES, abs=0.2)
    assert np.cov(draws.T) == pytest.approx(100 * (np.diag(share) - np.outer(share, share)), abs=0.8)


def test_percentiles_are_those_of_numpy() -> None:
    values = list(np.random.default_rng(3).normal(size=137))

    assert percentiles(values, 0.9) == pytest.approx(np.percentile(values, [5, 95]))


def test_the_randomization_p_is_that_of_all_arrangements() -> None:
    """12 pairs have 4,096 arrangements, which can all be looked at."""
    chance = Random(7)
    pairs = [((chance.random(), 1.0), (chance.random(), 1.0)) for _ in range(12)]

    def difference(a, b) -> float:
        return b[0] / b[1] - a[0] / a[1]

    gaps = [b[0] - a[0] for a, b in pairs]
    seen = abs(sum(gaps))
    exact = np.mean([
        abs(sum(sign * gap for sign, gap in zip(signs, gaps, strict=True))) >= seen - 1e-12
        for signs in itertools.product((1, -1), repeat=len(gaps))
    ])  # fmt: skip
    assert swapped(pairs, difference, swaps=20_000, seed=1) == pytest.approx(exact, abs=0.012)


def test_systems_that_agree_everywhere_have_p_1() -> None:
    pairs = [((1.0, 2.0), (1.0, 2.0))] * 5

    assert swapped(pairs, lambda a, b: b[0] - a[0], swaps=100, seed=0) == 1.0


@pytest.mark.parametrize(("a_only", "b_only"), [(0, 0), (1, 0), (3, 3), (2, 9), (526, 415), (4000, 4200), (0, 3000)])
def test_mcnemar_is_the_exact_binomial_test(a_only: int, b_only: int) -> None:
    expected = stats.binomtest(a_only, a_only + b_only).pvalue if a_only + b_only else 1.0

    assert mcnemar(a_only, b_only) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("a", "b", "z", "p"),
    [
        ((86, 14, 14), (90, 10, 10), 1.163813969429037, 0.24449940971059553),
        ((430, 70, 70), (450, 50, 50), 2.6023671488071884, 0.009258267770903111),
    ],
)
def test_from_86_to_90_percent_needs_more_than_100_positives(a, b, z: float, p: float) -> None:
    found = unpaired(a, b)

    assert found is not None
    assert (found.difference, found.z, found.p) == pytest.approx((0.04, z, p), abs=1e-9)
    assert unpaired((0, 0, 0), b) is None
    assert unpaired((10, 0, 0), (9, 0, 0)) == (0.0, None, None)
