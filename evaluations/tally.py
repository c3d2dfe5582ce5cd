"""Rows that are equal, counted together: everything that follows costs by distinct row, not by row."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from evaluations.rows import Row
from evaluations.scores import Scorer, Sums

Tally = Mapping[Row, int]


class Counts(NamedTuple):
    """A confusion table, in cells (row and label)."""

    tp: int
    fp: int
    fn: int
    tn: int


def label_counts(tally: Tally, labels: int) -> list[Counts]:
    """One table per label, over the rows where it is known; an answer that could not be read has no true negatives."""
    tables = [[0, 0, 0, 0] for _ in range(labels)]
    for row, times in tally.items():
        for label in range(labels) if row.known is None else row.known:
            is_true, is_predicted = label in row.gold, label in row.pred
            if is_true or not row.is_unread:
                tables[label][_CELL[is_true, is_predicted]] += times
    return [Counts(*table) for table in tables]


_CELL = {(True, True): 0, (False, True): 1, (True, False): 2, (False, False): 3}


def pooled(tables: Iterable[Counts], surplus: int = 0) -> Counts:
    """The sum of tables; `surplus` are false positives that belong to none."""
    tp, fp, fn, tn = (sum(column) for column in zip(*tables, strict=True))
    return Counts(tp, fp + surplus, fn, tn)


def surplus(tally: Tally) -> int:
    """False positives that belong to no label."""
    return sum(row.surplus * times for row, times in tally.items())


def total(tally: Tally, scorer: Scorer) -> Sums:
    """What all rows add up to."""
    weighted = ([part * times for part in scorer.sums(row)] for row, times in tally.items())
    return tuple(map(sum, zip(*weighted, strict=True)))


def unit_sums(rows: Sequence[Row], scorer: Scorer, groups: Sequence[object] | None) -> list[Sums]:
    """What each independent unit adds up to: a group of rows, or without groups a row."""
    known: dict[Row, Sums] = {}
    of_rows = [known.get(row) or known.setdefault(row, scorer.sums(row)) for row in rows]
    if groups is None:
        return of_rows
    units: dict[object, list[Sums]] = {}
    for group, sums in zip(groups, of_rows, strict=True):
        units.setdefault(group, []).append(sums)
    return [tuple(map(sum, zip(*members, strict=True))) for members in units.values()]


def tally_of(rows: Iterable[Row]) -> Tally:
    """How often each distinct row occurs."""
    return Counter(rows)
