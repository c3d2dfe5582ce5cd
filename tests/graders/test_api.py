"""What graders may do with a Grade: those that are released do it for ever."""

import copy
import pickle
from dataclasses import MISSING, FrozenInstanceError, asdict, dataclass, fields, replace
from math import inf, nan

import pytest
from pydantic import TypeAdapter

from graders.api import Grade

GIVEN = Grade(0.8, "wrong_format", "Read 5.", "5", (3, 4), {"form": 0.5}, {"read": [5]})


@dataclass(frozen=True)
class Ruled(Grade):
    """One with a field of its own, as another's grader may have it."""

    rule: str = ""


class Right(Grade):
    """One with a constructor of its own."""

    def __init__(self, why: str) -> None:
        super().__init__(1.0, "right", why)
        object.__setattr__(self, "answer", why.upper())


class Titled(Grade):
    """One that names a field anew."""

    verdict = "titled"


def test_the_functions_of_dataclasses_take_a_grade() -> None:
    assert replace(GIVEN, answer=None, answer_span=None) == Grade(
        0.8, "wrong_format", "Read 5.", sub_rewards={"form": 0.5}, details={"read": [5]}
    )
    assert Grade(**asdict(GIVEN)) == GIVEN


def test_its_fields_have_the_defaults_that_its_constructor_gives() -> None:
    needed = [each for each in fields(Grade) if each.default is MISSING and each.default_factory is MISSING]
    made = Grade(1.0, "right", "Yes.")

    assert [each.name for each in needed] == ["reward", "verdict", "reason"]
    for each in fields(Grade)[3:]:
        default = each.default if each.default_factory is MISSING else each.default_factory()
        assert getattr(made, each.name) == default


def test_a_grade_may_be_derived_from() -> None:
    ruled = replace(Ruled(0.5, "partial", "Half.", details={"n": 1}), rule="half")

    assert (ruled.rule, ruled.reward, ruled.sub_rewards, ruled.details) == ("half", 0.5, {}, {"n": 1})
    assert (Right("yes").reward, Right("yes").answer) == (1.0, "YES")
    assert Titled(0.5, "partial", "Half.").verdict == "partial"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda grade: pickle.loads(pickle.dumps(grade))])
def test_a_grade_can_be_copied(again: object) -> None:
    assert callable(again)
    assert again(GIVEN) == GIVEN


def test_a_grade_is_read_by_pydantic() -> None:
    assert TypeAdapter(Grade).validate_python(asdict(GIVEN)) == GIVEN


def test_a_grade_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        GIVEN.reward = 1.0  # type: ignore[misc]


def test_grades_share_no_defaults() -> None:
    one, other = Grade(1.0, "right", "Yes."), Grade(1.0, "right", "Yes.")
    one.details["seen"] = True
    one.sub_rewards["form"] = 1.0

    assert (other.details, other.sub_rewards) == ({}, {})


@pytest.mark.parametrize("kind", [Grade, Ruled])
@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_is_not_finite_is_no_reward(kind: type[Grade], value: float) -> None:
    with pytest.raises(ValueError, match="a reward is a finite number"):
        kind(value, "right", "Yes.")
    with pytest.raises(ValueError, match="'form' is"):
        kind(1.0, "right", "Yes.", sub_rewards={"form": value})
