"""What is counted over the records of one step, per grader id and digest: the ground that monitors stand on.

Pure: rows in, tallies out. A step's rows are counted in one pass from the newest to the oldest, so that of several
grades with one item and rollout the first that is seen is the one that counts. An error counts if no grade does.
"""

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from app.ledger.traits import Traits, traits_of

FORMAT = 2
"""Counts up when tallies come to hold something else; those of another format are counted anew."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# A grader may name its sub-rewards as it likes; more than these are not told apart.
_PARTS_MAX = 32
_ANSWER_KEPT_CHARS = 64


class TallyRow(NamedTuple):
    """Of a record, what is counted."""

    record: str
    created_us: int
    grader: str
    digest: str
    item_id: str | None
    rollout: int | None
    group: str | None
    reward: float | None
    verdict: str | None
    code: str | None
    duration_us: int
    sample_bytes: int
    grade: bytes
    sample: bytes | None
    """None: it is too large to be looked into."""


class Spread(msgspec.Struct, frozen=True, array_like=True):
    """How numbers are spread."""

    count: int
    mean: float
    squares: float | None
    """Sum of squared distances from the mean; None: it is no finite number."""
    least: float
    greatest: float
    quantiles: tuple[float, ...]
    """At `QUANTILES`, with linear interpolation (Hyndman and Fan 1996, type 7)."""

    @property
    def sd(self) -> float | None:
        """Sample standard deviation (ddof 1); None for a single number."""
        return sd(self.count, self.squares)


class Part(msgspec.Struct, frozen=True, array_like=True):
    """One sub-reward over a step, as in `Spread`."""

    count: int
    mean: float
    squares: float | None

    @property
    def sd(self) -> float | None:
        return sd(self.count, self.squares)


class StepTally(msgspec.Struct, frozen=True):
    """One step as one grader id and digest judged it. All but `superseded` and `unscored` is of grades that count."""

    grader: str
    digest: str
    graded: int
    superseded: int
    unscored: dict[str, int]
    verdicts: dict[str, int]
    reward: Spread | None
    at_greatest: int
    """Grades whose reward is the step's greatest."""
    groups: int
    """Groups (or items, where no group is named) with two grades or more."""
    flat_groups: int
    """Those whose rewards are all the same: they teach a policy nothing."""
    same_groups: int
    """Those whose answers are all the same."""
    parts: dict[str, Part]
    answered: int
    distinct_answers: int
    common_answer: int
    """How many grades share the most frequent answer."""
    common_record: str | None
    """One of these."""
    duration_ms: Spread | None
    sample_bytes: Spread | None
    answer_chars: Spread | None
    tool_samples: int
    """Samples that carry tool calls."""
    tool_calls: int
    tool_repeats: int
    """Calls that repeat an earlier one of the same sample, arguments and all."""
    first_us: int
    last_us: int


class StepCount:
    """Counts one step: `add` its rows, the newest first, then `tallies`."""

    def __init__(self) -> None:
        self._judges: dict[tuple[str, str], _JudgeCount] = defaultdict(_JudgeCount)

    def add(self, rows: Iterable[TallyRow]) -> None:
        for row in rows:
            self._judges[row.grader, row.digest].add(row)

    def tallies(self) -> list[StepTally]:
        """One per grader id and digest, sorted by them."""
        return [self._judges[judge].tally(*judge) for judge in sorted(self._judges)]


class _JudgeCount:
    def __init__(self) -> None:
        self.superseded = 0
        self.unscored: Counter[str] = Counter()
        # By item and rollout, the code of the last error.
        self.errors: dict[str, dict[int, str]] = defaultdict(dict)
        self.verdicts: Counter[str] = Counter()
        self.rewards, self.durations, self.sizes, self.chars = array("d"), array("d"), array("d"), array("d")
        self.parts: dict[str, array[float]] = {}
        self.answers: Counter[str | bytes] = Counter()
        self.records: dict[str | bytes, str] = {}
        self.groups: dict[str, _Group] = {}
        self.seen: dict[str, set[int]] = defaultdict(set)
        self.tools = [0, 0, 0]
        self.first_us, self.last_us = 2**63 - 1, 0

    def add(self, row: TallyRow) -> None:
        self.first_us, self.last_us = min(self.first_us, row.created_us), max(self.last_us, row.created_us)
        if row.reward is None:
            self._add_error(row, row.code or "")
        elif self._is_superseded(row):
            self.superseded += 1
        else:
            self._count(row, row.reward, traits_of(row.grade, row.sample))

    def _add_error(self, row: TallyRow, code: str) -> None:
        if row.item_id is None or row.rollout is None:
            self.unscored[code] += 1
        else:
            self.errors[row.item_id].setdefault(row.rollout, code)

    def _samples_without_grade(self) -> Counter[str]:
        """By the code of their last error, as far as it is known which samples were graded after all."""
        ungraded = (
            code
            for item_id, codes in self.errors.items()
            for rollout, code in codes.items()
            if rollout not in self.seen.get(item_id, ())
        )
        return self.unscored + Counter(ungraded)

    def _is_superseded(self, row: TallyRow) -> bool:
        if row.item_id is None or row.rollout is None:
            return False
        seen = self.seen[row.item_id]
        if row.rollout in seen:
            return True
        seen.add(row.rollout)
        return False

    def _count(self, row: TallyRow, reward: float, traits: Traits) -> None:
        self.verdicts[row.verdict or ""] += 1
        self.rewards.append(reward)
        self.durations.append(row.duration_us / 1000)
        self.sizes.append(row.sample_bytes)
        for name, value in traits.sub_rewards.items():
            part = self.parts.get(name)
            if part is None:
                if len(self.parts) == _PARTS_MAX:
                    continue
                part = self.parts[name] = array("d")
            part.append(value)
        answer = _named(traits.answer)
        if traits.answer is not None and answer is not None:
            self.answers[answer] += 1
            self.records[answer] = row.record
            self.chars.append(len(traits.answer))
        if (together := row.group or row.item_id) is not None:
            group = self.groups.get(together)
            if group is None:
                self.groups[together] = _Group(reward, answer)
            else:
                group.add(reward, answer)
        if traits.tool_calls is not None:
            self.tools = [a + b for a, b in zip(self.tools, (1, *traits.tool_calls), strict=True)]

    def tally(self, grader: str, digest: str) -> StepTally:
        groups = [group for group in self.groups.values() if group.size > 1]
        common = max(self.answers, key=lambda answer: (self.answers[answer], self.records[answer]), default=None)
        return StepTally(
            grader=grader,
            digest=digest,
            graded=len(self.rewards),
            superseded=self.superseded,
            unscored=dict(sorted(self._samples_without_grade().items())),
            verdicts=dict(sorted(self.verdicts.items())),
            reward=spread(self.rewards),
            at_greatest=self.rewards.count(max(self.rewards)) if self.rewards else 0,
            groups=len(groups),
            flat_groups=sum(group.least == group.greatest for group in groups),
            same_groups=sum(group.is_same for group in groups),
            parts={name: _part(values) for name, values in sorted(self.parts.items())},
            answered=self.answers.total(),
            distinct_answers=len(self.answers),
            common_answer=0 if common is None else self.answers[common],
            common_record=None if common is None else self.records[common],
            duration_ms=spread(self.durations),
            sample_bytes=spread(self.sizes),
            answer_chars=spread(self.chars),
            tool_samples=self.tools[0],
            tool_calls=self.tools[1],
            tool_repeats=self.tools[2],
            first_us=self.first_us,
            last_us=self.last_us,
        )


class _Group:
    """The rewards and answers of one group, as far as they are counted."""

    __slots__ = ("answer", "greatest", "is_same", "least", "size")

    def __init__(self, reward: float, answer: str | bytes | None) -> None:
        self.size, self.least, self.greatest = 1, reward, reward
        self.answer, self.is_same = answer, answer is not None

    def add(self, reward: float, answer: str | bytes | None) -> None:
        self.size += 1
        self.least, self.greatest = min(self.least, reward), max(self.greatest, reward)
        self.is_same = self.is_same and answer == self.answer


def _named(answer: str | None) -> str | bytes | None:
    """What stands for `answer` while answers are told apart: a million programs need not be held in memory."""
    if answer is None or len(answer) <= _ANSWER_KEPT_CHARS:
        return answer
    return blake2b(answer.encode(errors="surrogatepass"), digest_size=16).digest()


def sd(count: int, squares: float | None) -> float | None:
    """Sample standard deviation (ddof 1); None where it is not defined or no finite number."""
    return None if squares is None or count < 2 else math.sqrt(squares / (count - 1))


def spread(values: Sequence[float]) -> Spread | None:
    """How `values` are spread; None: there are none."""
    if not values:
        return None
    ordered = sorted(values)
    quantiles = tuple(_quantile(ordered, at) for at in QUANTILES)
    return Spread(len(ordered), *_moments(ordered), ordered[0], ordered[-1], quantiles)


def _part(values: Sequence[float]) -> Part:
    return Part(len(values), *_moments(values))


def _moments(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean and sum of squared distances from it. Rewards may be any doubles, whose squares may be none."""
    try:
        mean = math.fsum(values) / len(values)
    except OverflowError:
        mean = math.fsum(value / len(values) for value in values)
    try:
        return mean, math.fsum((value - mean) ** 2 for value in values)
    except OverflowError:
        return mean, None


def _quantile(ordered: Sequence[float], at: float) -> float:
    place = at * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    part = place - below
    return ordered[below] * (1 - part) + ordered[above] * part
