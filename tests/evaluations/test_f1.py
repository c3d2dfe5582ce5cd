"""What a corpus evaluation answers, and what it refuses."""

import json
import math
from typing import Any

import pytest

from evaluations.errors import InvalidEvaluation
from evaluations.f1 import evaluate
from evaluations.intervals import f1_interval, f1_standard_error
from evaluations.requests import F1Request, read_json
from tests.evaluations.asking import f1, refusal

BINARY = {"kind": "binary", "y_true": [1, 1, 0, 0, 1], "y_pred": [1, 0, 1, 0, 1]}
SETS = {
    "kind": "multilabel",
    "labels": ["hate", "violence"],
    "y_true": [["hate"], []],
    "y_pred": [["hate"], ["violence"]],
}


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"beta": -1}, "bad_beta", "/beta"),
        ({"beta": "two"}, "bad_beta", "/beta"),
        ({"beta": True}, "bad_beta", "/beta"),
        ({"zero_division": 0.5}, "bad_zero_division", "/zero_division"),
        ({"zero_division": True}, "bad_zero_division", "/zero_division"),
        ({"zero_division": "warn"}, "bad_zero_division", "/zero_division"),
        ({"average": "mean"}, "bad_average", "/average"),
        ({"average": "samples"}, "average_not_applicable", "/average"),
        ({"y_pred": [1, 0]}, "length_mismatch", "/y_pred"),
        ({"groups": [1, 0]}, "length_mismatch", "/groups"),
        ({"y_true": [], "y_pred": []}, "empty_batch", "/y_true"),
        ({"y_true": [1, 1, 0, 2, 1]}, "bad_label", "/y_true/3"),
        ({"y_pred": [1, "yes", 0, 1, 1]}, "bad_label", "/y_pred/1"),
        ({"y_true": [1, 1, 0, 0.5, 1]}, "bad_label", "/y_true/3"),
        ({"y_true": [1, 1, 0, None, 1]}, "bad_label", "/y_true/3"),
        ({"y_true": [1, 1, 0, [1], 1]}, "bad_label", "/y_true/3"),
        ({"pos_label": "yes"}, "bad_pos_label", "/pos_label"),
        ({"labels": ["a", "b"]}, "bad_pos_label", "/pos_label"),
        ({"labels": [0, 1, 2]}, "bad_label", "/labels"),
        ({"labels": [1, 1]}, "bad_label", "/labels/1"),
        ({"labels": [1, True]}, "bad_label", "/labels/1"),
        ({"labels": ["a", 1]}, "bad_label", "/labels"),
        ({"labels": [0, 1], "y_true": [1, 1, 0, 7, 1]}, "unknown_gold_label", "/y_true/3"),
        ({"known": [None] * 5}, "invalid_evaluation", "/known"),
        ({"kind": "ordinal"}, "invalid_evaluation", "/kind"),
        ({"averag": "micro"}, "invalid_evaluation", "/averag"),
        ({"bootstrap": {"resamples": 1}}, "invalid_evaluation", "/bootstrap/resamples"),
        ({"level": 1}, "invalid_evaluation", "/level"),
    ],
)
def test_what_scikit_learn_refuses_is_refused_with_a_code_and_a_place(change: Any, code: str, pointer: str) -> None:
    assert refusal(f1, **{**BINARY, **change}) == (code, [pointer])


@pytest.mark.parametrize(
    ("change", "code", "pointers"),
    [
        ({"y_true": [["hate"], ["spam"]]}, "unknown_gold_label", ["/y_true/1"]),
        ({"y_true": [["spam"], ["spam"]]}, "unknown_gold_label", ["/y_true/0", "/y_true/1"]),
        ({"known": [["violence"], None]}, "gold_outside_known", ["/y_true/0"]),
        ({"known": [["spam", "hate"], None]}, "bad_label", ["/known/0"]),
        ({"y_true": ["hate", []]}, "bad_label", ["/y_true/0"]),
        ({"y_pred": [["hate"], ["spam"]], "unknown": "error"}, "unknown_label", ["/y_pred/1"]),
        ({"average": "binary"}, "average_not_applicable", ["/average"]),
        ({"labels": None, "y_true": [[], []], "y_pred": [[], []]}, "bad_label", ["/labels"]),
        ({"labels": None, "y_true": [[1], []]}, "bad_label", ["/labels"]),
        ({"labels": []}, "bad_label", ["/labels"]),
        # scikit-learn's indicator matrices, whose every row would name the labels 0 and 1.
        ({"labels": None, "y_true": [[0, 1], [1, 0]], "y_pred": [[0, 0], [1, 0]]}, "bad_label", ["/labels"]),
        ({"kind": "flag", "labels": None, "y_true": [[0, 0], [1, 0]], "y_pred": [1, 0]}, "bad_label", ["/labels"]),
        ({"y_true": [["hate"], [1.5]]}, "bad_label", ["/y_true/1"]),
    ],
)
def test_a_label_that_nobody_declared_is_never_a_silent_zero(change: Any, code: str, pointers: list[str]) -> None:
    assert refusal(f1, **{**SETS, **change}) == (code, pointers)


@pytest.mark.parametrize(
    ("change", "place", "hint"),
    [
        ({"y_pred": [1, 0.9, 0, 1, 1]}, "/y_pred/1: 0.9", " Make labels of scores by a threshold."),
        (
            {"y_true": [1, 1, None, 0, 1]}, "/y_true/2: null",
            " Only a prediction may be null; leave out rows whose gold nobody knows.",
        ),
        ({"y_pred": [1, [1, None], 0, 1, 1]}, "/y_pred/1: null", ""),
    ],
)  # fmt: skip
def test_what_is_no_label_is_shown_with_what_was_wanted(change: Any, place: str, hint: str) -> None:
    with pytest.raises(InvalidEvaluation) as caught:
        f1(**{**BINARY, **change})

    assert caught.value.detail == f"{place} is no label: wanted a text, a whole number, true or false.{hint}"


def test_whole_numbers_are_labels_however_they_are_written() -> None:
    answer = f1(kind="binary", y_true=[1.0, 0, 1], y_pred=[1, 0.0, None])

    assert (answer.counts.tp, answer.counts.fp, answer.counts.fn, answer.labels) == (1, 0, 1, [0, 1])
    # Zeros and ones may be the names of labels.
    assert f1(kind="multilabel", labels=[0, 1], y_true=[[0, 1], [1, 0]], y_pred=[[0, 0], [1, 0]]).counts.fn == 1
    assert f1(kind="multilabel", y_true=[[0, 1], [0, 1]], y_pred=[[0, 1], [1, 0]]).f == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"kind": "binary", "y_true": [1], "y_pred": [1], "beta": NaN}'])
def test_what_is_no_json_object_or_holds_nan_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvaluation):
        read_json(F1Request, body)


def test_a_prediction_that_could_not_be_read_is_wrong_once_on_any_row() -> None:
    for kind, gold in (("binary", [1, 0]), ("flag", [["hate"], []])):
        answer = f1(kind=kind, y_true=gold, y_pred=[None, None])

        assert (answer.counts.tp, answer.counts.fp, answer.counts.fn, answer.counts.tn) == (0, 1, 1, 0)
        assert answer.counts.invalid == 2
    sets = f1(**{**SETS, "y_pred": [None, None]})
    assert (sets.counts.tp, sets.counts.fp, sets.counts.fn, sets.counts.tn) == (0, 2, 1, 0)
    classes = f1(kind="multiclass", labels=["a", "b"], average="micro", y_true=["a", "b"], y_pred=[None, "b"])
    assert (classes.counts.tp, classes.counts.fp, classes.counts.fn, classes.counts.tn, classes.f) == (1, 1, 1, 1, 0.5)


def test_an_unknown_prediction_is_a_false_positive_of_no_label_or_dropped() -> None:
    pred = [["hate", "spam", "spam"], []]

    assert f1(**{**SETS, "y_pred": pred}).counts.fp == 1
    assert f1(**{**SETS, "y_pred": pred, "unknown": "drop"}).counts.fp == 0
    assert [table.fp for table in f1(**{**SETS, "y_pred": pred}).per_label] == [0, 0]
    warned = {one.code: one.detail for one in f1(**{**SETS, "y_pred": [["Hate"], ["Hate", "spam"]]}).warnings}
    assert "3 predicted labels are not declared, most often 'Hate' (in 2 rows)" in warned["unknown_labels"]
    # The wrong one of two, so that garbage is no free negative.
    flags = f1(kind="binary", labels=["safe", "unsafe"], pos_label="unsafe", y_true=["safe"], y_pred=["sorry"])
    assert (flags.counts.fp, flags.counts.unknown) == (1, 1)


def test_what_is_not_known_of_a_row_does_not_count() -> None:
    answer = f1(**{**SETS, "known": [["hate"], ["hate"]], "y_pred": [["hate", "violence"], ["violence"]]})

    assert (answer.counts.tp, answer.counts.fp, answer.counts.tn, answer.f) == (1, 0, 1, 1.0)
    assert [table.tn for table in answer.per_label] == [1, 0]
    nothing = f1(kind="flag", labels=["hate"], y_true=[[], ["hate"]], y_pred=[["hate"], ["hate"]], known=[[], None])
    assert (nothing.counts.tp, nothing.counts.fp, nothing.counts.tn) == (1, 0, 0)


def test_undefined_is_null_with_a_reason_and_never_nan() -> None:
    answer = f1(kind="binary", y_true=[0, 0], y_pred=[0, 0], zero_division="nan", bootstrap={"resamples": 100})

    assert (answer.precision, answer.recall, answer.f, answer.interval, answer.bootstrap) == (None,) * 5
    assert {"/precision", "/recall", "/f", "/per_label/1/f", "/interval", "/macro_supported"} <= answer.undefined.keys()
    assert answer.undefined["/bootstrap"] == "Fewer than two resamples have a defined F."
    for text in (answer.model_dump_json(), json.dumps(answer.model_dump(), allow_nan=False)):
        assert "NaN" not in text


def test_average_none_has_no_headline_but_every_label() -> None:
    answer = f1(**{**SETS, "average": "none"})

    assert (answer.f, answer.undefined["/f"]) == (None, "average is none: see per_label.")
    assert [table.f for table in answer.per_label] == [1.0, 0.0]


def test_the_defaults_are_filled_in_and_repeated() -> None:
    averages = {kind: f1(kind=kind, y_true=gold, y_pred=gold).average for kind, gold in (
        ("binary", [1]), ("flag", [True]), ("multiclass", ["a"]), ("multilabel", [["a"]]))}  # fmt: skip

    assert averages == {"binary": "binary", "flag": "binary", "multiclass": "macro", "multilabel": "micro"}
    answer = f1(**BINARY)
    assert (answer.labels, answer.pos_label, answer.beta, answer.zero_division, answer.unknown) == (
        [0, 1],
        1,
        1,
        0,
        "fp",
    )


def test_trivial_systems_stand_beside_and_are_warned_of() -> None:
    answer = f1(kind="binary", y_true=[1, 1, 1, 0], y_pred=[1, 1, 0, 0])

    trivial = {baseline.name: baseline.f for baseline in answer.baselines}
    assert trivial == {"always_positive": pytest.approx(6 / 7), "never_positive": 0.0}
    assert [notice.code for notice in answer.warnings] == ["not_above_trivial"]
    never = f1(kind="binary", y_true=[1, 0, 0], y_pred=[0, 0, 0])
    assert [notice.detail for notice in never.warnings] == ["F is not above that of always_positive."]
    classes = f1(kind="multiclass", y_true=["a", "b", "b"], y_pred=["a", "b", "c"])
    assert [(found.name, found.prediction) for found in classes.baselines] == [("majority_class", "b")]
    assert [notice.code for notice in classes.warnings] == ["labels_not_declared"]
    sets = f1(**{**SETS, "known": [["hate"], None]})
    assert {found.name: found.recall for found in sets.baselines} == {"all_labels": 1.0, "no_label": 0.0}


@pytest.mark.parametrize(("gold", "code"), [([1, 1], "one_class_gold"), ([0, 0], "no_positive_gold")])
def test_gold_of_one_class_is_warned_of(gold: list[int], code: str) -> None:
    assert code in [notice.code for notice in f1(kind="binary", y_true=gold, y_pred=[1, 0]).warnings]


def test_macro_over_the_labels_that_occur_stands_beside_macro() -> None:
    answer = f1(kind="multiclass", labels=["a", "b", "c"], y_true=["a", "b"], y_pred=["a", "b"])

    assert (answer.f, answer.macro_supported) == (pytest.approx(2 / 3), 1.0)


@pytest.mark.parametrize(
    ("counts", "low", "high", "error"),
    [
        ((1936, 746, 627), 0.724647694913228, 0.7513661730054223, 0.006818287963824413),
        ((86, 14, 14), 0.800911820715228, 0.903660638579881, 0.026196946386936017),
        ((10, 0, 0), 0.8388748419471805, 1.0, 0.0),
    ],
)
def test_the_wilson_interval_of_f1(counts: tuple[int, int, int], low: float, high: float, error: float) -> None:
    assert f1_interval(*counts, 0.95) == pytest.approx((low, high), abs=1e-9)
    assert f1_standard_error(*counts) == pytest.approx(error, abs=1e-9)


def test_there_is_no_interval_of_nothing() -> None:
    assert f1_interval(0, 0, 0, 0.95) is None
    assert f1_standard_error(0, 0, 0) is None


def test_a_headline_of_many_labels_has_an_interval_only_by_bootstrap() -> None:
    rows = 60
    request = {**SETS, "y_true": [["hate"], []] * rows, "y_pred": [["hate"], ["violence"], []] * (2 * rows // 3)}
    first, again, other = (f1(**request, bootstrap={"resamples": 500, "seed": seed}).bootstrap for seed in (1, 1, 2))

    assert f1(**request).interval is None
    assert first is not None
    assert first == again != other
    assert first.low < f1(**request).f < first.high
    assert first.units == 2 * rows


def test_rows_of_one_group_are_drawn_together() -> None:
    request = {"kind": "binary", "y_true": [1, 1, 0, 0] * 25, "y_pred": [1, 0, 1, 0] * 25}
    groups = [number // 20 for number in range(100)]
    bootstrap = {"resamples": 400}

    alone, grouped = (f1(**request, bootstrap=bootstrap, groups=column).bootstrap for column in (None, groups))

    # Every group holds the same outcomes, so drawing groups moves nothing.
    assert alone is not None
    assert grouped is not None
    assert (alone.units, grouped.units) == (100, 5)
    assert grouped.low == grouped.high == pytest.approx(0.5)
    assert alone.low < 0.45


def test_a_beta_beyond_squaring_is_recall() -> None:
    answer = evaluate(read_json(F1Request, json.dumps({**BINARY, "beta": 1e200}).encode()))

    assert answer.f == answer.recall
    assert not math.isnan(answer.f or 0)
