"""Whatever scikit-learn 1.9.1 computes, we compute: 5,000 random corpora under every convention."""

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import multilabel_confusion_matrix, precision_recall_fscore_support

from evaluations.f1 import evaluate
from evaluations.requests import F1Request, read

TOLERANCE = 1e-9
LABELS = ["a", "b", "c", "d"]
UNKNOWN = ["?", "!"]


def differential(examples: int):
    """A property that runs on so many examples."""
    return settings(max_examples=examples, suppress_health_check=list(HealthCheck))


def columns(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=8)


def one_class_too(labels: list[Any]) -> st.SearchStrategy[list[Any]]:
    """A column in which now and then only some of the labels occur."""
    return st.sampled_from([*([label] for label in labels), labels, labels]).flatmap(
        lambda some: columns(st.sampled_from(some))
    )


CONVENTIONS = st.fixed_dictionaries(
    {"beta": st.sampled_from([0, 0.5, 1, 2, "inf"]), "zero_division": st.sampled_from([0, 1, "nan"])}
)
ONE_OF_TWO = st.sampled_from(["binary", "micro", "macro", "weighted", "none"])
ONE_OF_MANY = st.sampled_from(["micro", "macro", "weighted", "none"])
ANY_OF_MANY = st.sampled_from(["micro", "macro", "weighted", "samples", "none"])
FP_OR_DROP = st.sampled_from(["fp", "drop"])
SETS = columns(st.lists(st.sampled_from(LABELS), unique=True, max_size=3))
SETS_WITH_UNKNOWN = columns(st.lists(st.sampled_from(LABELS + UNKNOWN), unique=True, max_size=3))


@differential(1500)
@given(one_class_too([0, 1]), one_class_too([0, 1]), st.booleans(), st.booleans(), ONE_OF_TWO, CONVENTIONS)
def test_binary(gold, pred, is_text: bool, is_turned: bool, average: str, more: dict[str, Any]) -> None:
    gold, pred = same_length(gold, pred)
    labels: list[Any] = [0, 1]
    if is_text:
        labels = ["no", "yes"]
        gold, pred = ([labels[value] for value in column] for column in (gold, pred))
    request = {**more, "kind": "binary", "labels": labels, "pos_label": labels[not is_turned], "average": average}

    answer = answered(request, gold, pred)

    # scikit-learn's average="binary" is one label's; it refuses a pos_label that does not occur beside two that do.
    chosen = [request["pos_label"]] if average == "binary" else labels
    expected = oracle(gold, pred, request, labels=chosen, average="macro" if average == "binary" else average)
    assert_equal(answer, expected, average)
    if average == "none":
        assert_tables(answer, multilabel_confusion_matrix(gold, pred, labels=labels))


@differential(250)
@given(one_class_too([0, 1]), one_class_too([0, 1]), ONE_OF_TWO, CONVENTIONS)
def test_binary_with_scikit_learns_own_defaults(gold, pred, average: str, more: dict[str, Any]) -> None:
    gold, pred = same_length(gold, pred)
    request = {**more, "kind": "binary", "average": average}

    answer = answered(request, gold, pred)

    assert_equal(answer, oracle(gold, pred, request, average=average), average)


@differential(1400)
@given(one_class_too(LABELS), one_class_too(LABELS + UNKNOWN), FP_OR_DROP, ONE_OF_MANY, CONVENTIONS)
def test_multiclass_with_unknown_predictions(gold, pred, unknown: str, average: str, more: dict[str, Any]) -> None:
    gold, pred = same_length(gold, pred)
    request = {**more, "kind": "multiclass", "labels": LABELS, "unknown": unknown, "average": average}

    answer = answered(request, gold, pred)

    # As labels of their own, unknown predictions are false positives of the micro average.
    labels = LABELS + UNKNOWN if unknown == "fp" and average == "micro" else LABELS
    assert_equal(answer, oracle(gold, pred, request, labels=labels, average=average), average)
    if average == "none":
        assert_tables(answer, multilabel_confusion_matrix(gold, pred, labels=LABELS))


@differential(250)
@given(one_class_too([3, 1, 2]), one_class_too([3, 1, 2]), ONE_OF_MANY, CONVENTIONS)
def test_multiclass_with_labels_taken_from_the_data(gold, pred, average: str, more: dict[str, Any]) -> None:
    gold, pred = same_length(gold, pred)
    request = {**more, "kind": "multiclass", "average": average}

    answer = answered(request, gold, pred)

    assert answer["labels"] == sorted({*gold, *pred})
    assert_equal(answer, oracle(gold, pred, request, average=average), average)


@differential(1400)
@given(SETS, SETS_WITH_UNKNOWN, FP_OR_DROP, ANY_OF_MANY, CONVENTIONS)
def test_multilabel_with_empty_sets_and_unknown_labels(
    gold, pred, unknown: str, average: str, more: dict[str, Any]
) -> None:
    gold, pred = same_length(gold, pred)
    request = {**more, "kind": "multilabel", "labels": LABELS, "unknown": unknown, "average": average}

    answer = answered(request, gold, pred)

    labels = LABELS + UNKNOWN if unknown == "fp" and average in {"micro", "samples"} else LABELS
    expected = oracle(indicator(gold, labels), indicator(pred, labels), request, average=average)
    assert_equal(answer, expected, average)
    if average == "none":
        assert_tables(answer, multilabel_confusion_matrix(indicator(gold, LABELS), indicator(pred, LABELS)))


@differential(300)
@given(SETS, SETS, CONVENTIONS)
def test_a_flag_is_the_binary_question_whether_any_label_is_there(gold, pred, more: dict[str, Any]) -> None:
    gold, pred = same_length(gold, pred)
    request = {**more, "kind": "flag", "labels": LABELS}

    answer = answered(request, gold, pred)

    flagged = [[int(bool(value)) for value in column] for column in (gold, pred)]
    assert_equal(answer, oracle(*flagged, request, average="binary"), "binary")


def same_length(*found: list[Any]) -> list[list[Any]]:
    rows = max(map(len, found))
    return [(column * rows)[:rows] for column in found]


def answered(request: dict[str, Any], gold: list[Any], pred: list[Any]) -> dict[str, Any]:
    answer = evaluate(read(F1Request, request | {"y_true": gold, "y_pred": pred}))
    return answer.model_dump()


def indicator(column: list[list[str]], labels: list[str]) -> list[list[int]]:
    return [[int(label in row) for label in labels] for row in column]


def oracle(gold: Any, pred: Any, request: dict[str, Any], average: str, **more: Any) -> Any:
    zero = request["zero_division"]
    return precision_recall_fscore_support(
        gold,
        pred,
        beta=math.inf if request["beta"] == "inf" else request["beta"],
        zero_division=math.nan if zero == "nan" else zero,
        average=None if average == "none" else average,
        **more,
    )


def assert_equal(answer: dict[str, Any], expected: Any, average: str) -> None:
    if average == "none":
        for name, values in zip(("precision", "recall", "f", "support"), expected, strict=True):
            found = [table[name] for table in answer["per_label"]]
            assert [number(value) for value in found] == pytest.approx(list(values), abs=TOLERANCE, nan_ok=True)
    else:
        found = [number(answer[name]) for name in ("precision", "recall", "f")]
        assert found == pytest.approx(expected[:3], abs=TOLERANCE, nan_ok=True)


def number(value: float | None) -> float:
    return math.nan if value is None else value


def assert_tables(answer: dict[str, Any], expected: Any) -> None:
    tables = [[[table["tn"], table["fp"]], [table["fn"], table["tp"]]] for table in answer["per_label"]]
    assert tables == expected.tolist()
