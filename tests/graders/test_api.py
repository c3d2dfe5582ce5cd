"""What graders may do with a Grade, whatever it is made of: those that are released do it for ever."""

from dataclasses import asdict, fields, is_dataclass, replace
from math import inf, nan

import pytest

from graders.api import Grade

GIVEN = Grade(0.8, "wrong_format", "Read 5.", "5", (3, 4), {"form": 0.5}, {"read": [5]})


def test_the_functions_of_dataclasses_take_a_grade() -> None:
    assert is_dataclass(GIVEN)
    assert [field.name for field in fields(GIVEN)] == [
        "reward",
        "verdict",
        "reason",
        "answer",
        "answer_span",
        "sub_rewards",
        "details",
    ]
    assert replace(GIVEN, answer=None, answer_span=None) == Grade(
        0.8, "wrong_format", "Read 5.", sub_rewards={"form": 0.5}, details={"read": [5]}
    )
    assert Grade(**asdict(GIVEN)) == GIVEN


def test_a_grade_does_not_change() -> None:
    with pytest.raises(AttributeError):
        GIVEN.reward = 1.0  # type: ignore[misc]


def test_grades_share_no_defaults() -> None:
    one, other = Grade(1.0, "right", "Yes."), Grade(1.0, "right", "Yes.")
    one.details["seen"] = True
    one.sub_rewards["form"] = 1.0
    assert (other.details, other.sub_rewards) == ({}, {})


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_is_not_finite_is_no_reward(value: float) -> None:
    with pytest.raises(ValueError, match="a reward is a finite number"):
        Grade(value, "right", "Yes.")
    with pytest.raises(ValueError, match="'form' is"):
        replace(GIVEN, sub_rewards={"form": value})
