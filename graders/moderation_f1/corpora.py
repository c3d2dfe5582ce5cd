"""The corpora of a group of samples, and their counts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from graders.api import Grade, Member
from graders.errors import Fault, InvalidCredit

Value = str | int | bool | None


class Totals(NamedTuple):
    """Counts that add up."""

    tp: float = 0
    fp: float = 0
    fn: float = 0

    @classmethod
    def of(cls, grade: Grade) -> "Totals":
        details = grade.details
        return cls(details["tp"], details["fp"], details["fn"])

    def plus(self, other: "Totals") -> "Totals":
        return Totals(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    def minus(self, other: "Totals") -> "Totals":
        return Totals(self.tp - other.tp, self.fp - other.fp, self.fn - other.fn)


@dataclass(slots=True)
class Corpus:
    """The samples of one rollout index and one value of the corpus key."""

    rollout: int | None
    value: Value
    sent: int = 0
    """Its samples, those included that are not counted."""
    counts: dict[int, Totals] = field(default_factory=dict)
    """By the index of the member."""
    items: Counter[str] = field(default_factory=Counter)
    """How many of its counted samples each item has."""
    total: Totals = field(default_factory=Totals)

    def add(self, index: int, item_id: str, counts: Totals) -> None:
        """Counts a sample of the item."""
        self.counts[index] = counts
        self.items[item_id] += 1
        self.total = self.total.plus(counts)


def corpora_of(members: Sequence[Member], excluded: set[str], corpus_key: str | None) -> list[Corpus]:
    """The corpora in the order of their first members; of the items in `excluded`, nothing is counted.

    A member without an item belongs to none.

    Raises:
        InvalidCredit: an item lacks `corpus_key` or holds no plain value in it, or several samples of an item have no
            rollout index.
    """
    corpora: dict[tuple[Value, int | None], Corpus] = {}
    for index, member in enumerate(members):
        if member.item is None:
            continue
        value = None if corpus_key is None else _value(member, corpus_key)
        corpus = corpora.get((value, member.rollout))
        if corpus is None:
            corpus = corpora[value, member.rollout] = Corpus(member.rollout, value)
        corpus.sent += 1
        if member.grade is not None and member.item_id not in excluded:
            corpus.add(index, member.item_id, Totals.of(member.grade))
            if member.rollout is None and corpus.items[member.item_id] > 1:
                detail = (
                    f"rollout_missing: item {member.item_id!r} has several samples; tell them apart by `run.rollout`"
                )
                raise invalid("/samples", detail)
    return list(corpora.values())


def _value(member: Member, corpus_key: str) -> Value:
    value = ((member.item and member.item.model_extra) or {}).get(corpus_key)
    if not isinstance(value, str | int | bool):
        detail = f"corpus_key_missing: item {member.item_id!r} has no text, integer or truth value in {corpus_key!r}"
        raise invalid("/credit/corpus_key", detail)
    return value


def invalid(pointer: str, detail: str) -> InvalidCredit:
    """The error of a group that has no usable corpora."""
    return InvalidCredit(f"The group has no usable corpora: {detail}.", (Fault(pointer, detail),))
