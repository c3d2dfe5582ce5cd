"""Why an evaluation is refused. All of it is the caller's to repair; each class is a code of its own.

What scikit-learn refuses is refused here too; what it computes in silence although it means nothing (a gold label that
nobody declared) is refused as well, because 0.0 would look like a result.
"""

from graders.errors import Unscored


class InvalidEvaluation(Unscored):
    """Not of the documented shape. Subclasses say more."""


class BadLabel(InvalidEvaluation):
    """A label that cannot stand where it stands: not 0 or 1, a list where one label belongs, the same label twice."""


class UnknownGoldLabel(InvalidEvaluation):
    """`y_true` holds a label that `labels` does not declare."""


class UnknownLabel(InvalidEvaluation):
    """`y_pred` holds a label that `labels` does not declare, and `unknown` is `error`."""


class GoldOutsideKnown(InvalidEvaluation):
    """`y_true` holds a label that `known` says nobody has looked at."""


class BadPosLabel(InvalidEvaluation):
    """The positive label of a binary evaluation is missing, or is not one of the two."""


class BadBeta(InvalidEvaluation):
    """`beta` is negative or no number."""


class BadZeroDivision(InvalidEvaluation):
    """`zero_division` is not 0, 1 or "nan"."""


class BadAverage(InvalidEvaluation):
    """There is no such average."""


class AverageNotApplicable(InvalidEvaluation):
    """The average exists, but not for this kind of labels."""


class LengthMismatch(InvalidEvaluation):
    """Columns of different length."""


class EmptyBatch(InvalidEvaluation):
    """No rows."""


class DuplicateId(InvalidEvaluation):
    """One side of a comparison has an id twice."""


class IdsDiffer(InvalidEvaluation):
    """The two sides of a comparison were not made on the same samples."""


class GoldDiffers(InvalidEvaluation):
    """The two sides of a comparison do not agree on what is right."""


class VersionsDiffer(InvalidEvaluation):
    """The two sides of a comparison were judged by different versions."""
