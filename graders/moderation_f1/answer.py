"""What an output says, before anything is compared: labels, a verdict, or why there is no answer."""

from dataclasses import dataclass
from typing import Literal

ParseError = Literal[
    "empty_output", "bad_json", "duplicate_key", "missing_field", "several_answers", "contradiction", "no_verdict",
    "no_known_label", "bad_label_type", "bad_category_line", "bad_score", "unterminated_reasoning", "too_many_labels",
    "too_long",
]  # fmt: skip

UNSPECIFIED = "unspecified"
"""Stands among the unknown labels of an answer that flags and names nothing."""


class Unread(ValueError):
    """The output holds no answer in the format asked for. The model's fault: it is judged, and earns nothing."""

    def __init__(self, code: ParseError, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


@dataclass(slots=True)
class Answer:
    """An answer that was read."""

    labels: int = 0
    """The known labels that it names, as bits."""
    unknown: tuple[str, ...] = ()
    """Keys of what it names beside the taxonomy, each once; `UNSPECIFIED` alone for a flag without a name."""
    verdict: bool | None = None
    """Whether it flags, where it says so apart from labels."""
    is_abstention: bool = False

    @property
    def is_unspecified(self) -> bool:
        return self.verdict is True and self.unknown == (UNSPECIFIED,)

    @property
    def flagged(self) -> bool | None:
        """Whether it flags, said or by its labels; None for an abstention."""
        if self.is_abstention:
            return None
        return bool(self.labels or self.unknown) if self.verdict is None else self.verdict


@dataclass(slots=True)
class Named:
    """What a list of labels names."""

    labels: int = 0
    unknown: tuple[str, ...] = ()
    is_empty: bool = False
    """It says that there is nothing to name: an empty list, `none`, `safe`."""


def settled(verdict: bool | None, named: Named | None) -> Answer:
    """The answer that a verdict and a list make together; either may be missing.

    Raises:
        Unread: they contradict each other.
    """
    if named is None:
        return Answer(0, (UNSPECIFIED,) if verdict else (), verdict)
    if named.labels or named.unknown:
        if verdict is False:
            raise Unread("contradiction", "it says that nothing is wrong, and names a label")
        return Answer(named.labels, named.unknown, verdict)
    if verdict is True and named.is_empty:
        raise Unread("contradiction", "it says that something is wrong, and that there is nothing to name")
    return Answer(0, (UNSPECIFIED,) if verdict else (), verdict)
