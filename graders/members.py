"""The order in which a grader sees the members of a group, and what it must give each of them.

A reward may not depend on the order in which samples were sent, not even in its last digit: floating-point sums do
depend on it. So members are put in an order made of their content before the grader sees them.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pydantic_core import to_json

from graders.api import Credited, Member


def ordered(members: Sequence[Member]) -> list[int]:
    """The indices of `members` by item, rollout, item content and grade."""
    keys = [_key(member) for member in members]
    return sorted(range(len(members)), key=keys.__getitem__)


def faults(credited: Credited, members: Sequence[Member], low: float, high: float) -> Iterator[str]:
    """What `credited` holds that it must not, if anything: each of the `ordered` members has a reward in [low, high] or
    None, equal members equal ones, and those without a grade none. Members are counted from 0."""
    rewards = credited.rewards
    if len(rewards) != len(members):
        yield f"{len(rewards)} rewards; wanted one for each of {len(members)} members"
        return
    if not isinstance(credited.block, dict):
        yield f"a block that is a {type(credited.block).__name__}; wanted a dict"
    pairs = list(zip(members, rewards, strict=True))
    for index, (member, reward) in enumerate(pairs):
        if reward is not None and member.grade is None:
            yield f"reward {reward!r} for member {index}; wanted None for those without a grade"
        if reward is not None and not low <= reward <= high:
            yield f"reward {reward!r} for member {index}; wanted one in [{low:g}, {high:g}] or None"
    for index, ((one, reward), (other, other_reward)) in enumerate(pairwise(pairs)):
        if one == other and reward != other_reward:
            yield (
                f"rewards {reward!r} and {other_reward!r} for members {index} and {index + 1}, which are equal; "
                "wanted equal rewards"
            )


def _key(member: Member) -> tuple[str, bool, int, bytes]:
    content = to_json((member.item, member.grade), serialize_unknown=True)
    return member.item_id, member.rollout is None, member.rollout or 0, content
