"""A run's steps as monitors look at them: the first ones against the last ones."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from app.monitors.answers import Numbers, Step

# Steps at either end that are taken together, so that one odd step is no finding.
WINDOW_STEPS = 5
# Fewer grades than these say nothing.
GRADES_MIN = 16


@dataclass(frozen=True, slots=True)
class Window:
    """Neighbouring steps, taken together."""

    steps: Sequence[Step]

    @property
    def graded(self) -> int:
        return sum(step.graded for step in self.steps)

    @property
    def first(self) -> int | None:
        return self.steps[0].step

    @property
    def last(self) -> int | None:
        return self.steps[-1].step

    @property
    def name(self) -> str:
        """`step 3`, `steps 3 to 7`."""
        if self.first is None:
            return "the records without a step"
        return f"step {self.first}" if len(self.steps) == 1 else f"steps {self.first} to {self.last}"

    @property
    def reward(self) -> float:
        return self.mean(lambda step: step.reward)

    @property
    def at_max(self) -> float:
        return self.share(lambda step: round((step.at_max_share or 0.0) * step.graded), self.graded)

    @property
    def groups(self) -> int:
        return sum(step.groups for step in self.steps)

    def mean(self, of: Callable[[Step], Numbers | None]) -> float:
        """The mean over all grades of what `of` says of a step; 0 where it says nothing."""
        found = [(step.graded, numbers.mean) for step in self.steps if (numbers := of(step)) is not None]
        whole = sum(graded for graded, _ in found)
        return sum(mean * (graded / whole) for graded, mean in found) if whole else 0.0

    def middle(self, of: Callable[[Step], float | None]) -> float:
        """The median over the steps of what `of` says; 0 where it says nothing."""
        found = [value for step in self.steps if (value := of(step)) is not None]
        return median(found) if found else 0.0

    def share(self, of: Callable[[Step], int], whole: int) -> float:
        """The sum of what `of` says over the steps, as a share of `whole`."""
        return sum(map(of, self.steps)) / whole if whole else 0.0

    def verdicts(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for step in self.steps:
            found.update(step.verdicts)
        return found

    def unscored(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for step in self.steps:
            found.update(step.unscored)
        return found

    def sub_rewards(self) -> dict[str, float]:
        """The mean of each over all grades that have it."""
        counts: Counter[str] = Counter()
        sums: dict[str, float] = {}
        for step in self.steps:
            for name, part in step.sub_rewards.items():
                counts[name] += part.count
                sums[name] = sums.get(name, 0.0) + part.mean * part.count
        return {name: total / counts[name] for name, total in sums.items()}


@dataclass(frozen=True, slots=True)
class Course:
    """What monitors are given: a run as one grader saw it."""

    run: str
    grader: str
    least: float
    greatest: float
    """The least and the greatest reward to be had."""
    steps: Sequence[Step]
    """Those with grades, in order; without the records of no step, unless there is nothing else."""
    all_steps: Sequence[Step]
    """The same with those of which every sample stayed unscored."""

    @property
    def latest(self) -> Window:
        """The last steps, whether anything was graded in them or not."""
        return Window(self.all_steps[-WINDOW_STEPS:])

    @property
    def late(self) -> Window:
        """The last steps: how it is now."""
        return Window(self.steps[-WINDOW_STEPS:])

    @property
    def early(self) -> Window | None:
        """The first steps: how it was. None: there are too few steps, or grades, for a before and a now."""
        size = min(WINDOW_STEPS, len(self.steps) // 2)
        window = Window(self.steps[:size])
        return window if size and window.graded >= GRADES_MIN else None

    @property
    def late_apart(self) -> Window:
        """The last steps, none of which is in `early`."""
        return Window(self.steps[-min(WINDOW_STEPS, len(self.steps) // 2) :])

    @property
    def span(self) -> float:
        return self.greatest - self.least
