"""The moderation report: equal to scikit-learn where it defines the value, the same for any order of samples."""

import random
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from evaluations.moderation.answers import ModerationReport
from evaluations.moderation.report import answer, report_of
from evaluations.moderation.seen import Asked, Mode, Options, Outcome, Seen, Sight

LABELS = ("hate", "violence", "self-harm", "spam")


def outcome(gold: str = "", predicted: str = "", known: str = "hvs*", **changes: Any) -> Outcome:
    """Labels by their first letters; `*` is spam."""
    names = {"h": "hate", "v": "violence", "s": "self-harm", "*": "spam"}
    found = {
        name: tuple(names[letter] for letter in "hvs*" if letter in letters)
        for name, letters in (("gold", gold), ("predicted", predicted), ("known", known))
    }
    fp = len(set(found["predicted"]) - set(found["gold"]))
    values: dict[str, Any] = {
        "fp": fp, "flagged": bool(predicted), "gold_flagged": bool(gold), "is_unread": False, "is_abstained": False,
    }  # fmt: skip
    return Outcome(**found, **values | changes)


def unread(gold: str = "") -> Outcome:
    return outcome(gold, fp=1, flagged=None, is_unread=True)


ABSTAINED = outcome("h", fp=0, flagged=None, is_abstained=True)


def seen(outcomes: list[Outcome], items: list[str] | None = None, mode: Mode = "set", **changes: Any) -> Seen:
    distinct = list(dict.fromkeys(outcomes))
    places = items or [f"q{number}" for number in range(len(outcomes))]
    values: dict[str, Any] = {
        "grader": "moderation_f1@v1", "digest": "d", "taxonomy_hash": "t", "mode": mode,
        "superseded": 0, "unscored": {},
        "outcomes": distinct,
        "sights": [Sight(distinct.index(one), item, None) for one, item in zip(outcomes, places, strict=True)],
        "parse_errors": {"bad_json": count} if (count := sum(one.is_unread for one in outcomes)) else {},
        "unknown": {}, "f_ref": None,
    }  # fmt: skip
    return Seen(**values | changes)


def report(
    outcomes: list[Outcome], items: list[str] | None = None, mode: Mode = "set", **options: Any
) -> ModerationReport:
    [found] = report_of(Asked("r", Options(**options), [seen(outcomes, items, mode)])).reports
    return found


outcomes = st.lists(
    st.builds(
        outcome,
        st.sets(st.sampled_from("hvs*")).map("".join),
        st.sets(st.sampled_from("hvs*")).map("".join),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=150)
@given(outcomes, st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from([0, 1, "nan"]))
def test_it_agrees_with_scikit_learn(judged: list[Outcome], beta: float, zero_division: Any) -> None:
    found = report(judged, beta=beta, zero_division=zero_division)

    gold, said = (
        np.array([[label in getattr(one, side) for label in LABELS] for one in judged], int)
        for side in ("gold", "predicted")
    )
    zero = np.nan if zero_division == "nan" else zero_division
    for name in ("micro", "macro", "weighted", "samples"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = precision_recall_fscore_support(gold, said, beta=beta, average=name, zero_division=zero)[:3]
        block = getattr(found, name)
        values = (block.precision, block.recall, block.f)
        assert [np.nan if value is None else value for value in values] == pytest.approx(expected, nan_ok=True)
    flags = precision_recall_fscore_support(
        [one.gold_flagged for one in judged], [one.flagged for one in judged],
        beta=beta, average="binary", pos_label=True, zero_division=zero,
    )[:3]  # fmt: skip
    assert found.flag is not None
    values = (found.flag.precision, found.flag.recall, found.flag.f)
    assert [np.nan if value is None else value for value in values] == pytest.approx(flags, nan_ok=True)


@settings(max_examples=60)
@given(outcomes, st.randoms(use_true_random=False))
def test_the_order_of_samples_changes_no_digit(judged: list[Outcome], chance: random.Random) -> None:
    pairs = [(one, chance.choice("abc")) for one in [*judged, unread("h"), ABSTAINED]]
    shuffled = pairs.copy()
    chance.shuffle(shuffled)

    first = report(*map(list, zip(*pairs, strict=True)), resamples=100)
    second = report(*map(list, zip(*shuffled, strict=True)), resamples=100)

    assert first == second


def test_what_could_not_be_read_counts_once_everywhere_but_in_a_label_s_table() -> None:
    found = report([outcome("h", "h"), unread("hv"), unread()])

    assert found.micro is not None
    assert (found.micro.precision, found.micro.recall) == (1 / 3, 1 / 3)
    assert (found.counts.tp, found.counts.fp, found.counts.fn, found.counts.invalid) == (1, 2, 2, 2)
    assert [(row.label, row.tp, row.fp, row.fn, row.invalid) for row in found.per_label[:2]] == [
        ("hate", 1, 0, 1, 1),
        ("violence", 0, 0, 1, 1),
    ]
    assert [row.tn for row in found.per_label] == [0, 1, 1, 1]
    assert (found.parse_failed, found.parse_fail_rate, found.parse_errors) == (2, 2 / 3, {"bad_json": 2})
    assert found.flag is not None
    assert (found.flag.counts.tp, found.flag.counts.fp, found.flag.counts.fn, found.flag.counts.tn) == (1, 1, 1, 0)


def test_who_abstains_counts_in_coverage_alone() -> None:
    found = report([outcome("h", "h"), ABSTAINED, ABSTAINED, outcome()])

    assert (found.n, found.abstained, found.coverage) == (4, 2, 0.5)
    assert (found.counts.tp, found.counts.fn) == (1, 0)
    assert found.predicted_positive_rate == 0.5


def test_of_nothing_but_abstentions_all_is_null_with_a_reason() -> None:
    found = report([ABSTAINED])

    assert (found.micro, found.flag, found.per_label, found.suggested_f_ref) == (None, None, [], None)
    for place in ("/micro", "/flag", "/macro_supported", "/predicted_positive_rate", "/suggested_f_ref"):
        assert found.undefined[place]


def test_a_label_that_nobody_looked_for_counts_nowhere() -> None:
    found = report([outcome("h", "h", known="hs"), outcome("v", "v")])

    assert [(row.label, row.tp, row.fp, row.tn) for row in found.per_label] == [
        ("hate", 1, 0, 1),
        ("violence", 1, 0, 0),
        ("self-harm", 0, 0, 2),
        ("spam", 0, 0, 1),
    ]


def test_mode_flag_counts_decisions_and_mode_class_labels() -> None:
    yes, no = outcome("h", "h"), outcome("", "", flagged=True, fp=1)
    flag = report([yes, no, outcome()], mode="flag")
    one = report([outcome("h", "h"), outcome("v", "h"), outcome("s", "s")], mode="class")

    assert flag.flag is not None
    assert flag.flag.f == flag.suggested_f_ref == pytest.approx(2 / 3)
    assert flag.micro is None
    assert "see flag" in flag.undefined["/micro"]
    assert (flag.counts.tp, flag.counts.fp, flag.counts.tn) == (1, 1, 1)
    assert [baseline.name for baseline in flag.flag.baselines] == ["always_positive", "never_positive"]
    assert one.micro is not None
    assert one.micro.f == one.suggested_f_ref == pytest.approx(2 / 3)
    assert one.flag is None
    assert [(baseline.name, baseline.prediction) for baseline in one.baselines] == [("majority_class", "hate")]


def test_intervals_are_of_the_method_that_holds() -> None:
    judged = [outcome("h", "h"), outcome("h"), outcome("", "h"), outcome()] * 10
    found = report(judged, resamples=500, seed=3)

    assert found.flag is not None
    assert found.micro is not None
    for block, methods in (
        (found.flag, {"wilson": "wilson_indirect", "jackknife": "jackknife", "bootstrap": "bootstrap"}),
        (found.micro, {"wilson": None, "jackknife": "jackknife", "bootstrap": "bootstrap"}),
    ):
        for name, method in methods.items():
            interval = getattr(block, name)
            assert (interval and interval.method) == method
            if interval is not None:
                assert interval.low < 0.5 < interval.high
                assert interval.standard_error == pytest.approx(0.08, abs=0.02)
    assert found.micro.bootstrap is not None
    assert (found.micro.bootstrap.units, found.micro.bootstrap.seed) == (40, 3)


def test_samples_of_one_item_are_one_unit() -> None:
    judged = [outcome("h", "h"), outcome("h"), outcome("", "h"), outcome()] * 10
    items = [f"q{number // 8}" for number in range(40)]

    found = report(judged, items)

    assert found.flag is not None
    assert found.flag.jackknife is not None
    assert found.flag.jackknife.units == 5
    assert found.windows[-1].interval is not None
    assert found.windows[-1].interval.method == "jackknife"
    assert report([*judged], mode="flag").windows[-1].interval.method == "wilson_indirect"  # type: ignore[union-attr]


def test_windows_are_the_newest_samples_and_alarm_on_drift() -> None:
    good, bad = [outcome("h", "h"), outcome()] * 150, [outcome("h"), unread("h")] * 60
    found = report([outcome("h"), *good, *bad], window=120)

    assert [window.n for window in found.windows] == [120, 120, 120]
    assert [window.f for window in found.windows] == [1.0, 1.0, 0.0]
    codes = ["f_moved", "parse_fail_rate_moved", "predicted_positive_rate_moved"]
    assert [alarm.code for alarm in found.alarms] == codes
    assert found.suggested_f_ref == 0.0


def test_a_window_whose_interval_excludes_the_f_before_it_is_an_alarm() -> None:
    good = [*[outcome("h", "h")] * 9, outcome("h")] * 20
    worse = [*[outcome("h", "h")] * 6, *[outcome("h")] * 4] * 10
    found = report([*good, *worse], window=100)

    assert [alarm.code for alarm in found.alarms] == ["f_moved", "predicted_positive_rate_moved"]
    assert found.windows[-1].f == found.suggested_f_ref == pytest.approx(0.75)


@pytest.mark.parametrize("mode", ["set", "flag"])
@pytest.mark.parametrize(("before", "after"), [("h", ""), ("", "h")])
def test_a_fall_of_f_to_0_and_a_rise_to_1_are_alarms(mode: Mode, before: str, after: str) -> None:
    """As many samples are flagged as before: nothing but F shows it."""
    said = {"h": [outcome("h", "h"), outcome()], "": [outcome("h"), outcome("", "v")]}
    found = report([*said[before] * 150, *said[after] * 60], mode=mode, window=120)

    assert [alarm.code for alarm in found.alarms] == ["f_moved"]


def test_the_rollouts_of_a_few_items_are_no_proof_that_f_moved() -> None:
    """64 right answers to 8 items are as good as 8: before, one of 20 was wrong."""
    before = [*[outcome("h", "h")] * 19, outcome("h")] * 10
    items = [f"q{number}" for number in range(200)] + [f"r{number % 8}" for number in range(64)]
    found = report([*before, *[outcome("h", "h")] * 64], items, window=64)

    assert (found.windows[-1].f, found.alarms) == (1.0, [])


def test_a_share_of_the_few_that_could_be_read_moves_as_few_do() -> None:
    """20 of 30 flagged after 30 of 60 is chance, however many abstain beside them."""
    silent = [ABSTAINED] * 900
    earlier = [*[outcome("", "v")] * 30, *[outcome()] * 30, *silent, *silent]
    found = report([*earlier, *[outcome("", "v")] * 20, *[outcome()] * 10, *silent[:870], *silent[:30]], window=930)

    assert found.windows[-1].predicted_positive_rate == 2 / 3
    assert found.alarms == []


def test_a_steady_run_alarms_nobody() -> None:
    found = report([outcome("h", "h"), outcome("h"), outcome()] * 400, window=300)

    assert (found.alarms, len(found.windows)) == ([], 4)


def test_a_newest_window_with_few_positives_suggests_the_f_of_all() -> None:
    found = report([*[outcome("h", "h"), outcome("h")] * 50, *[outcome()] * 20], window=20)

    assert found.windows[-1].f == 0.0
    assert found.suggested_f_ref == pytest.approx(2 / 3)


def test_the_steps_are_curves() -> None:
    judged = [outcome("h", "h"), outcome("h")]
    one = seen(judged)
    one.sights = [Sight(0, "a", 2), Sight(1, "b", 1), Sight(1, "b", None), Sight(0, "c", 1)]

    [found] = report_of(Asked("r", Options(), [one])).reports

    assert [(step.step, step.n, step.f) for step in found.steps] == [(1, 2, 2 / 3), (2, 1, 1.0), (None, 1, 0.0)]


def test_undefined_numbers_are_null_in_json_and_have_a_reason() -> None:
    body = b'{"run": "r", "options": {"zero_division": "nan", "beta": "inf"}, "seen": []}'
    assert b"NaN" not in answer(body)

    found = report([outcome()], zero_division="nan", beta="inf")

    assert found.micro is not None
    assert (found.micro.precision, found.micro.recall, found.micro.f) == (None, None, None)
    for place in ("/micro/f", "/flag/f", "/flag/wilson", "/micro/jackknife", "/micro/bootstrap", "/per_label/0/f"):
        assert found.undefined[place]
    assert "NaN" not in found.model_dump_json()
