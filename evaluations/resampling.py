"""Resampling without a loop over rows: drawing 4,000 rows with replacement is drawing how often each of a few dozen
outcomes comes up, and swapping each of 4,000 pairs or not is one number of 4,000 random bits.

Draws are exact (no normal approximation), and the same seed gives the same answer on every machine.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import itemgetter, mul
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


def one_by_one(chance: Random, outcomes: Sequence[int], kinds: int) -> list[int]:
    """How often each of so many kinds of outcome comes up if len(outcomes) are drawn with replacement.

    It beats `multinomial` where most outcomes are of a kind of their own.
    """
    often = Counter(chance.choices(outcomes, k=len(outcomes)))
    return [often.get(kind, 0) for kind in range(kinds)]


class Outcomes:
    """The distinct units of a sample, and how often each occurs."""

    def __init__(self, units: Iterable[Sums]) -> None:
        counted = Counter(units).most_common()
        self.times = [times for _, times in counted]
        self._columns = [_column(values) for values in zip(*(sums for sums, _ in counted), strict=True)]

    def total(self, times: Sequence[int]) -> list[float]:
        """What the units add up to, if each occurs so often."""
        return [sum(map(mul, pick(times), values)) for pick, values in self._columns]


def _column(values: Sequence[float]) -> tuple[Callable[[Sequence[int]], Sequence[int]], Sequence[float]]:
    """Where a column is not zero, and what it is there: with many labels nearly everything is zero."""
    places = [place for place, value in enumerate(values) if value]
    # Of a single place `itemgetter` would make no tuple.
    return itemgetter(*places, 0, 0), [*(values[place] for place in places), 0, 0]


def bootstrap(units: Sequence[Sums], statistic: Statistic, resamples: int, seed: int) -> list[float]:
    """The statistic of so many samples drawn with replacement; where it is undefined it is left out."""
    [values] = bootstrap_each(units, [statistic], resamples, seed)
    return values


def bootstrap_each(
    units: Sequence[Sums], statistics: Sequence[Statistic], resamples: int, seed: int
) -> list[list[float]]:
    """As `bootstrap`, for several statistics of the same drawn samples."""
    chance = Random(seed)  # noqa: S311 - simulation
    outcomes = Outcomes(units)
    times = outcomes.times
    if len(times) * _FEW < len(units):
        draw = partial(multinomial, chance, times)
    else:
        every = [kind for kind, count in enumerate(times) for _ in range(count)]
        draw = partial(one_by_one, chance, every, len(times))
    values: list[list[float]] = [[] for _ in statistics]
    for _ in range(resamples):
        sums = outcomes.total(draw())
        for found, statistic in zip(values, statistics, strict=True):
            if not math.isnan(value := statistic(sums)):
                found.append(value)
    return values


# A binomial draw takes as long as a few draws of a row.
_FEW = 4


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
    directions = [_direction(*pair) for pair in pairs if pair[0] != pair[1]]
    if not directions:
        return 1.0
    columns = [_masks(column) for column in zip(*directions, strict=True)]
    at_least = 1
    for _ in range(swaps):
        swap = chance.getrandbits(len(directions))
        moved = [sum([value * (mask & swap).bit_count() for value, mask in column]) for column in columns]
        found = statistic(
            [sum_a + change for sum_a, change in zip(a, moved, strict=True)],
            [sum_b - change for sum_b, change in zip(b, moved, strict=True)],
        )
        # Sums of floats come in another order; a tie is a tie all the same. NaN, too, is no smaller.
        at_least += not abs(found) < seen - _TIE
    return at_least / (swaps + 1)


_TIE = 1e-12


def _masks(column: Sequence[float]) -> list[tuple[float, int]]:
    """The values of a column that are not zero, each with the places where it stands, as bits."""
    masks: dict[float, int] = {}
    for place, value in enumerate(column):
        if value:
            masks[value] = masks.get(value, 0) | 1 << place
    return list(masks.items())


def _direction(a: Sums, b: Sums) -> Sums:
    """What a swap moves from B to A."""
    return tuple(of_b - of_a for of_a, of_b in zip(a, b, strict=True))


def spread(values: Sequence[float], level: float) -> tuple[Interval, float] | None:
    """The middle `level` of resampled values and their standard deviation; None of fewer than two values."""
    return None if len(values) < 2 else (percentiles(values, level), stdev(values))
