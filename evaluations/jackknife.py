"""Intervals for any average of any rows, at the cost of one evaluation per unit: the jackknife."""

import math
from collections.abc import Sequence
from operator import sub
from statistics import NormalDist

from evaluations.intervals import Interval
from evaluations.resampling import Statistic
from evaluations.scores import Sums


def jackknife(units: Sequence[Sums], statistic: Statistic, level: float) -> tuple[Interval, float] | None:
    """The interval of a share and its standard error, from what each left-out unit changes (Tukey 1958).

    Units are independent of each other; rows that are not belong into one unit. The normal interval of the logit is
    mapped back, so it stays between 0 and 1. None where that says nothing: fewer than two units, a value of 0 or 1, or
    one that is undefined without some unit.
    """
    sums = [math.fsum(column) for column in zip(*units, strict=True)]
    if len(units) < 2 or not 0 < (value := statistic(sums)) < 1:
        return None
    without = [statistic(list(map(sub, sums, unit))) for unit in units]
    mean = math.fsum(without) / len(without)
    if math.isnan(mean):
        return None
    error = math.sqrt(math.fsum((one - mean) ** 2 for one in without) * (len(units) - 1) / len(units))
    half = NormalDist().inv_cdf((1 + level) / 2) * error / (value * (1 - value))
    logit = math.log(value / (1 - value))
    return Interval(_share(logit - half), _share(logit + half)), error


def _share(logit: float) -> float:
    # Beyond 700 the exponential overflows, and the share is 0 in every digit.
    return 1 / (1 + math.exp(min(700.0, -logit)))
