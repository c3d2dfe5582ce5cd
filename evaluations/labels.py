"""Which labels are evaluated, which of them is the positive one, and how they are averaged."""

from collections.abc import Iterable, Sequence

from evaluations.errors import AverageNotApplicable, BadLabel, BadPosLabel
from evaluations.requests import Average, Conventions, Kind, Label, Prediction
from graders.errors import Fault, json_pointer

FLAGGED = "flagged"
"""The one label of a flag evaluation."""

_MATRIX = (
    "The rows look like those of an indicator matrix, with a 0 or 1 for each label. Send for each row the list of its"
    ' labels, such as ["hate"] or [], or declare `labels` if 0 and 1 are the names of labels.'
)

_DEFAULT: dict[Kind, Average] = {
    "binary": "binary",
    "flag": "binary",
    "multiclass": "macro",
    "multilabel": "micro",
}
_APPLICABLE: dict[Kind, tuple[Average, ...]] = {
    "binary": ("binary", "micro", "macro", "weighted", "none"),
    "flag": ("binary", "none"),
    "multiclass": ("micro", "macro", "weighted", "none"),
    "multilabel": ("micro", "macro", "weighted", "samples", "none"),
}


def average_of(asked: Conventions) -> Average:
    """The average that is meant.

    Raises:
        AverageNotApplicable: this kind has no such average.
    """
    if asked.average is None:
        return _DEFAULT[asked.kind]
    if asked.average not in _APPLICABLE[asked.kind]:
        wanted = ", ".join(_APPLICABLE[asked.kind])
        detail = f"Kind {asked.kind} has no average {asked.average!r}; it has {wanted}."
        raise AverageNotApplicable(detail, (Fault("/average", detail),))
    return asked.average


def labels_of(asked: Conventions, columns: Iterable[Sequence[Prediction]]) -> list[Label]:
    """The labels that are evaluated: the declared ones, or those in `columns` as scikit-learn would take them.

    Raises:
        BadLabel: a label twice, numbers beside texts, not two for binary, or nothing to take them from; or an indicator
            matrix, whose zeros and ones would all be read as labels.
    """
    if asked.labels is None and _is_matrix(columns := list(columns)):
        raise _bad_labels(_MATRIX)
    if asked.kind == "flag":
        return [FLAGGED]
    if asked.labels is None:
        return _labels_in(asked, columns)
    labels = [_plain(label) for label in asked.labels]
    for index, label in enumerate(labels):
        if label in labels[:index]:
            raise _bad_labels(f"{label!r} is declared twice.", json_pointer("/labels", index))
    if asked.kind == "binary" and len(labels) != 2:
        raise _bad_labels(f"Kind binary has two labels, not {len(labels)}.")
    if len({type(label) for label in labels}) > 1:
        raise _bad_labels("Labels are all texts or all numbers.")
    return labels


def pos_label_of(asked: Conventions, labels: Sequence[Label]) -> Label | None:
    """The positive label of a binary evaluation; None for other kinds and averages that need none.

    Raises:
        BadPosLabel: it is not among the labels, and is needed or named.
    """
    if asked.kind != "binary":
        return None
    chosen = _plain(1 if asked.pos_label is None else asked.pos_label)
    if chosen in labels:
        return chosen
    if average_of(asked) == "binary" or asked.pos_label is not None:
        detail = f"pos_label {chosen!r} is not one of {labels}. Say which of the two is the positive one."
        raise BadPosLabel(detail, (Fault("/pos_label", detail),))
    return None


def _labels_in(asked: Conventions, columns: Iterable[Sequence[Prediction]]) -> list[Label]:
    found: set[Label | None] = set()
    for column in columns:
        for value in column:
            found.update(value if isinstance(value, list) else (value,))
    labels = {_plain(label) for label in found if label is not None}
    if asked.kind == "binary":
        # A null is the wrong one of two. Other labels than 0 and 1 are pointed at where they stand.
        both = average_of(asked) == "binary" or None in found
        return [label for label in (0, 1) if both or label in labels]
    if not labels:
        raise _bad_labels("No label occurs, so they must be declared in `labels`.")
    if len({type(label) for label in labels}) > 1:
        raise _bad_labels("Texts and numbers both occur; declare `labels`.")
    return sorted(labels)


def _is_matrix(columns: Sequence[Sequence[Prediction]]) -> bool:
    """Whether all lists are of one length and of zeros and ones, some of them with one twice, as no list of labels."""
    rows = [value for column in columns for value in column if isinstance(value, list)]
    if len({len(row) for row in rows}) != 1 or not all(label in (0, 1) for row in rows for label in row):
        return False
    return any(len(set(row)) < len(row) for row in rows)


def _plain(label: Label) -> Label:
    return int(label) if isinstance(label, bool) else label


def _bad_labels(detail: str, pointer: str = "/labels") -> BadLabel:
    return BadLabel(detail, (Fault(pointer, detail),))
