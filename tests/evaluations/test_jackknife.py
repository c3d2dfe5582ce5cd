"""The jackknife's interval holds what it says, also where the rows of an item hang together."""

import math
from random import Random

import numpy as np
import pytest

from evaluations.jackknife import jackknife


def f1(sums: list[float]) -> float:
    tp, predicted, true = sums
    return 2 * tp / (predicted + true) if predicted + true else math.nan


def units(chance: Random, count: int, rollouts: int) -> list[tuple[int, int, int]]:
    """Items with several rollouts each; an item is easy or hard for all of them."""
    made = []
    for _ in range(count):
        true, ease = chance.random() < 0.4, chance.random()
        said = [chance.random() < (ease if true else 0.3 * (1 - ease)) for _ in range(rollouts)]
        made.append((sum(said) if true else 0, sum(said), rollouts if true else 0))
    return made


def test_the_standard_error_is_that_of_a_mean() -> None:
    """For a plain mean the jackknife is the textbook formula."""
    values = [0, 1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 1]

    found = jackknife([(value, 1) for value in values], lambda sums: sums[0] / sums[1], 0.95)

    assert found is not None
    assert found[1] == pytest.approx(np.std(values, ddof=1) / math.sqrt(len(values)))


@pytest.mark.parametrize(("count", "rollouts"), [(80, 1), (200, 1), (200, 4)])
def test_it_covers_what_it_promises(count: int, rollouts: int) -> None:
    """500 corpora; the binomial spread of a coverage of 0.95 is 0.01, small corpora lose a little more."""
    chance = Random(7)
    true = f1([sum(column) for column in zip(*units(chance, 100_000, rollouts), strict=True)])

    intervals = [jackknife(units(chance, count, rollouts), f1, 0.95) for _ in range(500)]

    covered = [found is not None and found[0].low <= true <= found[0].high for found in intervals]
    assert 0.915 <= sum(covered) / len(covered) <= 0.98


def test_rows_of_one_item_taken_apart_would_promise_too_much() -> None:
    chance = Random(3)
    items = units(chance, 300, 8)
    together = jackknife(items, f1, 0.95)
    apart = jackknife([row for tp, predicted, true in items for row in _rows(tp, predicted, true)], f1, 0.95)

    assert together is not None
    assert apart is not None
    assert together[1] > 1.5 * apart[1]


@pytest.mark.parametrize(
    "counted",
    [
        pytest.param([(1, 1, 1)], id="one unit"),
        pytest.param([(1, 1, 1), (1, 1, 1)], id="F is 1"),
        pytest.param([(0, 1, 1), (0, 1, 0)], id="F is 0"),
        pytest.param([(0, 0, 0), (0, 0, 0)], id="F is undefined"),
    ],
)
def test_where_it_says_nothing_there_is_none(counted: list[tuple[int, int, int]]) -> None:
    assert jackknife(counted, f1, 0.95) is None


def test_an_interval_stays_between_0_and_1() -> None:
    found = jackknife([(1, 1, 1)] * 2 + [(0, 1, 0)] + [(0, 0, 1)], f1, 0.999999)

    assert found is not None
    assert 0 <= found[0].low < found[0].high <= 1


def _rows(tp: int, predicted: int, true: int) -> list[tuple[int, int, int]]:
    """The rollouts of an item of `units`, each for itself."""
    if true:
        return [(1, 1, 1)] * tp + [(0, 0, 1)] * (true - tp)
    return [(0, 1, 0)] * predicted
