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


_Judges = dict[str, Judged]
"""By digest, what one grader made of a run."""


def comparison_of(a: RunTallies, b: RunTallies, ranges: Ranges, points: int) -> RunComparison:
    """What each grader that judged both made of them."""
    sides = _by_grader(a), _by_grader(b)
    both = sorted(sides[0].keys() & sides[1].keys())
    return RunComparison(
        a=a.run,
        b=b.run,
        complete=a.is_complete and b.is_complete,
        graders=[
            _compared(grader, (a.run, sides[0][grader]), (b.run, sides[1][grader]), ranges, points) for grader in both
        ],
        only_a=sorted(sides[0].keys() - sides[1].keys()),
        only_b=sorted(sides[1].keys() - sides[0].keys()),
    )


def _by_grader(tallies: RunTallies) -> dict[str, _Judges]:
    found: dict[str, _Judges] = {}
    for (grader, digest), judged in sorted(by_judge(tallies).items()):
        found.setdefault(grader, {})[digest] = judged
    return found


def _chosen(a: _Judges, b: _Judges) -> tuple[str, str]:
    """The digests that are compared: the one that both have grades of, or of each the one with the most."""
    both = [digest for digest in a if digest in b and _graded(a[digest]) and _graded(b[digest])]
    if both:
        digest = max(both, key=lambda one: min(_graded(a[one]), _graded(b[one])))
        return digest, digest
    return max(a, key=lambda one: _graded(a[one])), max(b, key=lambda one: _graded(b[one]))


def _graded(judged: Judged) -> int:
    return sum(tally.graded for _, tally in judged)


def _compared(
    grader: str, of_a: tuple[str, _Judges], of_b: tuple[str, _Judges], ranges: Ranges, points: int
) -> GraderComparison:
    digest_a, digest_b = _chosen(of_a[1], of_b[1])
    a, b = of_a[1][digest_a], of_b[1][digest_b]
    rewards = range_of([*a, *b], ranges(grader))
    greatest = None if rewards is None else rewards[1]
    totals = total_of(a, greatest), total_of(b, greatest)
    return GraderComparison(
        grader=grader,
        same_digest=digest_a == digest_b,
        a=_side(of_a, digest_a, totals[0]),
        b=_side(of_b, digest_b, totals[1]),
        mean_reward=_difference(a, b),
        verdicts=_verdicts(*totals),
        steps=_steps(a, b, points),
    )


def _side(of: tuple[str, _Judges], digest: str, total: Total) -> Side:
    run, judges = of
    others = sum(_graded(judged) for other, judged in judges.items() if other != digest)
    return Side(run=run, digest=digest, total=total, other_grades=others)


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
