"""Outcomes as a corpus: counted rows, independent units, and blocks of scores with their intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Any
from zlib import crc32

from evaluations.answers import BaselineAnswer, IntervalAnswer
from evaluations.baselines import baselines
from evaluations.corpus import score_answer
from evaluations.intervals import f1_interval, f1_standard_error
from evaluations.jackknife import jackknife
from evaluations.labels import FLAGGED
from evaluations.moderation.seen import Ground, Options, Sight
from evaluations.requests import Average, Kind
from evaluations.resampling import bootstrap_each, spread
from evaluations.rows import Row
from evaluations.scores import Ratios, Score, Scorer, Sums, scorer
from evaluations.tally import Counts, Tally, label_counts, pooled, surplus, tally_of, total, unit_sums

# Units of an interval. Items beyond that share units by checksum: an interval then costs the same for any run.
_UNITS_MAX = 200


@dataclass
class Corpus:
    """The samples that do not abstain, as rows of labels or, for the flag, of one decision each.

    All that comes out of it is the same for any order of `sights`, to the last digit.
    """

    sights: Sequence[Sight]
    ground: Ground
    kind: Kind
    options: Options

    @property
    def labels(self) -> list[str]:
        return [FLAGGED] if self.kind == "flag" else self.ground.labels

    @property
    def positive(self) -> int | None:
        return 0 if self.kind == "flag" else None

    @cached_property
    def _ordered(self) -> list[Sight]:
        ranks = self.ground.ranks
        return sorted(self.sights, key=lambda one: (one.cluster, ranks[one.outcome]))

    @cached_property
    def rows(self) -> list[Row]:
        return self._rows_of(self._ordered)

    def _rows_of(self, sights: Sequence[Sight]) -> list[Row]:
        rows = self.ground.flag_rows if self.kind == "flag" else self.ground.label_rows
        return [rows[one.outcome] for one in sights]

    @cached_property
    def _units(self) -> list[object]:
        """Of each row, the unit that it belongs to."""
        clusters = [one.cluster for one in self._ordered]
        if len(set(clusters)) <= _UNITS_MAX:
            return list(clusters)
        return [crc32(cluster.encode()) % _UNITS_MAX for cluster in clusters]

    @cached_property
    def are_independent(self) -> bool:
        """Whether every sample is of another item, as far as is known."""
        return len({one.cluster for one in self.sights}) == len(self.sights)

    @cached_property
    def tally(self) -> Tally:
        return tally_of(self.rows)

    @cached_property
    def tables(self) -> list[Counts]:
        unread = [one for one in self.sights if self.ground.outcomes[one.outcome].is_unread]
        tables = label_counts(self.tally, len(self.labels))
        # What could not be read is no true negative of any label.
        void = label_counts(tally_of(self._rows_of(unread)), len(self.labels))
        return [table._replace(tn=table.tn - none.tn) for table, none in zip(tables, void, strict=True)]

    @cached_property
    def counts(self) -> Counts:
        return pooled(self.tables, surplus(self.tally))

    @property
    def ratios(self) -> Ratios:
        beta, zero_division = self.options.beta, self.options.zero_division
        square = math.inf if beta == "inf" else beta * beta
        return Ratios(square, math.nan if zero_division == "nan" else float(zero_division))

    def scorer(self, average: Average) -> Scorer:
        return scorer(average, self.ratios, len(self.labels), self.positive)

    def score(self, average: Average, tally: Tally | None = None) -> Score:
        """The score of these rows, or of others in their place."""
        chosen = self.scorer(average)
        return chosen.score(total(self.tally if tally is None else tally, chosen))

    def blocks(self, *averages: Average) -> list[dict[str, Any]]:
        """The fields of a `Block` for each of `averages`."""
        scorers = [self.scorer(average) for average in averages]
        units = [unit_sums(self.rows, chosen, self._units) for chosen in scorers]
        resampled = self._bootstraps(scorers, units)
        return [
            {
                **score_answer(self.score(average)),
                "wilson": self.wilson(self.counts) if self.kind == "flag" else None,
                "jackknife": self._jackknife(chosen, of_average),
                "bootstrap": boot,
            }
            for average, chosen, of_average, boot in zip(averages, scorers, units, resampled, strict=True)
        ]

    def interval(self, average: Average) -> IntervalAnswer | None:
        """Of F: Wilson's where it holds, else by items."""
        if self.kind == "flag" and self.are_independent and self.options.beta == 1:
            return self.wilson(self.counts)
        chosen = self.scorer(average)
        return self._jackknife(chosen, unit_sums(self.rows, chosen, self._units))

    def wilson(self, table: Counts) -> IntervalAnswer | None:
        """Of a table's F1; None for another beta, or 0/0."""
        found = f1_interval(table.tp, table.fp, table.fn, self.options.level)
        error = f1_standard_error(table.tp, table.fp, table.fn)
        if self.options.beta != 1 or found is None or error is None:
            return None
        return IntervalAnswer(
            method="wilson_indirect", level=self.options.level, low=found.low, high=found.high, standard_error=error
        )

    def baselines(self, average: Average) -> list[BaselineAnswer]:
        """What systems score that look at nothing."""
        return [
            BaselineAnswer(
                name=one.name,
                prediction=None if one.label is None else self.labels[one.label],
                **score_answer(self.score(average, one.rows)),
            )
            for one in baselines(self.kind, self)
        ]

    def _jackknife(self, chosen: Scorer, units: Sequence[Sums]) -> IntervalAnswer | None:
        found = jackknife(units, chosen.f, self.options.level)
        if found is None:
            return None
        (low, high), error = found
        return IntervalAnswer(
            method="jackknife", level=self.options.level, low=low, high=high, standard_error=error, units=len(units)
        )

    def _bootstraps(self, scorers: Sequence[Scorer], units: Sequence[Sequence[Sums]]) -> list[IntervalAnswer | None]:
        """Of each scorer, on the same drawn samples."""
        if not self.options.resamples:
            return [None] * len(scorers)
        ends = [0]
        for of_average in units:
            ends.append(ends[-1] + len(of_average[0]))
        parts = zip(scorers, pairwise(ends), strict=True)
        statistics = [partial(_f_of_part, chosen, slice(*place)) for chosen, place in parts]
        joined = [tuple(part for sums in unit for part in sums) for unit in zip(*units, strict=True)]
        values = bootstrap_each(joined, statistics, self.options.resamples, self.options.seed)
        return [self._spread(found, len(joined)) for found in values]

    def _spread(self, values: list[float], units: int) -> IntervalAnswer | None:
        found = spread(values, self.options.level)
        if found is None:
            return None
        (low, high), error = found
        return IntervalAnswer(
            method="bootstrap", level=self.options.level, low=low, high=high, standard_error=error,
            resamples=len(values), units=units, seed=self.options.seed,
        )  # fmt: skip


def _f_of_part(chosen: Scorer, part: slice, sums: Sequence[float]) -> float:
    return chosen.f(sums[part])
