"""Is B better than A? Both predicted the same samples, so they are compared pair by pair: that decides questions which
two separate intervals leave open (XSTest refusals: paired p = 0.012, unpaired 0.19)."""

import math
from collections.abc import Iterator, Sequence

from evaluations.answers import (
    CompareAnswer,
    IntervalAnswer,
    McnemarAnswer,
    Notice,
    RandomizationAnswer,
    SideAnswer,
    UnpairedAnswer,
)
from evaluations.corpus import Corpus, conventions_answer, score_answer
from evaluations.errors import AverageNotApplicable
from evaluations.intervals import mcnemar, needed_positives, unpaired
from evaluations.labels import labels_of
from evaluations.pairing import same_order
from evaluations.requests import CompareRequest, Side
from evaluations.resampling import bootstrap, spread, swapped
from evaluations.scores import Sums
from graders.errors import Fault


def compare(asked: CompareRequest) -> CompareAnswer:
    """The answer to a request that was read by `requests.read`. It costs by distinct outcome, not by row: 4,000 rows of
    one yes or no take well under a second, of eight labels that err independently several.

    Raises:
        InvalidEvaluation: the sides have other ids, other gold or other versions, or one of them cannot be evaluated.
    """
    labels = labels_of(asked, (asked.a.y_true, asked.a.y_pred, asked.b.y_true, asked.b.y_pred))
    a = Corpus(asked, labels, asked.a, "/a")
    if a.average == "none":
        detail = "A comparison needs one number per system; average none has none."
        raise AverageNotApplicable(detail, (Fault("/average", detail),))
    b = Corpus(asked, labels, asked.b, "/b")
    order = same_order(asked.a, asked.b, a.read.rows, b.read.rows)
    b.read.rows = [b.read.rows[place] for place in order]
    return _Comparison(asked, a, b).answer()


class _Comparison:
    """Two corpora whose rows stand in the same order."""

    def __init__(self, asked: CompareRequest, a: Corpus, b: Corpus) -> None:
        self._asked, self._a, self._b = asked, a, b
        groups = asked.a.groups
        self._pairs: list[tuple[Sums, Sums]] = list(zip(a.unit_sums(groups), b.unit_sums(groups), strict=True))
        self._width = len(self._pairs[0][0])

    def answer(self) -> CompareAnswer:
        asked, a, b = self._asked, self._a, self._b
        difference = b.score.f - a.score.f
        p = swapped(self._pairs, self._difference, asked.swaps, asked.seed)
        resampled = self._bootstrap()
        needed = (
            None
            if resampled is None or math.isnan(difference)
            else needed_positives(a.support, difference, resampled.standard_error, asked.level)
        )
        answer = CompareAnswer(
            **conventions_answer(asked, a),
            rows=len(a.read.rows),
            units=len(self._pairs),
            support=a.support,
            a=_side(asked.a, a),
            b=_side(asked.b, b),
            difference=None if math.isnan(difference) else difference,
            verdict=_verdict(difference, p, asked.level),
            randomization=RandomizationAnswer(p=p, swaps=asked.swaps, seed=asked.seed),
            bootstrap=resampled,
            mcnemar=self._mcnemar(),
            unpaired=self._unpaired(),
            needed_positives=needed,
            warnings=list(self._warnings()),
            undefined={**dict(a.undefined(a.score, "/a")), **dict(b.undefined(b.score, "/b"))},
        )
        answer.undefined |= self._absent(answer)
        return answer

    def _difference(self, sums_a: Sequence[float], sums_b: Sequence[float]) -> float:
        return self._b.f_of(sums_b) - self._a.f_of(sums_a)

    def _bootstrap(self) -> IntervalAnswer | None:
        asked, width = self._asked, self._width
        both = [sums_a + sums_b for sums_a, sums_b in self._pairs]
        values = bootstrap(both, lambda sums: self._difference(sums[:width], sums[width:]), asked.resamples, asked.seed)
        found = spread(values, asked.level)
        if found is None:
            return None
        (low, high), error = found
        return IntervalAnswer(
            method="bootstrap", level=asked.level, low=low, high=high, standard_error=error,
            resamples=len(values), units=len(self._pairs), seed=asked.seed,
        )  # fmt: skip

    def _mcnemar(self) -> McnemarAnswer:
        table = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
        for row_a, row_b in zip(self._a.read.rows, self._b.read.rows, strict=True):
            table[row_a.is_right, row_b.is_right] += 1
        a_only, b_only = table[True, False], table[False, True]
        return McnemarAnswer(
            p=mcnemar(a_only, b_only),
            a_only=a_only,
            b_only=b_only,
            both_right=table[True, True],
            both_wrong=table[False, False],
        )

    def _unpaired(self) -> UnpairedAnswer | None:
        a, b = self._a, self._b
        if not self._asked.unpaired or a.interval is None or b.interval is None:
            return None
        found = unpaired(a.counts[:3], b.counts[:3])
        if found is None or found.z is None or found.p is None:
            return None
        return UnpairedAnswer(z=found.z, p=found.p)

    def _warnings(self) -> Iterator[Notice]:
        if not self._a.support:
            yield Notice(code="no_positive_gold", detail="No row is positive, so F tells the systems apart by nothing.")
        if len(self._pairs) < len(self._a.read.rows):
            yield Notice(
                code="mcnemar_ignores_groups",
                detail="McNemar's test takes rows for independent; the other figures draw and swap whole groups.",
            )

    def _absent(self, answer: CompareAnswer) -> Iterator[tuple[str, str]]:
        """Reasons for the null parts that are no scores."""
        for name, corpus in (("a", self._a), ("b", self._b)):
            if corpus.interval is None:
                yield f"/{name}/interval", corpus.why_no_interval
        if answer.difference is None:
            yield "/difference", "One of the two F is undefined."
        if answer.bootstrap is None:
            yield "/bootstrap", "Fewer than two resamples have a defined difference."
        if answer.unpaired is None:
            reason = (
                "The test is for F1 of one yes or no per row, with an error."
                if self._asked.unpaired
                else "Not asked for."
            )
            yield "/unpaired", reason
        if answer.needed_positives is None:
            yield "/needed_positives", "There is no difference to be found."


def _side(sent: Side, corpus: Corpus) -> SideAnswer:
    return SideAnswer(
        name=sent.name,
        version=sent.version,
        counts=corpus.counts_answer,
        interval=corpus.interval,
        **score_answer(corpus.score),
    )


def _verdict(difference: float, p: float, level: float) -> str:
    if not p < 1 - level or not difference:
        return "not_distinguishable"
    return "improved" if difference > 0 else "regressed"
