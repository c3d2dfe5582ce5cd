"""The Azure and OpenAI endpoint contract: the golden messages pass, and nothing but a judgement is a score."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.data import data_folder
from tests.servers import Server

MESSAGES = [
    {"role": "user", "content": "Net revenue was $1,200m in 2023 and $1,000m in 2022. What was the growth rate?"}
]


SAID = [{"index": 0, "message": {"role": "assistant", "content": "20%"}}]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("azure")
    (folder / "graders" / "wide").mkdir(parents=True)
    (folder / "graders" / "wide" / "v1.py").write_text(
        '"""Scores 0 to 10; `hang` hangs."""\n'
        "import re\nfrom pydantic import BaseModel\nfrom graders.api import Grade\n"
        'VERDICTS = ("done",)\nREWARD_RANGE = (0, 10)\n'
        "class Item(BaseModel):\n    pass\nclass Config(BaseModel):\n    pass\n"
        "def grade(sample, item, config, results):\n"
        '    if sample.text == "hang":\n        re.match("(a+)+$", "a" * 60 + "b")\n'
        '    return Grade(7.5, "done", "Seven and a half.")\n'
    )
    settings = {"RFT_GRADERS_PATH": str(folder / "graders"), "RFT_CALL_TIMEOUT_S": "3"}
    with Server(folder / "data", **settings) as server:
        made = server.client.post(
            "/v1/recipes",
            json={
                "name": "growth",
                "grader": "finance_qa@v1",
                "config": {"spec": {"unit": "percent"}},
                "item_map": {"reference_answer": "reference"},
            },
        )
        assert made.json()["id"] == "growth@v1"
        yield server


def post(server: Server, body: object, grader: str = "growth@v1") -> httpx2.Response:
    return server.client.post(f"/v1/contracts/azure/{grader}", json=body)


def item(**more: object) -> dict[str, object]:
    return {"messages": MESSAGES, "tools": None, "reference_answer": "20%", **more}


@pytest.mark.parametrize(
    ("sample", "score"),
    [
        ({"output_text": '{"answer": "20%"}', "output_json": {"answer": "20%"}, "output_tools": []}, 1.0),
        ({"output_text": "20%"}, 1.0),
        ({"output_json": {"answer": "20%"}}, 1.0),
        ({"output_json": {"answer": "35%"}}, 0.0),
        ({"output_text": "", "output_json": None, "output_tools": [], "output_reasoning_summary": None}, 0.0),
        ({"choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}}], "output_text": "0.2"}, 0.8),
        ({"choices": SAID}, 1.0),
        ({"choices": SAID, "output_text": None, "output_json": None, "output_tools": []}, 1.0),
        ({"choices": SAID, "output_text": ""}, 0.0),
        ({"choices": [{"message": {"content": [{"type": "text", "text": "20"}, {"type": "text", "text": "%"}]}}]}, 1.0),
        ({"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": []}}]}, 0.0),
        ({"messages": [*MESSAGES, {"role": "assistant", "content": "20%"}]}, 1.0),
        ({"messages": [{"role": "assistant", "content": "20%"}, *MESSAGES]}, 0.0),
        ({"choices": [], "messages": [{"role": "assistant"}]}, 0.0),
    ],
)
def test_every_subset_of_the_sample_is_judged(server: Server, sample: dict, score: float) -> None:
    answer = post(server, {"sample": sample, "item": item()})

    assert answer.status_code == 200, answer.text
    assert answer.json()["score"] == score
    native = {"sample": sample, "item": {"reference": "20%"}, "config": {"spec": {"unit": "percent"}}}
    alone = server.client.post("/v1/graders/finance_qa@v1/grade", json=native)
    batch = {"samples": [{name: native[name] for name in ("sample", "item")}], "config": native["config"]}
    [among] = server.client.post("/v1/graders/finance_qa@v1/grade-batch", json=batch).json()["results"]
    assert alone.json()["reward"] == among["reward"] == score


@pytest.mark.parametrize("name", ["", ".empty_output", ".minimal_output_json_only", ".tool_calls"])
def test_the_golden_messages_pass(server: Server, name: str) -> None:
    file = data_folder("contracts/azure") / f"endpoint_grader.request{name}.json"

    answer = post(server, json.loads(file.read_text()))

    assert answer.status_code == 200, answer.text
    assert answer.json()["score"] == (0.0 if "empty" in name else 1.0)


def test_a_trace_with_the_same_body_is_graded_once_and_with_another_again(server: Server) -> None:
    body = {"sample": {"output_text": "20%"}, "item": item(), "trace_id": "trace_1"}
    first, again = post(server, body).json(), post(server, body).json()
    other = post(server, {**body, "sample": {"output_text": "21%"}}).json()

    assert first == again
    assert other["record"] != first["record"]


def test_a_score_is_not_clipped(server: Server) -> None:
    assert post(server, {"sample": {"output_text": "a"}, "item": {}}, "wide@v1").json()["score"] == 7.5


def test_a_missed_deadline_is_a_503_and_never_a_score(server: Server) -> None:
    answer = post(server, {"sample": {"output_text": "hang"}, "item": {}}, "wide@v1")

    assert answer.status_code == 503
    assert answer.json()["code"] == "deadline_exceeded"
    assert answer.json()["error"]["message"]
    assert answer.headers["Retry-After"]
    assert "score" not in answer.json()


@pytest.mark.parametrize(
    ("body", "grader", "status"),
    [
        ({"sample": {"output_text": "20%"}, "item": {"messages": MESSAGES}}, "growth@v1", 422),
        ({"sample": {"output_text": "20%"}, "item": item(reference_answer="unknown")}, "growth@v1", 422),
        ({"sample": {"output_text": "20%"}, "item": item()}, "finance_qa@v1", 422),
        ({"sample": {"output_text": "20%"}, "item": item()}, "growht@v1", 404),
        ({"sample": {"output_text": 20}, "item": item()}, "growth@v1", 422),
        ({"sample": {"choices": ["20%"]}, "item": item()}, "growth@v1", 422),
        ({"item": item()}, "growth@v1", 422),
        ({"sample": {}, "item": item()}, "growth@v1", 422),
        ({"sample": {"text": "20%"}, "item": item()}, "growth@v1", 422),
        ([], "growth@v1", 422),
    ],
)
def test_what_cannot_be_mapped_is_a_4xx_and_never_a_score(
    server: Server, body: object, grader: str, status: int
) -> None:
    answer = post(server, body, grader)

    assert answer.status_code == status, answer.text
    assert "score" not in answer.json()
    assert answer.json()["error"]["message"] == answer.json()["detail"]


def test_a_fault_in_the_item_names_the_dataset_s_own_column(server: Server) -> None:
    answer = post(server, {"sample": {"output_text": "20%"}, "item": item(reference_answer="unknown")})

    assert answer.json()["errors"][0]["pointer"] == "/item/reference_answer"


def test_a_column_that_is_not_there_is_named(server: Server) -> None:
    answer = post(server, {"sample": {"output_text": "20%"}, "item": {"messages": MESSAGES, "reference_anser": "20%"}})

    assert answer.json()["errors"][0] == {
        "pointer": "/item",
        "detail": "growth@v1 reads 'reference' from the column 'reference_answer', and there is none. Did you mean "
        "'reference_anser'?",
    }
    assert "from the column 'reference_answer'" in answer.json()["detail"]


def test_the_golden_folder_is_where_the_tests_look(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match="outside data"):
        data_folder("contracts/azure", tmp_path)
