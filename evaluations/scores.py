"""Precision, recall and F of counts, as scikit-learn 1.9.1 defines them. F is a ratio of sums, so all that counts about
a row is numbers that can be added.

Undefined values are NaN in here and null in answers.
"""

import math
from collections.abc import Iterator, Sequence
from operator import mul
from typing import NamedTuple, Protocol

from evaluations.requests import Average, Conventions
from evaluations.rows import Row

Sums = tuple[float, ...]
"""What rows add up to; its meaning belongs to the Scorer that made it."""


class Score(NamedTuple):
    """NaN: undefined, and `zero_division` asks for no other value."""

    precision: float
    recall: float
    f: float


class Ratios(NamedTuple):
    """How counts become ratios."""

    beta2: float
    """beta squared; infinite: F is recall."""
    zero_division: float
    """What 0/0 is; NaN: left out of averages."""

    @classmethod
    def of(cls, asked: Conventions) -> "Ratios":
        beta = math.inf if asked.beta == "inf" else asked.beta
        return cls(beta * beta, math.nan if asked.zero_division == "nan" else float(asked.zero_division))

    def score(self, tp: float, predicted: float, true: float) -> Score:
        """F is 0/0 only where nothing is true and nothing is predicted; precision may then be 1 while F is 0."""
        precision = tp / predicted if predicted else self.zero_division
        recall = tp / true if true else self.zero_division
        return Score(precision, recall, self.f(tp, predicted, true))

    def f(self, tp: float, predicted: float, true: float) -> float:
        """The F of `score` alone."""
        if self.beta2 == math.inf:
            return tp / true if true else self.zero_division
        if both := self.beta2 * true + predicted:
            return (1 + self.beta2) * tp / both
        return self.zero_division


class Scorer(Protocol):
    """One kind of average: what a row adds, and the score of a sum."""

    def sums(self, row: Row) -> Sums: ...

    def score(self, sums: Sequence[float]) -> Score: ...

    def f(self, sums: Sequence[float]) -> float:
        """The F of `score` alone, for whoever needs it ten thousand times."""


class Pooled:
    """One table for all chosen labels: the positive label alone, or micro."""

    def __init__(self, ratios: Ratios, label: int | None = None) -> None:
        self._ratios = ratios
        self._label = label
        """The only label that counts; None: all, and what belongs to no label."""

    def sums(self, row: Row) -> Sums:
        """True positives, predicted, true."""
        if self._label is not None:
            is_true, is_predicted = self._label in row.gold, self._label in row.pred
            return is_true and is_predicted, is_predicted, is_true
        return len(row.gold & row.pred), len(row.pred) + row.surplus, len(row.gold)

    def score(self, sums: Sequence[float]) -> Score:
        return self._ratios.score(*sums)

    def f(self, sums: Sequence[float]) -> float:
        return self._ratios.f(*sums)


class PerLabel:
    """The mean of the labels' scores, plain (macro) or by their true rows (weighted)."""

    def __init__(self, ratios: Ratios, labels: int, *, is_weighted: bool = False) -> None:
        self._ratios = ratios
        self._labels = range(labels)
        self._is_weighted = is_weighted

    def sums(self, row: Row) -> Sums:
        """Per label: true positives, predicted, true."""
        gold, pred = row.gold, row.pred
        return tuple(
            count
            for label in self._labels
            for count in ((label in gold and label in pred), label in pred, label in gold)
        )

    def score(self, sums: Sequence[float]) -> Score:
        scores = [self._ratios.score(*table) for table in self._tables(sums)]
        return Score(*(mean(column, self._weights(sums)) for column in zip(*scores, strict=True)))

    def f(self, sums: Sequence[float]) -> float:
        return mean([self._ratios.f(*table) for table in self._tables(sums)], self._weights(sums))

    def _tables(self, sums: Sequence[float]) -> Iterator[tuple[float, float, float]]:
        return zip(sums[::3], sums[1::3], sums[2::3], strict=True)

    def _weights(self, sums: Sequence[float]) -> Sequence[float] | None:
        return sums[2::3] if self._is_weighted else None


class Samples:
    """The mean of the rows' own scores."""

    def __init__(self, ratios: Ratios) -> None:
        self._row = Pooled(ratios)

    def sums(self, row: Row) -> Sums:
        """Sum and number of defined values, for precision, recall and F."""
        score = self._row.score(self._row.sums(row))
        return tuple(part for value in score for part in ((0.0, 0) if math.isnan(value) else (value, 1)))

    def score(self, sums: Sequence[float]) -> Score:
        return Score(*(sums[at] / sums[at + 1] if sums[at + 1] else math.nan for at in (0, 2, 4)))

    def f(self, sums: Sequence[float]) -> float:
        return sums[4] / sums[5] if sums[5] else math.nan


def scorer(average: Average, ratios: Ratios, labels: int, positive: int | None) -> Scorer:
    """The Scorer of an average over so many labels; with `none` the macro one, whose labels are then looked at."""
    if average == "binary":
        return Pooled(ratios, positive)
    if average == "micro":
        return Pooled(ratios)
    if average == "samples":
        return Samples(ratios)
    return PerLabel(ratios, labels, is_weighted=average == "weighted")


def mean(values: Sequence[float], weights: Sequence[float] | None = None) -> float:
    """The mean without undefined values; the plain one where all weight is zero; NaN of nothing."""
    if any(map(math.isnan, values)):
        defined = [at for at, value in enumerate(values) if not math.isnan(value)]
        weights = weights and [weights[at] for at in defined]
        values = [values[at] for at in defined]
    if weights and (total := sum(weights)):
        return float(sum(map(mul, values, weights)) / total)
    return sum(values) / len(values) if values else math.nan
