"""The gold labels of an item, and how an answer compares with them: true and false, positives and negatives."""

from dataclasses import dataclass

from graders.errors import Fault, InvalidItem
from graders.moderation_f1.answer import Answer
from graders.moderation_f1.policy import Config
from graders.moderation_f1.taxonomy import NEGATIVE, Compiled


@dataclass(slots=True)
class Gold:
    """The right answer. Sets of labels are bits."""

    labels: int
    """Within `known`, completed by ancestors if the config says so."""
    known: int
    """The labels that somebody looked for in this row; nothing else is counted."""
    is_positive: bool


@dataclass(slots=True)
class Counts:
    """What an answer adds to a corpus, and the labels behind it."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0
    invalid: int = 0
    predicted: int = 0
    """Labels named, within `known`, completed as the gold is."""
    missed: int = 0
    false: int = 0
    unknown: int = 0
    """False alarms among `fp` that no label stands for."""
    flagged: bool | None = None
    """Whether the answer flags, by its verdict or by what it names; None where it says nothing."""


def gold_of(sent: bool | list[str], known: list[str] | None, config: Config) -> Gold:
    """The gold labels of an item.

    Raises:
        InvalidItem: a name is not in the taxonomy or not in `known`, or the mode asks for another kind of answer.
    """
    taxonomy = config.labels
    looked_for = taxonomy.all if known is None else _known(known, taxonomy)
    if isinstance(sent, bool):
        if config.mode != "flag" or known is not None:
            raise _invalid("/item/gold", "bad_label: true and false are answers in mode `flag` only, without `known`")
        return Gold(0, looked_for, sent)
    labels = _labels(sent, taxonomy)
    if labels & ~looked_for:
        name = taxonomy.listed(labels & ~looked_for)[0]
        raise _invalid("/item/gold", f"gold_outside_known: {name!r} is not among the labels of `known`")
    if config.mode == "class" and labels.bit_count() != 1:
        raise _invalid("/item/gold", f"not_one_label: mode `class` needs exactly one label, not {labels.bit_count()}")
    if config.hierarchy == "ancestors":
        labels = taxonomy.closed(labels) & looked_for
    return Gold(labels, looked_for, labels != 0)


def count(answer: Answer | None, gold: Gold, config: Config) -> Counts:
    """How `answer` compares with `gold`; None is one that could not be read.

    In mode `flag` one decision is counted: the verdict where there is one, else whether anything is named. Otherwise
    every known label is one. What cannot be read misses all there is and raises one false alarm (in mode `flag` only
    where nothing is wrong), so that it never pays, nor hides on benign rows. An abstention counts nowhere.
    """
    if answer is None:
        return _unread(gold, config)
    if answer.is_abstention:
        return Counts()
    labels = config.labels.closed(answer.labels) if config.hierarchy == "ancestors" else answer.labels
    predicted = labels & gold.known
    unknown = len(answer.unknown) if config.unknown == "fp" or answer.is_unspecified else 0
    flagged = bool(predicted or unknown) if answer.verdict is None else answer.verdict
    if config.mode == "flag":
        return _of_flag(flagged, gold.is_positive, predicted)
    missed, false = gold.labels & ~predicted, predicted & ~gold.labels
    return Counts(
        tp=(gold.labels & predicted).bit_count(),
        fp=false.bit_count() + unknown,
        fn=missed.bit_count(),
        tn=(gold.known & ~(gold.labels | predicted)).bit_count(),
        predicted=predicted,
        missed=missed,
        false=false,
        unknown=unknown,
        flagged=flagged,
    )


def _of_flag(flagged: bool, positive: bool, predicted: int) -> Counts:
    return Counts(
        tp=int(flagged and positive),
        fp=int(flagged and not positive),
        fn=int(not flagged and positive),
        tn=int(not flagged and not positive),
        predicted=predicted,
        flagged=flagged,
    )


def _unread(gold: Gold, config: Config) -> Counts:
    if config.mode == "flag":
        return Counts(fp=int(not gold.is_positive), fn=int(gold.is_positive), invalid=1)
    return Counts(fp=1, fn=gold.labels.bit_count(), invalid=1, missed=gold.labels, unknown=1)


def _known(names: list[str], taxonomy: Compiled) -> int:
    found = 0
    for index, name in enumerate(names):
        place = taxonomy.find(name)
        if place is None or place == NEGATIVE:
            raise _invalid(f"/item/known/{index}", f"unknown_label: {name[:60]!r} is no label of the taxonomy")
        found |= 1 << place
    if not found:
        raise _invalid("/item/known", "nothing_known: without a known label there is nothing to grade")
    return found


def _labels(names: list[str], taxonomy: Compiled) -> int:
    found, is_denied = 0, False
    for index, name in enumerate(names):
        place = taxonomy.find(name)
        if place is None:
            some = ", ".join(taxonomy.names[:8]) + (", ..." if len(taxonomy.names) > 8 else "")
            detail = f"unknown_gold_label: {name[:60]!r} is no label of the taxonomy ({some or 'it has none'})"
            raise _invalid(f"/item/gold/{index}", detail)
        if place == NEGATIVE:
            is_denied = True
        else:
            found |= 1 << place
    if found and is_denied:
        raise _invalid("/item/gold", "gold_contradiction: a word for nothing stands beside a label")
    return found


def _invalid(pointer: str, detail: str) -> InvalidItem:
    return InvalidItem(f"The item has no usable answer: {detail}.", (Fault(pointer, detail),))
