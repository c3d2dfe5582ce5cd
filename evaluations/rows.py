"""A request's columns as rows of label numbers: scikit-learn's indicator matrix, with masks and with what no label has.

An answer that could not be read (null) is wrong once, whatever the row: it is never dropped and never a free negative.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from evaluations.errors import (
    BadLabel,
    EmptyBatch,
    GoldOutsideKnown,
    InvalidEvaluation,
    LengthMismatch,
    UnknownGoldLabel,
    UnknownLabel,
)
from evaluations.requests import Conventions, F1Request, Gold, Label, Prediction, Side
from graders.errors import Fault, json_pointer

_FAULTS_MAX = 10


class Row(NamedTuple):
    """One sample, its labels by their number. Rows that are equal count equally, so they are counted together."""

    gold: frozenset[int]
    pred: frozenset[int]
    known: frozenset[int] | None
    """None: every label is."""
    surplus: int
    """False positives that belong to no label: unknown predictions, or one for an answer that could not be read."""
    is_unread: bool = False
    """Whether the answer could not be read: then it is right about no label, not even about absent ones."""

    @property
    def is_right(self) -> bool:
        """Whether every label is."""
        return self.gold == self.pred and not self.surplus


@dataclass
class Read:
    """What came of the columns."""

    rows: list[Row] = field(default_factory=list)
    unknown: Counter[Label] = field(default_factory=Counter)
    """Predicted labels that are not declared, by how many rows name them."""
    invalid: int = 0
    """Predictions that were null."""


class RowReader:
    """Reads the columns of one request or of one side of it; `root` is where they stand."""

    def __init__(self, asked: Conventions, labels: Sequence[Label], root: str = "") -> None:
        self._asked = asked
        self._numbers = {label: number for number, label in enumerate(labels)}
        # A flag is 1 with any label; declared labels are only there to tell the unknown ones.
        self._declared = None if asked.kind == "flag" and asked.labels is None else set(asked.labels or labels)
        self._root = root
        self._read = Read()
        self._faults: list[tuple[type[InvalidEvaluation], Fault]] = []

    def read(self, columns: F1Request | Side) -> Read:
        """The rows.

        Raises:
            InvalidEvaluation: lengths differ, there are none, or a label cannot stand where it stands.
        """
        self._check_lengths(columns)
        add = {
            "binary": self._binary,
            "multiclass": self._multiclass,
            "multilabel": self._multilabel,
            "flag": self._flag,
        }[self._asked.kind]
        for index, (gold, pred) in enumerate(zip(columns.y_true, columns.y_pred, strict=True)):
            known = None if columns.known is None else columns.known[index]
            self._read.rows.append(add(index, gold, pred, self._known(index, gold, known)))
            self._read.invalid += pred is None
        if self._faults:
            kind = self._faults[0][0]
            faults = tuple(fault for found, fault in self._faults if found is kind)[:_FAULTS_MAX]
            raise kind(f"{faults[0].pointer}: {faults[0].detail}", faults)
        return self._read

    def _check_lengths(self, columns: F1Request | Side) -> None:
        rows = len(columns.y_true)
        for name in ("y_pred", "known", "groups", "ids"):
            column = getattr(columns, name, None)
            if column is not None and len(column) != rows:
                detail = f"{name} has {len(column)} rows, y_true {rows}."
                raise LengthMismatch(detail, (Fault(json_pointer(self._root, name), detail),))
        if not rows:
            raise EmptyBatch("There are no rows.", (Fault(f"{self._root}/y_true", "Wanted one row or more."),))
        if columns.known is not None and self._asked.kind not in {"multilabel", "flag"}:
            detail = f"known is for multilabel and flag; in {self._asked.kind} leave out rows of unknown gold."
            raise InvalidEvaluation(detail, (Fault(f"{self._root}/known", detail),))

    def _fault(self, kind: type[InvalidEvaluation], column: str, index: int, detail: str) -> None:
        self._faults.append((kind, Fault(json_pointer(self._root, column, index), detail)))

    # --- one label per row ---

    def _binary(self, index: int, gold: Gold, pred: Prediction, known: set[Label] | None) -> Row:
        if self._asked.labels is None:
            for column, value in (("y_true", gold), ("y_pred", pred)):
                if not (value is None or (not isinstance(value, list) and value in (0, 1))):
                    self._fault(BadLabel, column, index, f"{value!r} is not 0 or 1; other labels go into `labels`.")
                    return _NOTHING
        right = self._one_gold(index, gold)
        wrong = frozenset(self._numbers.values()) - right
        found = _NONE if pred is None else self._one(index, pred)
        is_dropped = pred is not None and self._asked.unknown == "drop"
        return Row(right, found if found or is_dropped else wrong, None, 0)

    def _multiclass(self, index: int, gold: Gold, pred: Prediction, known: set[Label] | None) -> Row:
        right = self._one_gold(index, gold)
        if pred is None:
            return Row(right, _NONE, None, 1, is_unread=True)
        found = self._one(index, pred)
        return Row(right, found, None, 0 if found or self._asked.unknown == "drop" else 1)

    def _one_gold(self, index: int, gold: Gold) -> frozenset[int]:
        if isinstance(gold, list):
            self._fault(BadLabel, "y_true", index, f"Kind {self._asked.kind} has one label per row, not a list.")
        elif gold not in self._numbers:
            self._fault(UnknownGoldLabel, "y_true", index, f"{gold!r} is not among the declared labels.")
        else:
            return frozenset((self._numbers[gold],))
        return frozenset()

    def _one(self, index: int, pred: Label | list[Label]) -> frozenset[int]:
        if isinstance(pred, list):
            self._fault(BadLabel, "y_pred", index, f"Kind {self._asked.kind} has one label per row, not a list.")
        elif pred in self._numbers:
            return frozenset((self._numbers[pred],))
        else:
            self._unknown(index, (pred,))
        return frozenset()

    # --- a list of labels per row ---

    def _multilabel(self, index: int, gold: Gold, pred: Prediction, known: set[Label] | None) -> Row:
        right = frozenset(self._numbers[label] for label in self._gold_list(index, gold, known))
        mask = None if known is None else frozenset(self._numbers[label] for label in known)
        if pred is None:
            return Row(right, _NONE, mask, 1, is_unread=True)
        said, unknown = self._said(index, pred)
        found = frozenset(self._numbers[label] for label in said if known is None or label in known)
        return Row(right, found, mask, len(unknown) if self._asked.unknown == "fp" else 0)

    def _flag(self, index: int, gold: Gold, pred: Prediction, known: set[Label] | None) -> Row:
        if isinstance(gold, list):
            is_right = bool(self._gold_list(index, gold, known))
        else:
            is_right = self._verdict("y_true", index, gold)
        if pred is None:
            is_said = not is_right
        elif isinstance(pred, list):
            said, unknown = self._said(index, pred)
            is_said = any(known is None or label in known for label in said)
            is_said = is_said or (bool(unknown) and self._asked.unknown == "fp")
        else:
            is_said = self._verdict("y_pred", index, pred)
        mask = _NONE if known is not None and not known else None
        return Row(_ONE if is_right else _NONE, _ONE if is_said and mask is None else _NONE, mask, 0)

    def _verdict(self, column: str, index: int, value: Label) -> bool:
        if value not in (0, 1):
            self._fault(BadLabel, column, index, f"{value!r} is neither 0, 1, true, false nor a list of labels.")
        return value == 1

    def _gold_list(self, index: int, gold: Gold, known: set[Label] | None) -> set[Label]:
        """The gold labels; without those that are at fault, so that reading can go on to the next fault."""
        if not isinstance(gold, list):
            self._fault(BadLabel, "y_true", index, f"Kind {self._asked.kind} has a list of labels per row.")
            return set()
        labels = set(gold)
        if self._declared is not None and (foreign := labels - self._declared):
            self._fault(UnknownGoldLabel, "y_true", index, f"{_shown(foreign)} not among the declared labels.")
            labels -= foreign
        if known is not None and (unseen := labels - known):
            self._fault(GoldOutsideKnown, "y_true", index, f"{_shown(unseen)} outside the row's `known`.")
            labels -= unseen
        return labels

    def _said(self, index: int, pred: Label | list[Label]) -> tuple[set[Label], set[Label]]:
        """The predicted labels: declared ones, and others."""
        if not isinstance(pred, list):
            self._fault(BadLabel, "y_pred", index, f"Kind {self._asked.kind} has a list of labels per row.")
            return set(), set()
        said = set(pred)
        unknown = set() if self._declared is None else said - self._declared
        self._unknown(index, unknown)
        return said - unknown, unknown

    def _unknown(self, index: int, labels: Iterable[Label]) -> None:
        for label in labels:
            self._read.unknown[label] += 1
            if self._asked.unknown == "error":
                self._fault(UnknownLabel, "y_pred", index, f"{label!r} is not among the declared labels.")

    def _known(self, index: int, gold: Gold, known: list[Label] | None) -> set[Label] | None:
        if known is None:
            return None
        labels = set(known)
        if not isinstance(gold, list):
            self._fault(BadLabel, "known", index, "Only a row whose gold is a list of labels can be known in part.")
        if self._declared is not None and (foreign := labels - self._declared):
            self._fault(BadLabel, "known", index, f"{_shown(foreign)} not among the declared labels.")
            labels -= foreign
        return labels


def _shown(labels: set[Label]) -> str:
    names = sorted(repr(label) for label in labels)
    return ", ".join(names) + (" is" if len(names) == 1 else " are")


_NONE: frozenset[int] = frozenset()
_ONE: frozenset[int] = frozenset((0,))
_NOTHING = Row(_NONE, _NONE, None, 0)
