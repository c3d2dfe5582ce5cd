"""F1 of a file of predictions, and the comparison of two files."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.test_grade_command import PROJECT, rft
from tests.evaluations.asking import compared, f1

BINARY = [(1, 1), (1, 0), (0, 1), (0, 0), (1, 1)]


def written(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return file


def binary(file: Path, pred: list[Any] | None = None, **more: Any) -> Path:
    pred = [right for _, right in BINARY] if pred is None else pred
    rows = [
        {"id": f"q{number}", "y_true": gold, "y_pred": one, "text": "carried by the file, not read", **more}
        for number, ((gold, _), one) in enumerate(zip(BINARY, pred, strict=True))
    ]
    return written(file, rows)


def test_a_file_is_evaluated_as_over_http(tmp_path: Path) -> None:
    shown, _ = rft("f1", "--input", binary(tmp_path / "p.jsonl"), "--json", "--bootstrap", "200", "--seed", "3")

    gold, pred = (list(column) for column in zip(*BINARY, strict=True))
    expected = f1(kind="binary", y_true=gold, y_pred=pred, bootstrap={"resamples": 200, "seed": 3})
    assert json.loads(shown) == json.loads(expected.model_dump_json())


def test_the_table_shows_the_headline_the_labels_and_the_warnings(tmp_path: Path) -> None:
    shown, errors = rft("f1", "--input", binary(tmp_path / "p.jsonl"))

    assert "5 rows, binary, average binary" in shown
    assert "0.6667" in shown
    assert "always_positive" in shown
    assert "not_above_trivial" in errors


def test_the_level_of_an_interval_is_not_rounded(tmp_path: Path) -> None:
    shown, _ = rft("f1", "--input", binary(tmp_path / "p.jsonl"), "--level", "0.995")

    assert "99.5% interval" in shown


def test_sets_masks_and_declared_labels(tmp_path: Path) -> None:
    rows = [{"gold": ["hate"], "said": ["hate", "odd"]}, {"gold": [], "said": ["violence"], "known": ["hate"]}]
    file = written(tmp_path / "p.jsonl", rows)

    shown, _ = rft(
        "f1", "--input", file, "--y-true", "gold", "--y-pred", "said", "--label", "hate", "--label", "violence",
        "--unknown", "drop", "--beta", "2", "--average", "macro", "--zero-division", "nan", "--json",
    )  # fmt: skip

    answer = json.loads(shown)
    assert (answer["kind"], answer["labels"], answer["beta"], answer["f"]) == ("multilabel", ["hate", "violence"], 2, 1)
    assert answer["per_label"][1]["f"] is None


def test_a_file_of_numbers_with_gaps_as_other_programs_write_it(tmp_path: Path) -> None:
    lines = ['{"y_true": [7.0], "y_pred": [7, 8]}', '{"y_true": [], "y_pred": null}']
    (tmp_path / "p.jsonl").write_text("\ufeff" + "\r\n".join(lines))

    shown, _ = rft("f1", "--input", tmp_path / "p.jsonl", "--label", "7", "--label", "8", "--json")

    answer = json.loads(shown)
    assert (answer["kind"], answer["labels"]) == ("multilabel", [7, 8])
    assert [answer["counts"][name] for name in ("tp", "fp", "fn", "invalid")] == [1, 2, 0, 1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"y_true": 1, "y_pred": 1}\n\nnot json', "line 3 is not JSON"),
        ('{"y_true": 1, "y_pred": NaN}', "write null, not NaN"),
        ('{"y_true": 1}', "line 1 has no 'y_pred'; it has 'y_true'"),
        ("[1]", "line 1: wanted an object"),
        ('{"y_true": 1, "y_pred": 1}\n\n{"y_true": 1, "y_pred": 2}', "p.jsonl, line 3, y_pred: 2 is not 0 or 1"),
        ("", "Wanted one row or more"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "p.jsonl").write_text(text)

    _, errors = rft("f1", "--input", tmp_path / "p.jsonl", expect=2)

    assert said in errors.replace("\n", " ")


def test_a_convention_that_does_not_exist(tmp_path: Path) -> None:
    _, errors = rft("f1", "--input", binary(tmp_path / "p.jsonl"), "--average", "samples", expect=2)

    assert "average_not_applicable" in errors
    _, errors = rft("f1", "--input", binary(tmp_path / "p.jsonl"), "--beta", "two", expect=2)
    assert "bad_beta" in errors


def test_two_files_are_compared_as_over_http(tmp_path: Path) -> None:
    a = binary(tmp_path / "a.jsonl", version="v1")
    b = binary(tmp_path / "b.jsonl", [1, 1, 0, 0, 1], version="v1")

    shown, _ = rft("compare", a, b, "--json", "--seed", "5", "--unpaired")

    sides = {}
    for key, pred in (("a", [right for _, right in BINARY]), ("b", [1, 1, 0, 0, 1])):
        ids = [f"q{number}" for number in range(5)]
        sides[key] = {"ids": ids, "y_true": [gold for gold, _ in BINARY], "y_pred": pred, "version": "v1"}
    sides["a"]["name"], sides["b"]["name"] = "a.jsonl", "b.jsonl"
    expected = compared(kind="binary", seed=5, unpaired=True, **sides)
    assert json.loads(shown) == json.loads(expected.model_dump_json())
    table, _ = rft("compare", a, b)
    assert "not_distinguishable" in table
    assert "randomization" in table


def test_one_file_may_hold_both_systems(tmp_path: Path) -> None:
    rows = [{"id": n, "gold": n % 2, "before": n % 3 == 0, "after": n % 2} for n in range(60)]
    file = written(tmp_path / "p.jsonl", rows)

    shown, _ = rft("compare", file, file, "--y-true", "gold", "--y-pred", "before", "--y-pred-b", "after")

    assert "improved" in shown


@pytest.mark.parametrize(
    ("change", "code"),
    [({"y_true": 0}, "gold_differs"), ({"id": "q9"}, "ids_differ"), ({"version": "v2"}, "versions_differ")],
)
def test_files_that_cannot_be_compared(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    rows = [{"id": "q1", "y_true": 1, "y_pred": 1, "version": "v1"}]
    a, b = written(tmp_path / "a.jsonl", rows), written(tmp_path / "b.jsonl", [rows[0] | change])

    _, errors = rft("compare", a, b, expect=2)

    assert code in errors


def test_predictions_of_several_versions_in_one_file(tmp_path: Path) -> None:
    rows = [{"id": n, "y_true": 1, "y_pred": 1, "version": f"v{n}"} for n in range(2)]

    _, errors = rft("compare", *[written(tmp_path / "a.jsonl", rows)] * 2, expect=2)

    assert "several versions: v0, v1" in errors


def test_the_examples_of_the_readme(tmp_path: Path) -> None:
    files = [PROJECT / f"examples/moderation_{name}.jsonl" for name in ("before", "after")]

    shown, hint = rft("f1", "--input", files[0])
    verdict, _ = rft("compare", *files)

    assert "24 rows, multilabel, average micro" in shown
    assert "1 predictions null" in shown
    assert "An interval of this F needs a bootstrap: --bootstrap 2000." in hint
    assert "interval" not in verdict
    assert "improved" in verdict


def test_a_file_that_cannot_be_read_is_told_with_what_was_wanted(tmp_path: Path) -> None:
    _, errors = rft("f1", "--input", tmp_path / "no.jsonl", expect=2)

    assert f"{tmp_path}/no.jsonl: No such file or directory. Wanted a file of JSON lines" in errors
