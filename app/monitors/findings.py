"""All findings of a run, as one grader saw it: every monitor is asked."""

from collections.abc import Sequence

from app.monitors import rates, rewards, shapes
from app.monitors.answers import Finding, Step
from app.monitors.windows import GRADES_MIN, Course

MONITORS = (
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
"""Each is a pure function from a `Course` to its finding or None. The first line of its docstring says what it sees."""


def findings_of(run: str, grader: str, steps: Sequence[Step], greatest: float | None) -> list[Finding]:
    """What the monitors found, warnings first; nothing where there is too little to go by."""
    named = [step for step in steps if step.step is not None] or list(steps)
    graded = [step for step in named if step.graded]
    found = [rates.all_unscored(run, grader, named)] if named and not graded else []
    if graded and greatest is not None:
        course = Course(run, grader, greatest, graded)
        if course.late.graded >= GRADES_MIN:
            found += [monitor(course) for monitor in MONITORS]
    return sorted((one for one in found if one is not None), key=lambda one: one.severity == "notice")
