"""How marks become a number from 0 to 1."""

from collections.abc import Sequence

from graders.code_tests.item import Item
from graders.code_tests.judging import Mark
from graders.code_tests.policy import Scoring

_FRACTION_SHARE = 0.1


def score(scoring: Scoring, marks: Sequence[Mark], item: Item) -> float:
    """The score of `marks`, of which there is at least one.

    `weighted_sum` is open-r1's for Codeforces, scaled to 1; `subtask_min` is the rule of the IOI.
    """
    share = fraction(marks)
    every = float(share == 1.0)
    if scoring == "all":
        return every
    if scoring == "weighted":
        return sum(mark.test.weight for mark in marks if mark.passed) / sum(mark.test.weight for mark in marks)
    if scoring == "weighted_sum":
        return (every + _FRACTION_SHARE * share) / (1 + _FRACTION_SHARE)
    if scoring == "subtask_min":
        return _share_of_subtasks(marks, item)
    return share


def fraction(marks: Sequence[Mark]) -> float:
    """The share of tests that passed."""
    return sum(mark.passed for mark in marks) / len(marks)


def subtasks(marks: Sequence[Mark]) -> dict[str, bool]:
    """By name, whether every test of the subtask passed."""
    passed: dict[str, bool] = {}
    for mark in marks:
        for name in mark.test.subtasks:
            passed[name] = passed.get(name, True) and mark.passed
    return passed


def _share_of_subtasks(marks: Sequence[Mark], item: Item) -> float:
    passed = subtasks(marks)
    points = {name: item.subtasks.get(name, 1.0) for name in passed}
    return sum(points[name] for name, is_passed in passed.items() if is_passed) / sum(points.values())
