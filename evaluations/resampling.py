"""Resampling by distinct outcome instead of by row: drawing 4,000 rows with replacement is drawing how often each of a
few dozen outcomes comes up.

Draws are exact (no normal approximation), and the same seed gives the same answer on every machine.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from operator import mul
from random import Random
from statistics import stdev

from evaluations.intervals import Interval, percentiles
from evaluations.scores import Sums

Statistic = Callable[[Sequence[float]], float]
"""A number of sums; NaN: undefined."""


def binomial(chance: Random, trials: int, part: int, whole: int) -> int:
    """How many of `trials` succeed, each with probability part/whole.

    Every trial is a binary fraction that is compared with part/whole digit by digit; the trials that agree so far are
    one integer of random bits, so a draw costs a few machine words per hundred trials.
    """
    if part >= whole:
        return trials
    successes = 0
    while trials and part:
        part *= 2
        ones = chance.getrandbits(trials).bit_count()
        if part >= whole:
            part -= whole
            successes += trials - ones
            trials = ones
        else:
            trials -= ones
    return successes


def multinomial(chance: Random, times: Sequence[int]) -> list[int]:
    """How often each outcome comes up in sum(times) draws with replacement, if it stands there `times` times."""
    left = whole = sum(times)
    drawn = []
    for part in times:
        count = binomial(chance, left, part, whole)
        drawn.append(count)
        left -= count
        whole -= part
    return drawn


class Outcomes:
    """The distinct units of a sample, how often each occurs, and what each adds, by column."""

    def __init__(self, units: Sequence[Sums]) -> None:
        counted = Counter(units).most_common()
        self.times = [times for _, times in counted]
        self.columns: list[Sums] = list(zip(*(sums for sums, _ in counted), strict=True))

    def total(self, times: Sequence[int]) -> list[float]:
        """What the units add up to, if each occurs so often."""
        return [sum(map(mul, times, column)) for column in self.columns]


def bootstrap(units: Sequence[Sums], statistic: Statistic, resamples: int, seed: int) -> list[float]:
    """The statistic of so many samples drawn with replacement; where it is undefined it is left out."""
    chance = Random(seed)  # noqa: S311 - simulation
    outcomes = Outcomes(units)
    values = (statistic(outcomes.total(multinomial(chance, outcomes.times))) for _ in range(resamples))
    return [value for value in values if not math.isnan(value)]


def swapped(
    pairs: Sequence[tuple[Sums, Sums]], statistic: Callable[[Sequence[float], Sequence[float]], float],
    swaps: int, seed: int,
) -> float:  # fmt: skip
    """p of the paired approximate randomization test, two-sided: how often a difference at least as large as the one
    seen arises when each pair is swapped with probability one half. The arrangement seen counts as one (the +1 rule),
    so p is never 0.

    Args:
        pairs: per unit what it adds to A and to B.
        statistic: the difference of two sums, NaN where undefined.
    """
    chance = Random(seed)  # noqa: S311 - simulation
    a, b = (list(map(sum, zip(*side, strict=True))) for side in zip(*pairs, strict=True))
    seen = abs(statistic(a, b))
    differences = Counter(_direction(*pair) for pair in pairs if pair[0] != pair[1]).most_common()
    times = [count for _, count in differences]
    columns = list(zip(*(difference for difference, _ in differences), strict=True))
    at_least = 1
    for _ in range(swaps):
        moved_pairs = [chance.getrandbits(count).bit_count() for count in times]
        moved = [sum(map(mul, moved_pairs, column)) for column in columns] or [0.0] * len(a)
        found = statistic(
            [sum_a + change for sum_a, change in zip(a, moved, strict=True)],
            [sum_b - change for sum_b, change in zip(b, moved, strict=True)],
        )
        # Sums of floats come in another order; a tie is a tie all the same. NaN, too, is no smaller.
        at_least += not abs(found) < seen - _TIE
    return at_least / (swaps + 1)


_TIE = 1e-12


def _direction(a: Sums, b: Sums) -> Sums:
    """What a swap moves from B to A."""
    return tuple(of_b - of_a for of_a, of_b in zip(a, b, strict=True))


def spread(values: Sequence[float], level: float) -> tuple[Interval, float] | None:
    """The middle `level` of resampled values and their standard deviation; None of fewer than two values."""
    return None if len(values) < 2 else (percentiles(values, level), stdev(values))
