"""How often the intervals hold the true value: `python bench/interval_coverage.py`.

Corpora are drawn from systems whose true F1 is known. Wilson's interval of F1 (`evaluations.intervals`) in six designs,
40,000 corpora each, beside the interval of the normal approximation; and the paired bootstrap of the difference of two
systems, 2,000 pairs of corpora. Exit code 0 only if each of ours covers in 0.94 to 0.965 of them.
"""

import math
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent))

from evaluations.intervals import f1_interval, f1_standard_error, percentiles
from evaluations.resampling import bootstrap

LEVEL = 0.95
BOUNDS = (0.94, 0.965)
CORPORA = 40_000
PAIRS = 2_000
RESAMPLES = 500
_Z = 1.959964


class Design(NamedTuple):
    """A corpus and a system."""

    rows: int
    positives: float
    """Share of rows that are positive."""
    recall: float
    false_alarms: float
    """Share of negatives that are flagged."""

    @property
    def outcomes(self) -> list[float]:
        """Probabilities of a true positive, false positive, false negative and true negative."""
        return [
            self.positives * self.recall,
            (1 - self.positives) * self.false_alarms,
            self.positives * (1 - self.recall),
            (1 - self.positives) * (1 - self.false_alarms),
        ]

    @property
    def f1(self) -> float:
        tp, fp, fn, _ = self.outcomes
        return 2 * tp / (2 * tp + fp + fn)


DESIGNS = (
    Design(200, 0.2, 0.85, 0.03),
    Design(400, 0.1, 0.86, 0.0156),
    Design(1_000, 0.05, 0.6, 0.02),
    Design(1_680, 0.31, 0.86, 0.063),
    Design(3_728, 0.6875, 0.755, 0.64),
    Design(2_000, 0.3, 0.95, 0.02),
)


def main() -> int:
    """Prints the tables; returns the exit code."""
    random = np.random.default_rng(20)
    table = Table("rows", "positive", "true F1", "Wilson covers", "normal covers", "mean width")
    shares = []
    for design in DESIGNS:
        wilson, normal, width = _covered(design, random)
        shares.append(wilson)
        cells = (f"{design.rows:,}", f"{design.positives:.1%}", f"{design.f1:.3f}")
        table.add_row(*cells, f"{wilson:.4f}", f"{normal:.4f}", f"{width:.3f}")
    paired = _paired(random)
    out = Console()
    out.print(table)
    out.print(f"paired bootstrap of a difference covers {paired:.4f}")
    return 0 if all(BOUNDS[0] <= share <= BOUNDS[1] for share in (*shares, paired)) else 1


def _covered(design: Design, random: np.random.Generator) -> tuple[float, float, float]:
    """Shares of corpora whose intervals hold the true F1: Wilson's, the normal one; and the mean width of Wilson's."""
    drawn = Counter(map(tuple, random.multinomial(design.rows, design.outcomes, CORPORA)[:, :3].tolist()))
    wilson = normal = 0
    width = 0.0
    for (tp, fp, fn), times in drawn.items():
        found, error = f1_interval(tp, fp, fn, LEVEL), f1_standard_error(tp, fp, fn)
        if found is None or error is None:
            continue
        f1 = 2 * tp / (2 * tp + fp + fn)
        wilson += times * (found.low <= design.f1 <= found.high)
        normal += times * (abs(f1 - design.f1) <= _Z * error)
        width += times * (found.high - found.low)
    return wilson / CORPORA, normal / CORPORA, width / CORPORA


def _paired(random: np.random.Generator) -> float:
    """Share of pairs of corpora whose bootstrap interval holds the true difference.

    Both systems see 1,000 rows, 30 % of them positive. A is right on 86 % of the positives, B on 90 %; where A errs,
    B errs half of the time.
    """
    # By gold, A's answer and B's answer: what a row adds to tp, predicted and true, of A and of B.
    shares, units = [], []
    for gold, part, wrong_a, wrong_b in ((1, 0.3, 0.14, 0.10), (0, 0.7, 0.06, 0.04)):
        both = wrong_a / 2
        for a_errs, b_errs, share in (
            (True, True, both), (True, False, wrong_a - both), (False, True, wrong_b - both),
            (False, False, 1 - wrong_a - wrong_b + both),
        ):  # fmt: skip
            a, b = gold ^ a_errs, gold ^ b_errs
            shares.append(part * share)
            units.append((gold & a, a, gold, gold & b, b, gold))
    true = _difference([sum(s * unit[at] for s, unit in zip(shares, units, strict=True)) for at in range(6)])
    held = 0
    for seed, counts in enumerate(random.multinomial(1_000, shares, PAIRS).tolist()):
        corpus = [unit for unit, times in zip(units, counts, strict=True) for _ in range(times)]
        low, high = percentiles(bootstrap(corpus, _difference, RESAMPLES, Random(seed).getrandbits(32)), LEVEL)
        held += low <= true <= high
    return held / PAIRS


def _difference(sums: "list[float] | tuple[float, ...]") -> float:
    tp_a, said_a, true_a, tp_b, said_b, true_b = sums
    value = 2 * tp_b / (said_b + true_b) - 2 * tp_a / (said_a + true_a)
    return value if math.isfinite(value) else math.nan


if __name__ == "__main__":
    sys.exit(main())
