"""All findings of a run, as one grader saw it: every monitor is asked."""

from collections.abc import Sequence

from app.monitors import rates, rewards, shapes
from app.monitors.answers import Finding, Step
from app.monitors.windows import GRADES_MIN, WINDOW_STEPS, Course, Window

MONITORS = {
    monitor.__name__: monitor
    for monitor in (
        rewards.zero_variance,
        rewards.saturated,
        rewards.jump_to_max,
        rewards.reward_fell,
        rewards.sub_rewards_diverge,
        shapes.identical_answers,
        shapes.one_answer,
        shapes.length,
        shapes.tool_repeats,
        shapes.more_tool_calls,
        rates.unscored,
        rates.verdict_shift,
        rates.slower,
        rates.superseded,
    )
}
"""By the code of its finding: a pure function from a `Course` to that or None. Its docstring says what it sees."""


def findings_of(run: str, grader: str, steps: Sequence[Step], rewards: tuple[float, float] | None) -> list[Finding]:
    """What the monitors found, warnings first; nothing where there is too little to go by. Of steps without a grade
    one monitor can say something.

    Args:
        run: whose steps these are.
        grader: who judged them.
        steps: in order.
        rewards: least and greatest reward to be had; None: nothing was graded.
    """
    graded, named = _looked_at(steps)
    course = Course(run, grader, *(rewards or (0.0, 0.0)), graded, named)
    asked = MONITORS.values() if course.late.graded >= GRADES_MIN else [rates.unscored]
    found = [finding for monitor in asked if (finding := monitor(course)) is not None]
    return sorted(found, key=lambda one: one.severity == "notice")


def graded_late(steps: Sequence[Step]) -> int:
    """How many grades the monitors have before them. From 1 to `GRADES_MIN` - 1: too few to go by."""
    graded, _ = _looked_at(steps)
    return Window(graded[-WINDOW_STEPS:]).graded


def _looked_at(steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
    """Those of `steps` with grades, and the same with the others; without the records of no step, unless there is
    nothing else."""
    named = [step for step in steps if step.step is not None] or list(steps)
    return [step for step in named if step.graded], named
