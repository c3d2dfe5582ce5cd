"""What systems score that look at nothing. An F1 below theirs is no achievement: always "hateful" has 0.815 on
HateCheck."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from evaluations.requests import Kind, Label
from evaluations.rows import Row
from evaluations.tally import Counts, Tally


class Tallied(Protocol):
    """Counted rows, as a `Corpus` has them."""

    @property
    def labels(self) -> Sequence[Label]: ...
    @property
    def positive(self) -> int | None: ...
    @property
    def tally(self) -> Tally: ...
    @property
    def tables(self) -> Sequence[Counts]: ...


class Baseline(NamedTuple):
    name: str
    label: int | None
    """The number of the label that is always predicted, where it is one."""
    rows: Tally


def baselines(kind: Kind, corpus: Tallied) -> Iterator[Baseline]:
    """The trivial systems of a kind, on the rows of `corpus`."""
    if kind == "multilabel":
        everything = frozenset(range(len(corpus.labels)))
        yield Baseline("all_labels", None, _with(corpus, everything))
        yield Baseline("no_label", None, _with(corpus, frozenset()))
    elif kind == "multiclass":
        majority = _majority(corpus)
        yield Baseline("majority_class", majority, _with(corpus, frozenset((majority,))))
    elif corpus.positive is not None:
        yes = frozenset((corpus.positive,))
        no = frozenset(range(len(corpus.labels))) - yes
        yield Baseline("always_positive", corpus.positive, _with(corpus, yes))
        yield Baseline("never_positive", next(iter(no), None), _with(corpus, no))


def _with(corpus: Tallied, always: frozenset[int]) -> Tally:
    predicted: Counter[Row] = Counter()
    for row, times in corpus.tally.items():
        predicted[Row(row.gold, always if row.known is None else always & row.known, row.known, 0)] += times
    return predicted


def _majority(corpus: Tallied) -> int:
    """The label with the most true rows; of several the first."""
    true_rows = [table.tp + table.fn for table in corpus.tables]
    return true_rows.index(max(true_rows))
