"""Monitors of the reward itself: does it still teach, and is it earned?"""

from itertools import pairwise

from app.monitors.answers import Finding, LookAt
from app.monitors.shares import percent
from app.monitors.windows import GRADES_MIN, Course, Window

FLAT_SHARE, GROUPS_MIN = 0.8, 8
AT_MAX_SHARE = 0.95
JUMP = 0.4
_JUMP_STEPS = 3
FALL = 0.2
APART = 0.1


def zero_variance(course: Course) -> Finding | None:
    """Most groups earn one reward for all their rollouts, so a policy that compares them learns nothing."""
    late = course.late
    share = late.share(lambda step: step.zero_variance_groups, late.groups)
    if late.groups < GROUPS_MIN or share < FLAT_SHARE:
        return None
    is_easy = course.greatest - late.reward < course.span / 2
    why, bound = (
        ("mostly at the greatest reward: the items are too easy now", {"min_reward": course.greatest})
        if is_easy
        else ("mostly at low rewards: the items are too hard, or the grader reads no answer", {"scored": True})
    )
    return Finding(
        code="zero_variance",
        severity="warning",
        title="Groups without variance",
        detail=f"In {late.name}, {percent(share)} of {late.groups} groups have one reward for all rollouts, {why}. "
        "Such groups give no gradient. Look at their grades, and choose items that the model solves sometimes.",
        from_step=late.first,
        to_step=late.last,
        value=share,
        limit=FLAT_SHARE,
        look_at=LookAt(run=course.run, grader=course.grader, step=late.last, **bound),
    )


def saturated(course: Course) -> Finding | None:
    """Nearly all grades are exactly at the greatest reward."""
    late = course.late
    if late.at_max < AT_MAX_SHARE:
        return None
    return Finding(
        code="saturated",
        severity="notice",
        title="Reward at its maximum",
        detail=f"In {late.name}, {percent(late.at_max)} of {late.graded} grades are exactly {course.greatest:g}. Read "
        "some of these samples: if they are right, training on these items is over; if not, the grader has a hole.",
        from_step=late.first,
        to_step=late.last,
        value=late.at_max,
        limit=AT_MAX_SHARE,
        look_at=LookAt(run=course.run, grader=course.grader, step=late.last, min_reward=course.greatest),
    )


def jump_to_max(course: Course) -> Finding | None:
    """The share of grades at the greatest reward jumps up within a few steps, which learning seldom does."""
    jumps = [(after.at_max - before.at_max, after) for before, after in _neighbours(course)]
    rise, after = max(jumps, key=lambda jump: jump[0], default=(0.0, course.late))
    if rise < JUMP:
        return None
    return Finding(
        code="jump_to_max",
        severity="warning",
        title="Jump to the maximum",
        detail=f"From {after.name} on, {percent(after.at_max)} of the grades are exactly {course.greatest:g}, "
        f"{percent(after.at_max - rise)} were before. Models that find a loophole do that. Read samples of "
        f"step {after.first} with the greatest reward, beside those of the step before.",
        from_step=after.first,
        to_step=after.last,
        value=rise,
        limit=JUMP,
        look_at=LookAt(run=course.run, grader=course.grader, step=after.first, min_reward=course.greatest),
    )


def reward_fell(course: Course) -> Finding | None:
    """The mean reward is well below what it was at its best."""
    # What comes before a neighbour has no step in common with the last ones.
    best = max((before for before, _ in _neighbours(course)), key=lambda one: one.reward, default=None)
    late = Window(course.steps[-_size(course) :])
    fall = 0.0 if best is None or late.graded < GRADES_MIN else best.reward - late.reward
    if best is None or fall <= 0 or fall < FALL * course.span:
        return None
    return Finding(
        code="reward_fell",
        severity="warning",
        title="Reward fell",
        detail=f"The mean reward of {late.name} is {late.reward:.3f}; it was {best.reward:.3f} in {best.name}. Look at "
        "the verdicts that became more frequent, and at learning rate and KL of the trainer.",
        from_step=best.last,
        to_step=late.last,
        value=fall,
        limit=FALL * course.span,
        look_at=LookAt(run=course.run, grader=course.grader, step=late.last, max_reward=late.reward),
    )


def sub_rewards_diverge(course: Course) -> Finding | None:
    """One sub-reward rises while another falls: the policy pays with one for the other."""
    early, late = course.early, course.late_apart
    if early is None or late.graded < GRADES_MIN:
        return None
    before, now = early.sub_rewards(), late.sub_rewards()
    changes = {name: now[name] - before[name] for name in now if name in before}
    if len(changes) < 2:
        return None
    up, down = max(changes, key=changes.__getitem__), min(changes, key=changes.__getitem__)
    apart = min(changes[up], -changes[down])
    if apart < APART:
        return None
    return Finding(
        code="sub_rewards_diverge",
        severity="warning",
        title="Sub-rewards diverge",
        detail=f"From {early.name} to {late.name}, {up} rose from {before[up]:.3f} to {now[up]:.3f} while {down} fell "
        f"from {before[down]:.3f} to {now[down]:.3f}. Look at grades with a high reward for what is lost, and weigh "
        f"{down} more.",
        from_step=early.first,
        to_step=late.last,
        value=apart,
        limit=APART,
        look_at=LookAt(run=course.run, grader=course.grader, step=late.last, scored=True),
    )


def _neighbours(course: Course) -> list[tuple[Window, Window]]:
    """Each few steps with the few after them, where both have enough grades."""
    size = _size(course)
    windows = [Window(course.steps[at : at + size]) for at in range(len(course.steps) - size + 1)] if size else []
    pairs = pairwise(windows) if size == 1 else zip(windows, windows[size:], strict=False)
    return [(one, other) for one, other in pairs if min(one.graded, other.graded) >= GRADES_MIN]


def _size(course: Course) -> int:
    """Steps that are taken together where each few are held against the few after them."""
    return min(_JUMP_STEPS, len(course.steps) // 2)
