"""From the tallies of a run to its report."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from app.ledger import Part, RunTallies, Spread, StepTally
from app.ledger.tallies import sd
from app.monitors.answers import (
    Answers,
    GraderMonitor,
    Numbers,
    RunMonitor,
    Step,
    SubReward,
    Tools,
    Total,
)
from app.monitors.findings import findings_of

RewardRange = tuple[float, float]
Ranges = Callable[[str], Sequence[RewardRange]]
"""From a grader id to the ranges that its rewards lie in, the widest last; empty: it is gone."""

Judged = list[tuple[int | None, StepTally]]
"""The steps of a run as one grader id and digest judged them."""


def monitor_of(tallies: RunTallies, ranges: Ranges, points: int) -> RunMonitor:
    """The report of a run, with at most `points` steps per grader."""
    judges = by_judge(tallies)
    return RunMonitor(
        run=tallies.run,
        caller=tallies.caller,
        records=tallies.records,
        counted=tallies.counted,
        complete=tallies.is_complete,
        graders=[_grader(tallies.run, *judge, judges[judge], ranges(judge[0]), points) for judge in sorted(judges)],
    )


def by_judge(tallies: RunTallies) -> dict[tuple[str, str], Judged]:
    """The run's steps per grader id and digest."""
    found: dict[tuple[str, str], Judged] = {}
    for step, _, each in tallies.steps:
        for tally in each:
            found.setdefault((tally.grader, tally.digest), []).append((step, tally))
    return found


def _grader(
    run: str, grader: str, digest: str, judged: Judged, ranges: Sequence[RewardRange], points: int
) -> GraderMonitor:
    rewards = range_of(judged, ranges)
    greatest = None if rewards is None else rewards[1]
    steps = [step_of(step, tally, greatest) for step, tally in judged]
    return GraderMonitor(
        grader=grader,
        digest=digest,
        reward_range=rewards if rewards in ranges else next(iter(ranges), None),
        findings=findings_of(run, grader, steps, rewards),
        total=total_of(judged, greatest),
        steps=chosen(steps, points),
    )


def range_of(judged: Judged, ranges: Sequence[RewardRange]) -> RewardRange | None:
    """Least and greatest reward to be had: the first of `ranges` that holds all that were seen, or just those, of a
    grader that is gone. None: there are no rewards."""
    spreads = [tally.reward for _, tally in judged if tally.reward is not None]
    if not spreads:
        return None
    seen = min(one.least for one in spreads), max(one.greatest for one in spreads)
    return next((one for one in ranges if one[0] <= seen[0] and seen[1] <= one[1]), seen)


def chosen(steps: list[Step], points: int) -> list[Step]:
    """At most `points` of `steps`, evenly, the first and the last among them."""
    if len(steps) <= points:
        return steps
    last = len(steps) - 1
    return [steps[round(index * last / (points - 1))] for index in range(points)] if points > 1 else steps[-1:]


def step_of(step: int | None, tally: StepTally, greatest: float | None) -> Step:
    """One step for people to read."""
    return Step(
        step=step,
        **_counts([tally], greatest),
        reward=_numbers(tally.reward),
        answers=Answers(
            answered=tally.answered,
            distinct=tally.distinct_answers,
            most_common=tally.common_answer,
            most_common_share=_share(tally.common_answer, tally.answered) or 0.0,
            example=tally.common_record,
            same_groups=tally.same_groups,
            same_share=_share(tally.same_groups, tally.groups),
        ),
        duration_ms=_numbers(tally.duration_ms),
        sample_bytes=_numbers(tally.sample_bytes),
        answer_chars=_numbers(tally.answer_chars),
        first_us=tally.first_us,
        last_us=tally.last_us,
    )


def total_of(judged: Judged, greatest: float | None) -> Total:
    """All steps together."""
    tallies = [tally for _, tally in judged]
    rewards = [tally.reward for tally in tallies if tally.reward is not None]
    count, mean, squares = pooled([(one.count, one.mean, one.squares) for one in rewards])
    return Total(
        **_counts(tallies, greatest),
        steps=sum(step is not None for step, _ in judged),
        mean_reward=mean if count else None,
        sd_reward=sd(count, squares),
        least_reward=min((one.least for one in rewards), default=None),
        greatest_reward=max((one.greatest for one in rewards), default=None),
    )


def pooled(moments: Sequence[tuple[int, float, float | None]]) -> tuple[int, float, float | None]:
    """Count, mean and sum of squared distances of all numbers together (Chan, Golub and LeVeque 1979)."""
    count = sum(one[0] for one in moments)
    if not count:
        return 0, 0.0, None
    mean = math.fsum(number * (part / count) for part, number, _ in moments)
    squares = 0.0
    for part, number, own in moments:
        away = abs(number - mean)
        if own is None or away > _SQUARED_MAX:
            return count, mean, None
        squares += own + part * away**2
    return count, mean, squares if math.isfinite(squares) else None


# The square of a larger number, times a count, is no double.
_SQUARED_MAX = 1e140


def _counts(tallies: Sequence[StepTally], greatest: float | None) -> dict[str, Any]:
    graded = sum(tally.graded for tally in tallies)
    unscored: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    for tally in tallies:
        unscored.update(tally.unscored)
        verdicts.update(tally.verdicts)
    at_max = sum(
        tally.at_greatest for tally in tallies if tally.reward is not None and tally.reward.greatest == greatest
    )
    groups, flat = sum(tally.groups for tally in tallies), sum(tally.flat_groups for tally in tallies)
    return {
        "graded": graded,
        "superseded": sum(tally.superseded for tally in tallies),
        "unscored": dict(sorted(unscored.items())),
        "unscored_share": _share(unscored.total(), graded + unscored.total()),
        "verdicts": dict(sorted(verdicts.items())),
        "at_max_share": _share(at_max, graded),
        "groups": groups,
        "zero_variance_groups": flat,
        "zero_variance_share": _share(flat, groups),
        "sub_rewards": _sub_rewards(tallies),
        "tools": _tools(tallies),
    }


def _sub_rewards(tallies: Sequence[StepTally]) -> dict[str, SubReward]:
    parts: dict[str, list[Part]] = {}
    for tally in tallies:
        for name, part in tally.parts.items():
            parts.setdefault(name, []).append(part)
    found = {}
    for name, some in sorted(parts.items()):
        count, mean, squares = pooled([(part.count, part.mean, part.squares) for part in some])
        found[name] = SubReward(count=count, mean=mean, sd=sd(count, squares))
    return found


def _tools(tallies: Sequence[StepTally]) -> Tools | None:
    samples = sum(tally.tool_samples for tally in tallies)
    if not samples:
        return None
    calls, repeats = sum(tally.tool_calls for tally in tallies), sum(tally.tool_repeats for tally in tallies)
    return Tools(
        samples=samples,
        calls=calls,
        repeats=repeats,
        calls_per_sample=calls / samples,
        repeat_share=_share(repeats, calls) or 0.0,
    )


def _numbers(spread: Spread | None) -> Numbers | None:
    if spread is None:
        return None
    names = ("p5", "p25", "p50", "p75", "p95")
    quantiles = dict(zip(names, spread.quantiles, strict=True))
    return Numbers(mean=spread.mean, sd=spread.sd, least=spread.least, greatest=spread.greatest, **quantiles)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
