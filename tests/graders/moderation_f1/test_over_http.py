"""moderation_f1 as a trainer meets it: recipes, errors with pointers, groups."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.graders.moderation_f1.grading import DEMO
from tests.servers import Server

CONFIG = {"mode": "flag", "format": "yes_no", "f_ref": 0.86}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    with Server(tmp_path_factory.mktemp("moderation") / "data") as server:
        yield server.client


def post(client: httpx2.Client, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    answer = client.post(f"/v1/graders/{path}", json=body)
    return answer.status_code, answer.json()


def test_a_recipe_grades_a_whole_dataset_row(client: httpx2.Client) -> None:
    row = {"gold": ["S10"], "text": "...", "annotators": 3}

    status, found = post(client, "llama_guard_3@v1/grade", {"item": row, "sample": "unsafe\nS1,S10"})

    assert status == 200
    assert (found["reward"], found["verdict"]) == (pytest.approx(2 / 3), "partial")
    assert found["details"]["labels"] == ["Violent Crimes", "Hate"]


def test_a_bad_gold_label_is_422_with_its_code_and_place(client: httpx2.Client) -> None:
    body = {"item": {"gold": ["hate", "bogus"]}, "sample": "none", "config": {"taxonomy": DEMO, "reward": "set_f"}}

    status, found = post(client, "moderation_f1@v1/grade", body)

    assert (status, found["code"]) == (422, "invalid_item")
    assert found["errors"][0]["pointer"] == "/item/gold/1"
    assert found["errors"][0]["detail"].startswith("unknown_gold_label: 'bogus'")


def test_a_taxonomy_in_the_request_is_pointed_into(client: httpx2.Client) -> None:
    config = {"taxonomy": {"labels": [{"name": "hate"}, {"nam": "spam"}]}, "reward": "set_f"}

    status, found = post(client, "moderation_f1@v1/grade", {"item": {"gold": []}, "sample": "none", "config": config})

    assert (status, found["code"]) == (422, "invalid_config")
    assert "/config/taxonomy/labels/1/name" in [error["pointer"] for error in found["errors"]]


def group(client: httpx2.Client, *said: tuple[str, int, Any, str], **credit: Any) -> tuple[int, Any]:
    samples = [
        {"item": {"gold": gold}, "sample": output, "run": {"item_id": item_id, "rollout": rollout}}
        for item_id, rollout, gold, output in said
    ]
    return post(client, "moderation_f1@v1/grade-group", {"samples": samples, "config": CONFIG, "credit": credit})


SQUARE = [("a", 0, True, "Yes"), ("a", 1, True, "No"), ("b", 0, False, "Yes"), ("b", 1, False, "No")]


def test_a_group_shares_the_f_of_each_rollout(client: httpx2.Client) -> None:
    status, found = group(client, *SQUARE, kind="team")

    assert status == 200
    assert [one["reward"] for one in found["results"]] == pytest.approx([2 / 3, 0, 2 / 3, 0])
    assert [one["sub_rewards"]["own"] for one in found["results"]] == pytest.approx([1, 0, 1 - 0.86 / 1.14, 1])
    assert [one["f"] for one in found["group"]["corpora"]] == pytest.approx([2 / 3, 0])


def test_a_row_that_cannot_be_graded_takes_its_item_out_and_the_block_says_so(client: httpx2.Client) -> None:
    status, found = group(client, *SQUARE, ("c", 0, "bogus", "Yes"), ("c", 1, True, "Yes"))

    assert status == 200
    assert found["group"]["excluded"] == ["c"]
    assert [one["error"]["code"] for one in found["results"][4:]] == ["invalid_item", "not_credited"]
    assert [one["reward"] for one in found["results"][:4]] == pytest.approx([2 / 3, 0, 2 / 3, 0])


def test_a_corpus_of_one_is_422(client: httpx2.Client) -> None:
    status, found = group(client, SQUARE[0], SQUARE[1], kind="marginal")

    assert (status, found["code"]) == (422, "invalid_credit")
    assert found["errors"][0]["detail"].startswith("corpus_too_small")
