"""Evaluations over HTTP: answers, refusals, and what they leave alone."""

import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.contracts.evaluations import _COMPARE_EXAMPLES, _F1_EXAMPLES
from tests.app.test_bad_requests import assert_problem
from tests.servers import Server

F1, COMPARE = "/v1/evaluations/f1", "/v1/evaluations/compare"
BINARY = {"kind": "binary", "y_true": [1, 0, 1], "y_pred": [1, 1, 0]}


def heavy(swaps: int = 10_000) -> dict[str, Any]:
    """A comparison that takes a second or more: many labels under macro."""
    ids, labels = list(range(2000)), [f"label {number}" for number in range(40)]
    gold = [[labels[id % 40]] for id in ids]
    sides = {
        key: {"ids": ids, "y_true": gold, "y_pred": [[labels[id * step % 40]] for id in ids]}
        for key, step in (("a", 3), ("b", 7))
    }
    return {"kind": "multilabel", "labels": labels, "average": "macro", "swaps": swaps, **sides}


@pytest.mark.parametrize("name", _F1_EXAMPLES)
def test_every_example_of_an_evaluation_can_be_sent(client: httpx2.Client, name: str) -> None:
    answer = client.post(F1, json=_F1_EXAMPLES[name])

    assert answer.status_code == 200, answer.text
    assert 0 < answer.json()["f"] < 1


@pytest.mark.parametrize("name", _COMPARE_EXAMPLES)
def test_every_example_of_a_comparison_can_be_sent(client: httpx2.Client, name: str) -> None:
    answer = client.post(COMPARE, json=_COMPARE_EXAMPLES[name])

    assert answer.status_code == 200, answer.text
    assert answer.json()["verdict"] == "not_distinguishable"


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"beta": -1}, "bad_beta", "/beta"),
        ({"average": "samples"}, "average_not_applicable", "/average"),
        ({"y_pred": [1]}, "length_mismatch", "/y_pred"),
        ({"y_true": [], "y_pred": []}, "empty_batch", "/y_true"),
        ({"y_true": [1, 0, "x"]}, "bad_label", "/y_true/2"),
        ({"knd": 1}, "invalid_evaluation", "/knd"),
    ],
)
def test_a_refusal_is_a_problem_with_a_code_and_a_pointer(
    client: httpx2.Client, change: dict[str, Any], code: str, pointer: str
) -> None:
    answer = client.post(F1, json={**BINARY, **change})

    assert_problem(answer, 422, code)
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert answer.json()["retryable"] is False


def test_sides_that_cannot_be_compared(client: httpx2.Client) -> None:
    side = {"ids": ["x"], "y_true": [1], "y_pred": [1]}

    answer = client.post(COMPARE, json={"kind": "binary", "a": side, "b": {**side, "ids": ["y"]}})

    assert_problem(answer, 422, "ids_differ")
    assert [place["pointer"] for place in answer.json()["errors"]] == ["/a/ids/0", "/b/ids/0"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"kind": "binary", "beta": NaN}'])
def test_what_is_no_json_object(client: httpx2.Client, body: bytes) -> None:
    for path in (F1, COMPARE):
        answer = client.post(path, content=body, headers={"Content-Type": "application/json"})

        assert_problem(answer, 422, "invalid_evaluation")


def test_a_label_cut_inside_an_emoji_is_a_label(client: httpx2.Client) -> None:
    body = b'{"kind": "multiclass", "y_true": ["a", "b"], "y_pred": ["a", "b\\ud83d"]}'

    answer = client.post(F1, content=body, headers={"Content-Type": "application/json"})

    assert answer.json()["labels"] == ["a", "b", "b\ufffd"]


def test_undefined_is_null(client: httpx2.Client) -> None:
    answer = client.post(F1, json={"kind": "binary", "y_true": [0], "y_pred": [0], "zero_division": "nan"})

    assert answer.json()["f"] is None
    assert "/f" in answer.json()["undefined"]
    assert "NaN" not in answer.text


def test_grading_goes_on_while_an_evaluation_runs(server: Server, client: httpx2.Client) -> None:
    done = threading.Event()

    def evaluate() -> None:
        with httpx2.Client(base_url=server.url, timeout=60) as other:
            assert other.post(COMPARE, json=heavy()).status_code == 200
        done.set()

    thread = threading.Thread(target=evaluate)
    thread.start()
    graded = 0
    while not done.is_set():
        answer = client.post("/v1/graders/moody@v1/grade", json={"item": {"n": 1}, "sample": "a"})
        assert answer.status_code == 200
        graded += 1
    thread.join()

    assert graded > 50


def test_an_evaluation_past_the_deadline_ends_and_the_next_one_is_answered(tmp_path: Path) -> None:
    with Server(tmp_path / "data", RFT_DEADLINE_S="5") as server:
        late = server.client.post(COMPARE, json=heavy(swaps=100_000))
        after = server.client.post(F1, json=BINARY)

    assert_problem(late, 504, "deadline_exceeded")
    assert after.status_code == 200


def test_an_evaluation_that_is_too_large_for_its_process_fails_alone(tmp_path: Path) -> None:
    rows = 400_000
    with Server(tmp_path / "data", RFT_WORKER_MEMORY_MIB="128") as server:
        body = {"kind": "multilabel", "y_true": [["a"]] * rows, "y_pred": [["a", "b"]] * rows}
        large = server.client.post(F1, json=body)
        after = server.client.post(F1, json=BINARY)

    assert_problem(large, 500, "internal_error")
    assert after.status_code == 200
