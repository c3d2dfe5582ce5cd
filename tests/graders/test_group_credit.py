"""A version's group credit: what it must declare and what it may return, whatever the order of the members."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.api import Credited, Grade, Member
from graders.errors import GraderCrashed, InvalidCredit
from graders.registry import Registry
from graders.version import Version
from tests.team import TEAM, write_team


def load(folder: Path, source: str = TEAM) -> Version:
    write_team(folder)
    (folder / "team" / "v1.py").write_text(source)
    registry = Registry([folder])
    assert "team@v1" in registry.ids(), registry.unhealthy
    return registry["team@v1"].version


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Version:
    return load(tmp_path_factory.mktemp("graders"))


def member(team: Version, item_id: str, rollout: int | None, reward: float | None) -> Member:
    grade = None if reward is None else Grade(reward, "right", "")
    return Member(grade, team.read_item({"word": item_id}), item_id, rollout)


def credit(team: Version, members: list[Member], **credit: object) -> Credited:
    return team.credit(members, team.read_config({}), team.read_credit(credit))


def test_a_version_without_group_credit_says_so() -> None:
    version = Registry()["finance_qa@v1"].version

    assert (version.has_group_credit, version.credit_schema) == (False, None)


def test_a_version_declares_its_credit_and_its_range(team: Version) -> None:
    assert team.has_group_credit
    assert team.group_reward_range == (-1.0, 1.0)
    assert team.reward_range == (0.0, 1.0)
    assert team.credit_schema is not None
    assert team.credit_schema["properties"]["least"]["default"] == 1


def test_without_a_range_of_its_own_a_group_pays_within_the_version_s(tmp_path: Path) -> None:
    version = load(tmp_path, TEAM.replace("GROUP_REWARD_RANGE =", "REWARD_RANGE ="))

    assert version.group_reward_range == version.reward_range == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("class Credit(", "class Credits(", "Credit"),
        ('extra="forbid")\n    kind', 'extra="ignore")\n    kind', "Credit must forbid extra fields"),
    ],
)
def test_a_credit_that_is_not_declared_as_it_must_be_is_not_served(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    write_team(tmp_path)
    assert old in TEAM
    (tmp_path / "team" / "v1.py").write_text(TEAM.replace(old, new))

    registry = Registry([tmp_path])

    assert "team@v1" not in registry.ids()
    assert why in registry.unhealthy["team@v1"]


def test_each_member_gets_its_own_reward(team: Version) -> None:
    members = [member(team, "b", 1, 0.5), member(team, "a", 0, 1.0), member(team, "a", 1, 1.0), member(team, "b", 0, 0)]

    credited = credit(team, members)

    assert credited.rewards == (0.75, 0.5, 0.75, 0.5)
    assert credited.block == {"judged": 4, "excluded": [], "teams": 2}


def test_an_unjudged_member_has_no_reward_and_the_version_may_leave_out_others(team: Version) -> None:
    members = [member(team, "a", 0, 1.0), member(team, "a", 1, None), member(team, "b", 0, 0.5)]

    assert credit(team, members).rewards == (None, None, 0.5)


@given(data=st.data())
def test_the_order_of_members_changes_no_reward_in_any_digit(team: Version, data: st.DataObject) -> None:
    rewards = st.none() | st.floats(0, 1)
    places = st.tuples(st.sampled_from("abcd"), st.sampled_from([None, 0, 1]), rewards)
    members = [member(team, *place) for place in data.draw(st.lists(places, max_size=12))]
    shuffled = data.draw(st.permutations(range(len(members))))
    kind = data.draw(st.sampled_from(["team", "edge"]))

    first = credit(team, members, kind=kind, least=0)
    second = credit(team, [members[index] for index in shuffled], kind=kind, least=0)

    assert second.rewards == tuple(first.rewards[index] for index in shuffled)
    assert second.block == first.block


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ("Credited((1.5, 1.0), {})", "a group with reward 1.5 for member 0; wanted one in [-1, 1] or None."),
        ("Credited((1.0,), {})", "a group with 1 rewards; wanted one for each of 2 members."),
        ("Credited((1.0, 1.0, 1.0), {})", "a group with 3 rewards; wanted one for each of 2 members."),
        ("Credited((float('nan'), 1.0), {})", "The reward of member 0 is nan"),
        ("Credited((0.0, 1.0), {})", "rewards 0.0 and 1.0 for members 0 and 1, which are equal; wanted equal rewards."),
        ("Credited((1.0, 1.0), [])", "a group with a block that is a list; wanted a dict."),
        ("[1.0, 1.0]", "a group with [1.0, 1.0] (list); wanted a Credited."),
        ("members[2]", "raised IndexError in grade_group"),
    ],
)
def test_whatever_a_group_credit_does_wrong_is_a_crash_of_the_grader(tmp_path: Path, returned: str, told: str) -> None:
    team = load(tmp_path, TEAM + f"def grade_group(members, config, credit):\n    return {returned}\n")
    twins = [member(team, "a", 0, 1.0), member(team, "a", 0, 1.0)]

    with pytest.raises(GraderCrashed) as crash:
        credit(team, twins)

    assert told in crash.value.detail


def test_a_member_without_a_grade_cannot_be_paid(tmp_path: Path) -> None:
    team = load(tmp_path, TEAM + "def grade_group(members, config, credit):\n    return Credited((1.0,), {})\n")

    with pytest.raises(GraderCrashed, match="None for those without a grade"):
        credit(team, [member(team, "a", 0, None)])


def test_what_is_wrong_with_a_credit_points_to_the_place(team: Version) -> None:
    with pytest.raises(InvalidCredit) as misspelt:
        team.read_credit({"kinds": "team"})
    with pytest.raises(InvalidCredit) as too_small:
        credit(team, [member(team, "a", 0, 1.0)], least=2)

    assert [fault.pointer for fault in misspelt.value.faults] == ["/credit/kinds"]
    assert [fault.pointer for fault in too_small.value.faults] == ["/credit/least"]


def test_a_member_with_an_unreadable_item_has_no_item(team: Version) -> None:
    unreadable = replace(member(team, "a", 0, None), item=None)

    assert credit(team, [unreadable, member(team, "b", 0, 1.0)]).rewards == (None, 1.0)
