"""What a moderation report is made of: judged samples as outcomes, each with the item that it belongs to."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from evaluations.rows import Row

Mode = Literal["set", "class", "flag"]


class Outcome(NamedTuple):
    """What a sample adds. Samples with equal outcomes count equally."""

    gold: tuple[str, ...]
    predicted: tuple[str, ...]
    known: tuple[str, ...]
    """The labels that somebody looked for."""
    fp: int
    """False positives, with those that belong to no label."""
    flagged: bool | None
    """None: it could not be read, or abstains."""
    gold_flagged: bool
    is_unread: bool
    is_abstained: bool


class Sight(NamedTuple):
    """One sample."""

    outcome: int
    """The number of its outcome."""
    cluster: str
    """Its item: samples of one item are not independent."""
    step: int | None


class Seen(Struct):
    """The samples of one grader id, digest, taxonomy and mode, in the order in which they were judged."""

    grader: str
    digest: str
    taxonomy_hash: str
    mode: Mode
    superseded: int
    unscored: dict[str, int]
    outcomes: list[Outcome]
    """The distinct ones."""
    sights: list[Sight]
    parse_errors: dict[str, int]
    unknown: dict[str, int]
    """Names that are no labels, by how many samples named them."""
    f_ref: float | None
    """The one that the last sample was judged with."""


class Options(Struct, frozen=True):
    """How a report is made."""

    beta: float | Literal["inf"] = 1.0
    zero_division: Literal[0, 1, "nan"] = 0
    level: float = 0.95
    window: int = 1000
    """Samples per window."""
    resamples: int = 0
    """Of the bootstrap; 0: none."""
    seed: int = 0


class Asked(Struct):
    """One run, to be reported."""

    run: str
    options: Options
    seen: list[Seen]


class Ground:
    """What is known of the outcomes, by their number."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = outcomes
        self.labels = _labels(outcomes)
        order = sorted(range(len(outcomes)), key=lambda number: repr(outcomes[number]))
        self.ranks = {number: rank for rank, number in enumerate(order)}
        """An order that does not depend on which outcome was seen first."""
        self.label_rows = _label_rows(outcomes, self.labels)
        self.flag_rows = [_flag_row(outcome) for outcome in outcomes]


def _labels(outcomes: Sequence[Outcome]) -> list[str]:
    """The taxonomy's labels, as far as somebody looked for them.

    An outcome for which all were looked for lists them in the taxonomy's order.
    """
    lists = {outcome.known for outcome in outcomes}
    longest = min(lists, key=lambda known: (-len(known), known), default=())
    return [*longest, *sorted({label for known in lists for label in known} - set(longest))]


def _label_rows(outcomes: Sequence[Outcome], labels: Sequence[str]) -> list[Row]:
    """The outcomes as rows of label numbers. `surplus` are false positives that belong to no label."""
    numbers = {label: number for number, label in enumerate(labels)}

    def row(outcome: Outcome) -> Row:
        gold, pred, known = (
            frozenset(map(numbers.__getitem__, names)) for names in (outcome.gold, outcome.predicted, outcome.known)
        )
        return Row(gold, pred, None if len(known) == len(labels) else known, outcome.fp - len(pred - gold))

    return [row(outcome) for outcome in outcomes]


def _flag_row(outcome: Outcome) -> Row:
    """The outcome as one decision. An answer that could not be read is the wrong one."""
    gold = outcome.gold_flagged
    said = not gold if outcome.flagged is None else outcome.flagged
    return Row(_YES if gold else _NO, _YES if said else _NO, None, 0)


_NO: frozenset[int] = frozenset()
_YES = frozenset((0,))
