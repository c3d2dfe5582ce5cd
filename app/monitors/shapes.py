"""Monitors of what the model writes: the same answers, longer samples, the same tool calls again."""

from app.monitors.answers import Finding, LookAt
from app.monitors.shares import percent
from app.monitors.windows import GRADES_MIN, Course, Window

SAME_SHARE, GROUPS_MIN = 0.8, 8
COMMON_SHARE, COMMON_RISE = 0.5, 0.25
LONGER, SHORTER = 2.0, 0.5
REPEAT_SHARE, CALLS_MIN = 0.3, 20
MORE_CALLS = 2.0


def identical_answers(course: Course) -> Finding | None:
    """In most groups all rollouts give one answer: the policy explores no more."""
    early, late = course.early, course.late
    share = late.share(lambda step: step.answers.same_groups, late.groups)
    before = 0.0 if early is None else early.share(lambda step: step.answers.same_groups, early.groups)
    if late.groups < GROUPS_MIN or share < SAME_SHARE:
        return None
    return Finding(
        code="identical_answers",
        severity="notice",
        title="Identical answers",
        detail=f"In {late.name}, all rollouts of {percent(share)} of {late.groups} groups give the same answer"
        f"{'' if early is None else f' ({percent(before)} in {early.name})'}. Look at temperature and entropy of "
        "the trainer, and at grades of one group.",
        from_step=late.first,
        to_step=late.last,
        value=share,
        limit=SAME_SHARE,
        look_at=LookAt(run=course.run, grader=course.grader, step=late.last, scored=True),
    )


def one_answer(course: Course) -> Finding | None:
    """One answer became far more frequent than it was, whatever is asked."""
    early, late = course.early, course.late_apart
    if early is None or late.graded < GRADES_MIN:
        return None
    before, now = _common(early), _common(late)
    if now < COMMON_SHARE or now - before < COMMON_RISE:
        return None
    return Finding(
        code="one_answer",
        severity="warning",
        title="One answer to everything",
        detail=f"In {late.name}, {percent(now)} of the answers are the same one; in {early.name} the most frequent one "
        f"had {percent(before)}. Look at record {late.steps[-1].answers.example} and at what it is paid.",
        from_step=late.first,
        to_step=late.last,
        value=now - before,
        limit=COMMON_RISE,
        look_at=LookAt(run=course.run, grader=course.grader, step=late.last, scored=True),
    )


def length(course: Course) -> Finding | None:
    """Samples became twice as long, or half as long, as they were."""
    early, late = course.early, course.late_apart
    if early is None or late.graded < GRADES_MIN:
        return None
    before = early.middle(lambda step: step.sample_bytes.p50 if step.sample_bytes else None)
    now = late.middle(lambda step: step.sample_bytes.p50 if step.sample_bytes else None)
    if not before or SHORTER < now / before < LONGER:
        return None
    grew = now > before
    return Finding(
        code="length",
        severity="notice",
        title="Longer samples" if grew else "Shorter samples",
        detail=f"The median sample has {now:.0f} bytes in {late.name} and had {before:.0f} in {early.name}, while the "
        f"mean reward went from {early.reward:.3f} to {late.reward:.3f}. Read samples of both: "
        f"{'is it paid for length?' if grew else 'what does it leave out?'}",
        from_step=early.first,
        to_step=late.last,
        value=now / before,
        limit=LONGER if grew else SHORTER,
        look_at=LookAt(run=course.run, grader=course.grader, step=late.last, scored=True),
    )


def tool_repeats(course: Course) -> Finding | None:
    """Many tool calls repeat an earlier one of the same sample."""
    late = course.late
    calls = sum(step.tools.calls for step in late.steps if step.tools)
    repeats = sum(step.tools.repeats for step in late.steps if step.tools)
    if calls < CALLS_MIN or repeats / calls < REPEAT_SHARE:
        return None
    return Finding(
        code="tool_repeats",
        severity="warning",
        title="Repeated tool calls",
        detail=f"In {late.name}, {repeats} of {calls} tool calls repeat an earlier one of the same sample, arguments "
        "and all. Look at what the tools answered: an error that is always the same, or a loop.",
        from_step=late.first,
        to_step=late.last,
        value=repeats / calls,
        limit=REPEAT_SHARE,
        look_at=LookAt(run=course.run, grader=course.grader, step=late.last, scored=True),
    )


def more_tool_calls(course: Course) -> Finding | None:
    """Samples make twice as many tool calls as they did."""
    early, late = course.early, course.late_apart
    if early is None or late.graded < GRADES_MIN:
        return None
    before = early.middle(lambda step: step.tools.calls_per_sample if step.tools else None)
    now = late.middle(lambda step: step.tools.calls_per_sample if step.tools else None)
    if not before or now / before < MORE_CALLS:
        return None
    return Finding(
        code="more_tool_calls",
        severity="notice",
        title="More tool calls",
        detail=f"A sample with tools makes {now:.1f} calls in {late.name} and made {before:.1f} in {early.name}. Look "
        "at cost and latency, and whether the reward rose with them.",
        from_step=early.first,
        to_step=late.last,
        value=now / before,
        limit=MORE_CALLS,
        look_at=LookAt(run=course.run, grader=course.grader, step=late.last, scored=True),
    )


def _common(window: Window) -> float:
    answered = sum(step.answers.answered for step in window.steps)
    return window.share(lambda step: step.answers.most_common, answered)
