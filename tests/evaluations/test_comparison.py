"""B against A, on real systems and on small ones."""

import itertools
import json
from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.data import data_folder
from tests.evaluations.asking import compared, refusal
from tests.pace import paces_of

SYSTEMS = ("bert_d", "bert_f", "perspective", "siftninja")
COUNTS = {
    "bert_d": (1936, 746, 627, 419),
    "bert_f": (1679, 600, 884, 565),
    "perspective": (2295, 603, 268, 562),
    "siftninja": (230, 156, 2333, 1009),
}


@pytest.fixture(scope="module")
def hatecheck() -> list[dict[str, Any]]:
    file = data_folder("data/moderation") / "hatecheck_preds.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(SYSTEMS, 2)))
def test_every_pair_of_the_hatecheck_systems(hatecheck: list[dict[str, Any]], first: str, second: str) -> None:
    gold, a, b = (np.array([row[name] for row in hatecheck]) for name in ("gold", first, second))
    sides = {key: side(hatecheck, name) for key, name in (("a", first), ("b", second))}
    # The same samples in another order.
    sides["b"] = {name: column[::-1] if isinstance(column, list) else column for name, column in sides["b"].items()}

    answer = compared(kind="binary", **sides)

    for found, name, predicted in ((answer.a, first, a), (answer.b, second, b)):
        assert (found.counts.tp, found.counts.fp, found.counts.fn, found.counts.tn) == COUNTS[name]
        assert found.f == pytest.approx(float(f_of(gold, predicted)), abs=1e-12)
    a_only, b_only = int(((a == gold) & (b != gold)).sum()), int(((a != gold) & (b == gold)).sum())
    assert (answer.mcnemar.a_only, answer.mcnemar.b_only) == (a_only, b_only)
    assert answer.mcnemar.both_right + answer.mcnemar.both_wrong + a_only + b_only == 3728
    assert answer.mcnemar.p == pytest.approx(stats.binomtest(a_only, a_only + b_only).pvalue, rel=1e-9)
    assert answer.randomization.p == pytest.approx(numpy_p(gold, a, b, swaps=4_000), abs=0.01)
    assert answer.bootstrap is not None
    assert (answer.bootstrap.low, answer.bootstrap.high) == pytest.approx(numpy_interval(gold, a, b), abs=0.005)
    assert answer.verdict == ("improved" if answer.difference > 0 else "regressed")


@pytest.mark.parametrize("rows", [slice(0, 300), slice(1000, 1400), slice(2000, 2300), slice(3300, 3728)])
def test_p_where_the_systems_are_close(hatecheck: list[dict[str, Any]], rows: slice) -> None:
    """On parts of the set the two BERTs differ by little, so p is neither 0 nor 1."""
    part = hatecheck[rows]
    gold, a, b = (np.array([row[name] for row in part]) for name in ("gold", "bert_d", "bert_f"))

    answer = compared(kind="binary", a=side(part, "bert_d"), b=side(part, "bert_f"), swaps=40_000)

    assert answer.randomization.p == pytest.approx(numpy_p(gold, a, b), abs=0.01)


def test_4000_rows_take_under_4000_paces(hatecheck: list[dict[str, Any]]) -> None:
    rows = hatecheck + [row | {"id": -row["id"]} for row in hatecheck[:272]]
    sides = {"a": side(rows, "bert_d"), "b": side(rows, "bert_f")}
    names = sorted({row["func"] for row in rows})
    # A multilabel comparison under macro: as many distinct outcomes as a real set has.
    wide = {key: {**columns, "y_true": [[row["func"]] for row in rows], "y_pred": [
        [row["func"]] if row[name] == row["gold"] else [names[row["id"] % len(names)]]
        for row in rows]} for (key, columns), name in zip(sides.items(), SYSTEMS, strict=False)}  # fmt: skip

    for request in ({"kind": "binary", **sides}, {"kind": "multilabel", "average": "micro", **wide}):
        assert paces_of(partial(compared, **request), limit=4000) < 4000


def side(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return {
        "name": name,
        "ids": [row["id"] for row in rows],
        "y_true": [row["gold"] for row in rows],
        "y_pred": [row[name] for row in rows],
    }


def f_of(gold: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """F1 over the last axis."""
    tp = (gold & pred).sum(axis=-1)
    return 2 * tp / (gold.sum(axis=-1) + pred.sum(axis=-1))


def numpy_p(gold: np.ndarray, a: np.ndarray, b: np.ndarray, swaps: int = 40_000) -> float:
    """The randomization test row by row."""
    random = np.random.default_rng(11)
    seen = abs(f_of(gold, b) - f_of(gold, a))
    at_least = 0
    for _ in range(swaps // 400):
        swap = random.random((400, len(gold))) < 0.5
        found = f_of(gold, np.where(swap, a, b)) - f_of(gold, np.where(swap, b, a))
        at_least += int((abs(found) >= seen - 1e-12).sum())
    return (at_least + 1) / (swaps + 1)


def numpy_interval(gold: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """The paired percentile bootstrap row by row."""
    random = np.random.default_rng(12)
    differences = []
    for _ in range(20):
        drawn = random.integers(0, len(gold), (200, len(gold)))
        differences.append(f_of(gold[drawn], b[drawn]) - f_of(gold[drawn], a[drawn]))
    low, high = np.percentile(np.concatenate(differences), [2.5, 97.5])
    return float(low), float(high)


# --- small ones ---

A = {"ids": ["x", "y", "z"], "y_true": [1, 0, 1], "y_pred": [1, 0, 0]}
B = {"ids": ["z", "x", "y"], "y_true": [1, 1, 0], "y_pred": [1, 1, 1]}


def test_rows_are_paired_by_id() -> None:
    answer = compared(kind="binary", a=A, b=B)

    assert (answer.mcnemar.both_right, answer.mcnemar.a_only, answer.mcnemar.b_only) == (1, 1, 1)
    assert answer.verdict == "not_distinguishable"


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"ids": ["z", "x", "w"]}, "ids_differ", "/a/ids/1"),
        ({"ids": ["z", "x", "x"]}, "duplicate_id", "/b/ids/2"),
        ({"ids": ["z", "x"]}, "length_mismatch", "/b/ids"),
        ({"y_true": [1, 0, 0]}, "gold_differs", "/b/y_true/1"),
        ({"version": "v2"}, "versions_differ", "/b/version"),
        ({"groups": ["g", "g", "h"]}, "gold_differs", "/b/groups/1"),
        ({"y_pred": [1, 1, 2]}, "bad_label", "/b/y_pred/2"),
        ({"y_pred": 1}, "bad_label", "/b/y_pred"),
        ({"verson": "v2"}, "invalid_evaluation", "/b/verson"),
    ],
)
def test_sides_that_cannot_be_compared_are_refused(change: dict[str, Any], code: str, pointer: str) -> None:
    found, pointers = refusal(compared, kind="binary", a=A, b={**B, **change})

    assert (found, pointers[0]) == (code, pointer)


def test_other_masks_and_no_headline_are_refused() -> None:
    a, b = ({"ids": [1], "y_true": [["u"]], "y_pred": [["u"]], "known": [known]} for known in (["u"], None))

    assert refusal(compared, kind="multilabel", labels=["u", "v"], a=a, b=b) == ("gold_differs", ["/b/known/0"])
    assert refusal(compared, kind="binary", average="none", a=A, b=B) == ("average_not_applicable", ["/average"])


def test_the_same_system_twice_is_not_distinguishable() -> None:
    answer = compared(kind="binary", a=A, b=A)

    assert (answer.difference, answer.randomization.p, answer.verdict) == (0.0, 1.0, "not_distinguishable")
    assert (answer.needed_positives, answer.mcnemar.p) == (None, 1.0)
    assert "/needed_positives" in answer.undefined


def test_an_undefined_f_leaves_no_difference_and_no_verdict() -> None:
    quiet = {"ids": [1, 2], "y_true": [0, 0], "y_pred": [0, 0]}

    answer = compared(kind="binary", zero_division="nan", a=quiet, b={**quiet, "y_pred": [0, 1]})

    assert (answer.difference, answer.verdict, answer.a.f) == (None, "not_distinguishable", None)
    assert {"/difference", "/a/f"} <= answer.undefined.keys()
    assert "NaN" not in answer.model_dump_json()


def made(positives: int, hits: tuple[int, int], shared: int) -> dict[str, Any]:
    """Two systems on so many positives and as many negatives: what each misses it also falsely alarms on, and so many
    of these errors are the same."""
    sides = {}
    for key, right, shift in (("a", hits[0], 0), ("b", hits[1], positives // 2)):
        wrong = {place if place < shared else (place + shift) % positives for place in range(positives - right)}
        errors = [int(place in wrong) for place in range(positives)]
        gold = [1] * positives + [0] * positives
        sides[key] = {"ids": list(range(2 * positives)), "y_true": gold, "y_pred": [1 - e for e in errors] + errors}
    return sides


def test_needed_positives_are_those_at_which_four_of_five_comparisons_find_the_difference() -> None:
    """86 % to 90 %: 580 positives if errors are independent, more if they avoid each other, few if most are shared."""
    answer = compared(kind="binary", **made(500, (430, 450), shared=0), unpaired=True)

    assert answer.unpaired is not None
    assert (answer.unpaired.z, answer.unpaired.p) == pytest.approx((2.6023671, 0.0092583), abs=1e-6)
    assert answer.needed_positives is not None
    assert 580 < answer.needed_positives < 700
    paired = compared(kind="binary", **made(500, (430, 450), shared=50)).needed_positives
    assert paired is not None
    assert paired < 250


def test_rollouts_of_one_prompt_are_swapped_and_drawn_together() -> None:
    """Ten equal rollouts of each prompt are no more evidence than one."""
    gold, a, b = [1, 0] * 12, [1, 0] * 8 + [0, 1] * 4, [1, 0] * 11 + [0, 1]

    def columns(pred: list[int], times: int, grouped: bool) -> dict[str, Any]:
        places = [place for place in range(24) for _ in range(times)]
        found = {
            "ids": list(range(24 * times)),
            "y_true": [gold[p] for p in places],
            "y_pred": [pred[p] for p in places],
        }
        return found | ({"groups": places} if grouped else {})

    once, repeated, grouped = (
        compared(kind="binary", a=columns(a, times, is_grouped), b=columns(b, times, is_grouped))
        for times, is_grouped in ((1, False), (10, False), (10, True))
    )

    assert grouped.randomization.p == once.randomization.p > repeated.randomization.p
    assert (grouped.units, grouped.rows) == (24, 240)
    assert grouped.bootstrap.low == pytest.approx(once.bootstrap.low)
    assert [notice.code for notice in grouped.warnings] == ["mcnemar_ignores_groups"]


@pytest.mark.parametrize("average", ["micro", "macro", "weighted", "samples"])
def test_every_average_can_be_compared(average: str) -> None:
    gold = [["hate"], [], ["hate", "spam"], ["spam"]] * 15
    worse = [["spam"], [], ["hate"], []] * 15
    columns = {"ids": list(range(60)), "y_true": gold}

    answer = compared(kind="multilabel", average=average, a={**columns, "y_pred": worse}, b={**columns, "y_pred": gold})

    assert (answer.verdict, answer.b.f) == ("improved", 1.0 if average != "samples" else 0.75)
    assert answer.randomization.p == pytest.approx(1 / 10_001)


def test_the_same_seed_gives_the_same_answer() -> None:
    request = {"kind": "binary", **made(50, (40, 44), shared=2)}
    first, again, other = (compared(**request, seed=seed) for seed in (1, 1, 2))

    assert first == again
    assert first.bootstrap != other.bootstrap
