"""Monitors of how often and how fast: what stays unscored, verdicts, latency, grades that replace others."""

from collections import Counter

from app.monitors.answers import Finding, LookAt
from app.monitors.shares import percent
from app.monitors.windows import GRADES_MIN, Course, Window

UNSCORED_NOTICE, UNSCORED_WARNING = 0.02, 0.1
SHIFT = 0.3
SLOWER, SLOW_MS = 3.0, 1000.0
SUPERSEDED_SHARE = 0.2


def unscored(course: Course) -> Finding | None:
    """Samples stay without a grade; trainers drop them, or worse, take them for zeros."""
    window = course.latest
    codes = window.unscored()
    samples = window.graded + codes.total()
    share = codes.total() / samples if codes else 0.0
    if share < UNSCORED_NOTICE or (course.steps and samples < GRADES_MIN):
        return None
    most, _ = codes.most_common(1)[0]
    told = ", ".join(f"{code} {count}" for code, count in codes.most_common(3))
    return Finding(
        code="unscored",
        severity="warning" if share >= UNSCORED_WARNING else "notice",
        title="Samples without a grade",
        detail=f"In {window.name}, {percent(share, 1)} of the samples stayed unscored ({told}). Look at these rows for "
        "the reason, and at what the trainer does with a sample that has no reward.",
        from_step=window.first,
        to_step=window.last,
        value=share,
        limit=UNSCORED_NOTICE,
        look_at=LookAt(run=course.run, grader=course.grader, code=most, scored=False),
    )


def verdict_shift(course: Course) -> Finding | None:
    """A verdict became far more frequent while the mean reward did not rise."""
    early, late = course.early, course.late_apart
    if early is None or late.graded < GRADES_MIN or late.reward > early.reward:
        return None
    before, now = _shares(early), _shares(late)
    rises = {verdict: share - before.get(verdict, 0.0) for verdict, share in now.items()}
    verdict = max(rises, key=rises.__getitem__)
    if rises[verdict] < SHIFT:
        return None
    return Finding(
        code="verdict_shift",
        severity="warning",
        title="Verdicts shift",
        detail=f"{verdict!r} has {percent(now[verdict])} of the grades in {late.name} and had "
        f"{percent(before.get(verdict, 0.0))} in {early.name}, while the mean reward went from {early.reward:.3f} to "
        f"{late.reward:.3f}. Look at grades with this verdict.",
        from_step=early.first,
        to_step=late.last,
        value=rises[verdict],
        limit=SHIFT,
        look_at=LookAt(run=course.run, grader=course.grader, step=late.last, verdict=verdict),
    )


def slower(course: Course) -> Finding | None:
    """Grades take several times as long as they did."""
    early, late = course.early, course.late_apart
    if early is None or late.graded < GRADES_MIN:
        return None
    before = early.middle(lambda step: step.duration_ms.p95 if step.duration_ms else None)
    now = late.middle(lambda step: step.duration_ms.p95 if step.duration_ms else None)
    if now < SLOW_MS or now < SLOWER * before:
        return None
    return Finding(
        code="slower",
        severity="notice",
        title="Slower grades",
        detail=f"The 95th percentile of a grade's time is {now:.0f} ms in {late.name} and was {before:.0f} ms in "
        f"{early.name}. Look at queues and slots of the service, and at what the samples make it run.",
        from_step=early.first,
        to_step=late.last,
        value=now / before if before else now,
        limit=SLOWER,
        look_at=LookAt(run=course.run, grader=course.grader, step=late.last, scored=True),
    )


def superseded(course: Course) -> Finding | None:
    """Many grades are replaced by a later one of the same step, item and rollout."""
    late = course.late
    replaced = sum(step.superseded for step in late.steps)
    share = replaced / (late.graded + replaced)
    if share < SUPERSEDED_SHARE:
        return None
    return Finding(
        code="superseded",
        severity="notice",
        title="Grades replaced",
        detail=f"In {late.name}, {replaced} grades were replaced by a later one of the same step, item and rollout. "
        "Look whether the trainer retries without an Idempotency-Key, or numbers different samples alike.",
        from_step=late.first,
        to_step=late.last,
        value=share,
        limit=SUPERSEDED_SHARE,
        look_at=LookAt(run=course.run, grader=course.grader, step=late.last, scored=True),
    )


def _shares(window: Window) -> dict[str, float]:
    counts: Counter[str] = window.verdicts()
    return {verdict: count / counts.total() for verdict, count in counts.items()}
