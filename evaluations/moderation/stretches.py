"""Stretches of a run: its steps and its newest windows, and what they show of drift."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from evaluations.answers import IntervalAnswer, Notice
from evaluations.moderation.answers import Step, Window
from evaluations.moderation.corpus import Corpus
from evaluations.moderation.seen import Ground, Options, Sight
from evaluations.requests import Kind
from evaluations.tally import Counts

_WINDOWS_MAX = 20
# With fewer, an interval of F is too wide to say anything.
POSITIVES_MIN = 50
# Standard errors by which a rate must have moved: chance does that in 3 of 1,000 reports.
_Z_ALARM = 3.0


class Course:
    """The samples of a report in the order in which they were graded."""

    def __init__(self, sights: Sequence[Sight], ground: Ground, kind: Kind, options: Options) -> None:
        self._sights = sights
        self._ground = ground
        self._kind = kind
        self._options = options

    def corpus(self, sights: Sequence[Sight]) -> Corpus:
        """`sights` but for abstentions, as the report's headline counts them."""
        outcomes = self._ground.outcomes
        kept = [one for one in sights if not outcomes[one.outcome].is_abstained]
        return Corpus(kept, self._ground, self._kind, self._options)

    def steps(self) -> list[Step]:
        """By step; samples without one last."""
        found: dict[int | None, list[Sight]] = {}
        for one in self._sights:
            found.setdefault(one.step, []).append(one)
        ordered = sorted(found.items(), key=lambda item: (item[0] is None, item[0] or 0))
        return [Step(step=step, **self._facts(sights)) for step, sights in ordered]

    def windows(self) -> list[Window]:
        """The newest windows, the oldest of them first; what is left over at the beginning is in none."""
        size, end = self._options.window, len(self._sights)
        starts = range(end % size, end, size) if end >= size else range(1)
        return [self._window(self._sights[start : start + size]) for start in starts[-_WINDOWS_MAX:]]

    def alarms(self, newest: Window) -> Iterator[Notice]:
        """What the newest window shows against all before it."""
        before, within = self._sights[: -newest.n], self._sights[-newest.n :]
        if not before:
            return
        facts = self._facts(before)
        # Leaving out one item changes nothing where every F is 0, or 1: the jackknife has no interval of a collapse.
        f, interval = facts["f"], self._wilson(within) if newest.f in (0.0, 1.0) else newest.interval
        is_sure = interval is not None and newest.positives >= POSITIVES_MIN
        if f is not None and interval is not None and is_sure and not interval.low <= f <= interval.high:
            said = f"F is {newest.f:.4f} ({interval.low:.4f} to {interval.high:.4f}), it was {f:.4f} before."
            yield Notice(code="f_moved", detail=said)
        whole, read = (newest.n, len(before)), (self._read(within), self._read(before))
        shares_of = {"parse_fail_rate": whole, "coverage": whole, "predicted_positive_rate": read}
        for name, (n_now, n_was) in shares_of.items():
            now, was = getattr(newest, name), facts[name]
            if now is not None and was is not None and _has_moved(now, n_now, was, n_was):
                yield Notice(code=f"{name}_moved", detail=f"It is {now:.4f}, it was {was:.4f} before.")

    def _wilson(self, sights: Sequence[Sight]) -> IntervalAnswer | None:
        """Wilson's interval of as many samples as there are items: those of one item are taken to be one."""
        corpus = self.corpus(sights)
        of_item = len(corpus.sights) / len({one.cluster for one in corpus.sights})
        return corpus.wilson(Counts(*(round(count / of_item) for count in corpus.counts)))

    def _read(self, sights: Sequence[Sight]) -> int:
        """How many could be read and do not abstain: what the share of flagged samples is a share of."""
        outcomes = (self._ground.outcomes[one.outcome] for one in sights)
        return sum([not (outcome.is_unread or outcome.is_abstained) for outcome in outcomes])

    def _window(self, sights: Sequence[Sight]) -> Window:
        steps = [one.step for one in sights if one.step is not None]
        corpus = self.corpus(sights)
        return Window(
            **self._facts(sights),
            first_step=min(steps, default=None),
            last_step=max(steps, default=None),
            interval=corpus.interval(self.average) if corpus.sights else None,
        )

    @property
    def average(self) -> Any:
        """The average of the headline."""
        return "binary" if self._kind == "flag" else "micro"

    def _facts(self, sights: Sequence[Sight]) -> dict[str, Any]:
        corpus = self.corpus(sights)
        f = corpus.score(self.average).f if corpus.sights else math.nan
        return {
            "n": len(sights),
            "f": None if math.isnan(f) else f,
            "positives": corpus.counts.tp + corpus.counts.fn if corpus.sights else 0,
            **rates(sights, self._ground),
        }


def rates(sights: Sequence[Sight], ground: Ground) -> dict[str, float | None]:
    """The earliest signs of a collapse."""
    outcomes = [ground.outcomes[one.outcome] for one in sights]
    unread = sum([outcome.is_unread for outcome in outcomes])
    abstained = sum([outcome.is_abstained for outcome in outcomes])
    flagged = sum([bool(outcome.flagged) for outcome in outcomes])
    said = len(sights) - unread - abstained
    return {
        "parse_fail_rate": unread / len(sights) if sights else None,
        "coverage": 1 - abstained / len(sights) if sights else None,
        "predicted_positive_rate": flagged / said if said else None,
    }


def _has_moved(now: float, n_now: int, was: float, n_was: int) -> bool:
    """Whether two shares differ by more than chance (two-sided z test, pooled)."""
    share = (now * n_now + was * n_was) / (n_now + n_was)
    error = math.sqrt(share * (1 - share) * (1 / n_now + 1 / n_was))
    return abs(now - was) > _Z_ALARM * error > 0
