"""The order in which a grader sees the members of a group, and what it must give each of them.

A reward may not depend on the order in which samples were sent, not even in its last digit: floating-point sums do
depend on it. So members are put in an order made of their content before the grader sees them.
"""

from collections.abc import Sequence
from itertools import pairwise

from pydantic_core import to_json

from graders.api import Credited, Member


def ordered(members: Sequence[Member]) -> list[int]:
    """The indices of `members` by item, rollout, item content and grade."""
    keys = [_key(member) for member in members]
    return sorted(range(len(members)), key=keys.__getitem__)


def is_fair(credited: Credited, members: Sequence[Member], low: float, high: float) -> bool:
    """Whether each of the `ordered` members has a reward in [low, high] or None, equal members equal ones, and those
    without a grade none."""
    rewards = credited.rewards
    if len(rewards) != len(members) or not isinstance(credited.block, dict):
        return False
    pairs = list(zip(members, rewards, strict=True))
    return all(_is_allowed(member, reward, low, high) for member, reward in pairs) and not any(
        one == other and reward != other_reward for (one, reward), (other, other_reward) in pairwise(pairs)
    )


def _is_allowed(member: Member, reward: float | None, low: float, high: float) -> bool:
    return reward is None or (member.grade is not None and low <= reward <= high)


def _key(member: Member) -> tuple[str, bool, int, bytes]:
    content = to_json((member.item, member.grade), serialize_unknown=True)
    return member.item_id, member.rollout is None, member.rollout or 0, content
