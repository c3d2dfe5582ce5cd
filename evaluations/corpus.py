"""The rows of one system and how they are scored: what an evaluation and a comparison share."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from evaluations.answers import CountsAnswer, IntervalAnswer
from evaluations.intervals import f1_interval, f1_standard_error
from evaluations.labels import average_of, pos_label_of
from evaluations.requests import Conventions, F1Request, Label, Side
from evaluations.rows import RowReader
from evaluations.scores import Ratios, Score, Sums, scorer
from evaluations.tally import Counts, Tally, label_counts, pooled, surplus, tally_of, total, unit_sums

ZERO_DIVISION = '0/0, and zero_division is "nan".'
NO_HEADLINE = "average is none: see per_label."


class Corpus:
    """One system's predictions under the conventions that were asked for.

    Args:
        root: where the columns stand in the request.

    Raises:
        InvalidEvaluation: the conventions do not fit each other, or the columns cannot be read.
    """

    def __init__(self, asked: Conventions, labels: Sequence[Label], columns: F1Request | Side, root: str = "") -> None:
        self.average = average_of(asked)
        self.positive_label = pos_label_of(asked, labels)
        self.labels = labels
        self._level = asked.level
        self._is_f1 = asked.beta == 1
        self._is_flag = asked.kind == "flag"
        self._ratios = Ratios.of(asked)
        self._scorer = scorer(self.average, self._ratios, len(labels), self.positive)
        self.read = RowReader(asked, labels, root).read(columns)

    @property
    def positive(self) -> int | None:
        """The number of the positive label; None where there is none."""
        if self.positive_label is None:
            return 0 if self._is_flag else None
        return list(self.labels).index(self.positive_label)

    @cached_property
    def tally(self) -> Tally:
        return tally_of(self.read.rows)

    @cached_property
    def tables(self) -> list[Counts]:
        """One per label."""
        return label_counts(self.tally, len(self.labels))

    @cached_property
    def counts(self) -> Counts:
        """The table behind the headline."""
        if self.average == "binary" and self.positive is not None:
            return self.tables[self.positive]
        return pooled(self.tables, surplus(self.tally))

    @property
    def support(self) -> int:
        """True labels behind the headline."""
        return self.counts.tp + self.counts.fn

    @property
    def score(self) -> Score:
        return self.score_of(self.tally)

    def score_of(self, tally: Tally) -> Score:
        """The headline of other rows under the same conventions."""
        if self.average == "none":
            return Score(math.nan, math.nan, math.nan)
        return self._scorer.score(total(tally, self._scorer))

    def f_of(self, sums: Sequence[float]) -> float:
        """The headline's F of what rows add up to."""
        return self._scorer.f(sums)

    def unit_sums(self, groups: Sequence[Label] | None) -> list[Sums]:
        """What each independent unit adds: a group of rows, or without groups a row."""
        return unit_sums(self.read.rows, self._scorer, groups)

    @cached_property
    def label_scores(self) -> list[Score]:
        return [self._ratios.score(table.tp, table.tp + table.fp, table.tp + table.fn) for table in self.tables]

    def label_interval(self, table: Counts) -> IntervalAnswer | None:
        """Wilson's interval of a table's F1; None for another beta, or 0/0."""
        found = f1_interval(table.tp, table.fp, table.fn, self._level) if self._is_f1 else None
        error = f1_standard_error(table.tp, table.fp, table.fn)
        if found is None or error is None:
            return None
        return IntervalAnswer(
            method="wilson_indirect", level=self._level, low=found.low, high=found.high, standard_error=error
        )

    @property
    def interval(self) -> IntervalAnswer | None:
        """Wilson's interval of the headline, where it is one yes or no per row."""
        return self.label_interval(self.counts) if self.average == "binary" else None

    @property
    def why_no_interval(self) -> str:
        """The reason for `interval` to be None."""
        if self.average != "binary":
            return "Wilson's interval holds for one yes or no per row; ask for `bootstrap`."
        return "F1 is 0/0." if self._is_f1 else "Wilson's interval holds for beta 1; ask for `bootstrap`."

    @property
    def counts_answer(self) -> CountsAnswer:
        return CountsAnswer(**self.counts._asdict(), unknown=self.read.unknown.total(), invalid=self.read.invalid)

    def undefined(self, score: Score, root: str = "") -> Iterator[tuple[str, str]]:
        """A JSON pointer and a reason for everything that is null in the answer of `score`."""
        for name, value in score._asdict().items():
            if math.isnan(value):
                yield f"{root}/{name}", NO_HEADLINE if self.average == "none" and not root else ZERO_DIVISION


def score_answer(score: Score) -> Mapping[str, Any]:
    """The fields of a ScoreAnswer: null for what is undefined."""
    return {name: None if math.isnan(value) else value for name, value in score._asdict().items()}


def conventions_answer(asked: Conventions, corpus: Corpus) -> Mapping[str, Any]:
    """The fields of a ConventionsAnswer."""
    return {
        "kind": asked.kind,
        "labels": list(corpus.labels),
        "average": corpus.average,
        "beta": asked.beta,
        "zero_division": asked.zero_division,
        "unknown": asked.unknown,
        "pos_label": corpus.positive_label,
    }
