"""Two runs beside each other."""

import math

from app.ledger import RunTallies
from app.ledger.tallies import sd
from app.monitors.answers import (
    ComparedStep,
    ComparedVerdict,
    Difference,
    GraderComparison,
    RunComparison,
    Side,
    Total,
)
from app.monitors.report import Judged, Ranges, by_judge, pooled, range_of, total_of

# The normal distribution's 97.5 % quantile: a run has hundreds of grades, where Student's is the same.
_Z = 1.959964


def comparison_of(a: RunTallies, b: RunTallies, ranges: Ranges, points: int) -> RunComparison:
    """What each grader that judged both made of them; of several digests the one with the most grades is taken."""
    sides = _most_graded(a), _most_graded(b)
    both = sorted(sides[0].keys() & sides[1].keys())
    return RunComparison(
        a=a.run,
        b=b.run,
        complete=a.is_complete and b.is_complete,
        graders=[
            _compared(grader, (a.run, *sides[0][grader]), (b.run, *sides[1][grader]), ranges, points) for grader in both
        ],
        only_a=sorted(sides[0].keys() - sides[1].keys()),
        only_b=sorted(sides[1].keys() - sides[0].keys()),
    )


def _most_graded(tallies: RunTallies) -> dict[str, tuple[str, Judged]]:
    found: dict[str, tuple[str, Judged]] = {}
    graded: dict[str, int] = {}
    for (grader, digest), judged in sorted(by_judge(tallies).items()):
        count = sum(tally.graded for _, tally in judged)
        if count > graded.get(grader, -1):
            found[grader], graded[grader] = (digest, judged), count
    return found


def _compared(
    grader: str, a: tuple[str, str, Judged], b: tuple[str, str, Judged], ranges: Ranges, points: int
) -> GraderComparison:
    rewards = range_of([*a[2], *b[2]], ranges(grader))
    greatest = None if rewards is None else rewards[1]
    totals = total_of(a[2], greatest), total_of(b[2], greatest)
    return GraderComparison(
        grader=grader,
        same_digest=a[1] == b[1],
        a=Side(run=a[0], digest=a[1], total=totals[0]),
        b=Side(run=b[0], digest=b[1], total=totals[1]),
        mean_reward=_difference(a[2], b[2]),
        verdicts=_verdicts(*totals),
        steps=_steps(a[2], b[2], points),
    )


def _difference(a: Judged, b: Judged) -> Difference | None:
    (count_a, mean_a, sd_a), (count_b, mean_b, sd_b) = _moments(a), _moments(b)
    if not count_a or not count_b:
        return None
    difference = mean_b - mean_a
    if sd_a is None or sd_b is None:
        return Difference(difference=difference, low=None, high=None)
    half = _Z * math.hypot(sd_a / math.sqrt(count_a), sd_b / math.sqrt(count_b))
    return Difference(difference=difference, low=difference - half, high=difference + half)


def _moments(judged: Judged) -> tuple[int, float, float | None]:
    rewards = [tally.reward for _, tally in judged if tally.reward is not None]
    count, mean, squares = pooled([(one.count, one.mean, one.squares) for one in rewards])
    return count, mean, sd(count, squares)


def _verdicts(a: Total, b: Total) -> list[ComparedVerdict]:
    return [
        ComparedVerdict(
            verdict=verdict,
            a=a.verdicts.get(verdict, 0) / a.graded if a.graded else 0.0,
            b=b.verdicts.get(verdict, 0) / b.graded if b.graded else 0.0,
        )
        for verdict in sorted(a.verdicts.keys() | b.verdicts.keys())
    ]


def _steps(a: Judged, b: Judged, points: int) -> list[ComparedStep]:
    means = [{step: tally.reward.mean for step, tally in judged if tally.reward is not None} for judged in (a, b)]
    known = sorted(means[0].keys() | means[1].keys(), key=lambda step: (step is None, step or 0))
    last = len(known) - 1
    shown = known if last < points else [known[round(at * last / (points - 1))] for at in range(points)]
    return [ComparedStep(step=step, a=means[0].get(step), b=means[1].get(step)) for step in shown]
