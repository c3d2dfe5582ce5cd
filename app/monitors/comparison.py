"""Two runs beside each other."""

import math
from typing import NamedTuple

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
from app.monitors.report import Judged, Ranges, RewardRange, by_judge, pooled, range_of, total_of

# The normal distribution's 97.5 % quantile: a run has hundreds of grades, where Student's is the same.
_Z = 1.959964


_Judges = dict[str, Judged]
"""By digest, what one grader made of a run."""


class _Of(NamedTuple):
    """One side: a run, a grader, and what it made of that run."""

    run: str
    grader: str
    judges: _Judges


def comparison_of(a: RunTallies, b: RunTallies, ranges: Ranges, points: int) -> RunComparison:
    """What each grader that judged both made of them; of runs that one grader each judged, what these two made of them.

    So a run of one grader can be held against itself as it was graded again, by the next version or through a recipe.
    """
    sides = _by_grader(a), _by_grader(b)
    shared = sides[0].keys() & sides[1].keys()
    pairs = [(grader, grader) for grader in sorted(shared)]
    # Of a run of which a step was never counted, more graders may turn up.
    if _is_known(a) and _is_known(b) and (other := _only_judges(*sides)):
        pairs = [pair for pair in pairs if not {*pair} & {*other}] + [other]
    return RunComparison(
        a=a.run,
        b=b.run,
        complete=a.is_complete and b.is_complete,
        graders=[
            _compared(_Of(a.run, one, sides[0][one]), _Of(b.run, other, sides[1][other]), ranges, points)
            for one, other in pairs
        ],
        only_a=sorted(sides[0].keys() - shared - {one for one, _ in pairs}),
        only_b=sorted(sides[1].keys() - shared - {other for _, other in pairs}),
    )


def _is_known(tallies: RunTallies) -> bool:
    return all(counted or not records for _, records, counted in tallies.steps)


def _only_judges(a: dict[str, _Judges], b: dict[str, _Judges]) -> tuple[str, str] | None:
    """The one grader that gave grades of each run, where these are two."""
    graded = [[grader for grader, judges in side.items() if any(map(_graded, judges.values()))] for side in (a, b)]
    if [len(graders) for graders in graded] != [1, 1] or graded[0] == graded[1]:
        return None
    return graded[0][0], graded[1][0]


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
    digest_a, digest_b = _chosen(of_a.judges, of_b.judges)
    a, b = of_a.judges[digest_a], of_b.judges[digest_b]
    # Of its ranges one grader has the one that holds what it gave both.
    is_one = of_a.grader == of_b.grader
    range_a = range_of([*a, *b] if is_one else a, ranges(of_a.grader))
    range_b = range_a if is_one else range_of(b, ranges(of_b.grader))
    sides = _side(of_a, digest_a, range_a), _side(of_b, digest_b, range_b)
    return GraderComparison(
        same_digest=digest_a == digest_b,
        a=sides[0],
        b=sides[1],
        mean_reward=_difference(a, b),
        verdicts=_verdicts(sides[0].total, sides[1].total),
        steps=_steps(a, b, points),
    )


def _side(of: _Of, digest: str, rewards: RewardRange | None) -> Side:
    return Side(
        run=of.run,
        grader=of.grader,
        digest=digest,
        reward_range=rewards,
        total=total_of(of.judges[digest], None if rewards is None else rewards[1]),
        other_grades=sum(_graded(judged) for other, judged in of.judges.items() if other != digest),
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
            a=a.verdicts.get(verdict, 0) / a.graded if a.graded else None,
            b=b.verdicts.get(verdict, 0) / b.graded if b.graded else None,
        )
        for verdict in sorted(a.verdicts.keys() | b.verdicts.keys())
    ]


def _steps(a: Judged, b: Judged, points: int) -> list[ComparedStep]:
    means = [{step: tally.reward.mean for step, tally in judged if tally.reward is not None} for judged in (a, b)]
    known = sorted(means[0].keys() | means[1].keys(), key=lambda step: (step is None, step or 0))
    last = len(known) - 1
    shown = known if last < points else [known[round(at * last / (points - 1))] for at in range(points)]
    return [ComparedStep(step=step, a=means[0].get(step), b=means[1].get(step)) for step in shown]
