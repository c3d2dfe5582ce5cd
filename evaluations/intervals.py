"""Intervals and tests that have a formula."""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

_NORMAL = NormalDist()
_POWER = 0.8


class Interval(NamedTuple):
    low: float
    high: float


def f1_interval(tp: int, fp: int, fn: int, level: float) -> Interval | None:
    """The interval of F1 = 2tp/(2tp+fp+fn), for one binary decision per independent sample; None for 0/0.

    Wilson's interval of J = tp/(tp+fp+fn), a proportion, mapped by F1 = 2J/(1+J) ("Wilson indirect", arXiv
    2309.14621). At a level of 0.95 it covers 0.949 to 0.953 in six designs, the interval of the normal approximation
    0.932 to 0.949 (bench/interval_coverage.py).
    """
    events = tp + fp + fn
    if not events:
        return None
    z2 = _z(level) ** 2
    share = tp / events
    centre = share + z2 / (2 * events)
    half = math.sqrt(z2 * (share * (1 - share) + z2 / (4 * events)) / events)
    return Interval(*(_from_jaccard(_within((centre + side * half) / (1 + z2 / events))) for side in (-1, 1)))


def f1_standard_error(tp: int, fp: int, fn: int) -> float | None:
    """sqrt(F(1-F)(2-F)/D) with D = 2tp+fp+fn: the delta method on J; None for 0/0."""
    both = 2 * tp + fp + fn
    if not both:
        return None
    f = 2 * tp / both
    return math.sqrt(f * (1 - f) * (2 - f) / both)


class Unpaired(NamedTuple):
    """Two F1 of different samples, compared."""

    difference: float
    z: float | None
    """None: both are exact, so the difference has no error to be measured by."""
    p: float | None


def unpaired(a: tuple[int, int, int], b: tuple[int, int, int]) -> Unpaired | None:
    """B against A by their (tp, fp, fn), two-sided; None where either F1 is 0/0."""
    error_a, error_b = f1_standard_error(*a), f1_standard_error(*b)
    if error_a is None or error_b is None:
        return None
    difference = _f1(*b) - _f1(*a)
    error = math.hypot(error_a, error_b)
    if not error:
        return Unpaired(difference, None, None)
    return Unpaired(difference, difference / error, 2 * _NORMAL.cdf(-abs(difference) / error))


def mcnemar(a_only: int, b_only: int) -> float:
    """Exact two-sided p of McNemar's test: the binomial test of the discordant pairs against one half."""
    pairs, fewer = a_only + b_only, min(a_only, b_only)
    tail = term = 1
    for k in range(1, fewer + 1):
        term = term * (pairs - k + 1) // k
        tail += term
    # Integers all the way: a quotient of them is exact, however long they are.
    return min(1.0, tail / 2 ** (pairs - 1)) if pairs else 1.0


def needed_positives(positives: int, difference: float, standard_error: float, level: float) -> int | None:
    """With how many positives such a difference is found in 80 of 100 comparisons; None without a difference.

    Standard errors fall with the root of the number of samples, whatever the pairing.
    """
    if not difference:
        return None
    needed_z = _z(level) + _NORMAL.inv_cdf(_POWER)
    return math.ceil(positives * (needed_z * standard_error / difference) ** 2)


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of `ordered` lies, linear between two (numpy's default)."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def percentiles(values: Sequence[float], level: float) -> Interval:
    """The middle `level` of `values`."""
    ordered = sorted(values)
    return Interval(quantile(ordered, (1 - level) / 2), quantile(ordered, (1 + level) / 2))


def _f1(tp: int, fp: int, fn: int) -> float:
    return 2 * tp / (2 * tp + fp + fn)


def _z(level: float) -> float:
    return _NORMAL.inv_cdf((1 + level) / 2)


def _within(share: float) -> float:
    return min(1.0, max(0.0, share))


def _from_jaccard(share: float) -> float:
    return 2 * share / (1 + share)
