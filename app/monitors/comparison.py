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
_Of = tuple[str, str, _Judges]
"""A run, a grader, and what it made of that run."""


def comparison_of(a: RunTallies, b: RunTallies, ranges: Ranges, points: int) -> RunComparison:
    """What each grader that judged both made of them; of runs with one grader each, what these made of them.

    So a run can be held against itself as it was graded again, by the next version or through a recipe.
    """
    sides = _by_grader(a), _by_grader(b)
    pairs = [(grader, grader) for grader in sorted(sides[0].keys() & sides[1].keys())]
    if not pairs and len(sides[0]) == len(sides[1]) == 1:
        [of_a], [of_b] = sides
        pairs = [(of_a, of_b)]
    return RunComparison(
        a=a.run,
        b=b.run,
        complete=a.is_complete and b.is_complete,
        graders=[
            _compared((a.run, one, sides[0][one]), (b.run, other, sides[1][other]), ranges, points)
            for one, other in pairs
        ],
        only_a=sorted(sides[0].keys() - {grader for grader, _ in pairs}),
        only_b=sorted(sides[1].keys() - {grader for _, grader in pairs}),
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


def _compared(of_a: _Of, of_b: _Of, ranges: Ranges, points: int) -> GraderComparison:
    (_, grader, judges_a), (_, grader_b, judges_b) = of_a, of_b
    digest_a, digest_b = _chosen(judges_a, judges_b)
    a, b = judges_a[digest_a], judges_b[digest_b]
    # What one grader made of both has one greatest reward, whichever of its ranges that is.
    seen = ([*a, *b], [*a, *b]) if grader == grader_b else (a, b)
    spans = range_of(seen[0], ranges(grader)), range_of(seen[1], ranges(grader_b))
    totals = total_of(a, spans[0] and spans[0][1]), total_of(b, spans[1] and spans[1][1])
    return GraderComparison(
        grader=grader,
        same_digest=digest_a == digest_b,
        a=_side(of_a, digest_a, totals[0]),
        b=_side(of_b, digest_b, totals[1]),
        mean_reward=_difference(a, b),
        verdicts=_verdicts(*totals),
        steps=_steps(a, b, points),
    )


def _side(of: _Of, digest: str, total: Total) -> Side:
    run, grader, judges = of
    others = sum(_graded(judged) for other, judged in judges.items() if other != digest)
    return Side(run=run, grader=grader, digest=digest, total=total, other_grades=others)


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
