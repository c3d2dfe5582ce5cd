"""Two runs, compared by the grades that the ledger counts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.app.test_bad_requests import assert_problem
from tests.commands.test_grade_command import rft
from tests.evaluations.asking import compared
from tests.servers import Server

PATH = "/v1/evaluations/compare-runs"
TAXONOMY = {"id": "small", "labels": [{"name": "hate"}, {"name": "violence"}, {"name": "spam"}]}
SETS = {"taxonomy": TAXONOMY, "reward": "set_f"}
FLAG = {"taxonomy": TAXONOMY, "mode": "flag", "f_ref": 0.8}
GOLD = [["hate"], [], ["hate", "violence"], [], ["violence"], []] * 4
WORSE = [["hate", "odd"], ["hate"], ["hate"], [], [], None] * 4
BETTER = [["hate"], [], ["hate", "violence"], [], ["violence"], ["hate"]] * 4
KNOWN = [None, None, None, ["hate", "violence"], None, None] * 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("service") / "data") as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def runs(server: Server) -> None:
    for name, config in (("sets", SETS), ("flag", FLAG)):
        grade(server, f"{name} worse", WORSE, config)
        grade(server, f"{name} better", BETTER, config)
    # Every item twice; what is graded again counts once.
    for rollout, said in enumerate((BETTER, WORSE)):
        grade(server, "rollouts", said, SETS, rollout=rollout)
        grade(server, "rollouts", said, SETS, rollout=rollout)
    for step, said in enumerate((WORSE, BETTER)):
        grade(server, "steps", said, SETS, step=step)
    grade(server, "short", WORSE[:-1], SETS)
    grade(server, "silent", ["abstain", *BETTER[1:]], FLAG)


def grade(server: Server, run: str, said: list[Any], config: dict[str, Any], **point: int) -> None:
    samples = [
        {
            "item": {"gold": gold, "known": known},
            "sample": output(labels),
            "run": {"item_id": f"i{number:02}", **point},
        }
        for number, (gold, labels, known) in enumerate(zip(GOLD, said, KNOWN, strict=False))
    ]
    body = {"samples": samples, "config": config, "run": {"id": run}}
    answer = server.client.post("/v1/graders/moderation_f1@v1/grade-batch", json=body)
    assert all("reward" in result for result in answer.json()["results"]), answer.text


def output(labels: Any) -> str:
    if labels is None:
        return "I had rather not say."
    return json.dumps({"abstain": True} if labels == "abstain" else {"labels": labels})


@pytest.fixture
def client(server: Server) -> httpx2.Client:
    return server.client


def asked(a: str, b: str, **more: Any) -> dict[str, Any]:
    return {"a": {"run": a}, "b": {"run": b}, **more}


@pytest.mark.parametrize("average", ["micro", "macro", "samples"])
def test_runs_are_compared_as_their_predictions_are(client: httpx2.Client, average: str) -> None:
    found = client.post(PATH, json=asked("sets worse", "sets better", average=average, seed=4)).json()

    ids = [f"i{number:02}" for number in range(24)]
    columns = {"ids": ids, "groups": ids, "y_true": GOLD, "known": KNOWN}
    expected = compared(
        kind="multilabel", labels=["hate", "violence", "spam"], average=average, seed=4,
        a={**columns, "y_pred": WORSE}, b={**columns, "y_pred": BETTER},
    )  # fmt: skip
    for name in ("randomization", "bootstrap", "mcnemar", "difference", "needed_positives", "labels"):
        assert found[name] == json.loads(expected.model_dump_json())[name]
    counts = {key: {name: found[key]["counts"][name] for name in ("tp", "fp", "fn", "tn")} for key in "ab"}
    assert counts["a"] == {"tp": 8, "fp": 12, "fn": 8, "tn": 36}
    assert found["verdict"] == "improved"
    assert (found["a"]["name"], found["a"]["version"]) == ("sets worse", found["b"]["version"])


def test_flags_are_compared_as_flags(client: httpx2.Client) -> None:
    found = client.post(PATH, json=asked("flag worse", "flag better")).json()

    assert (found["kind"], found["average"], found["rows"]) == ("flag", "binary", 24)
    # What could not be read is a false alarm on a benign row, as in the grades.
    assert {name: found["a"]["counts"][name] for name in ("tp", "fp", "fn")} == {"tp": 8, "fp": 8, "fn": 4}
    assert {name: found["b"]["counts"][name] for name in ("tp", "fp", "fn")} == {"tp": 12, "fp": 4, "fn": 0}


def test_rollouts_of_an_item_are_one_unit_and_superseded_grades_do_not_count(client: httpx2.Client) -> None:
    found = client.post(PATH, json=asked("rollouts", "rollouts")).json()

    assert (found["rows"], found["units"], found["verdict"]) == (48, 24, "not_distinguishable")


def test_two_steps_of_one_run(client: httpx2.Client) -> None:
    body = {"a": {"run": "steps", "step": 0}, "b": {"run": "steps", "step": 1, "grader": "moderation_f1@v1"}}

    assert client.post(PATH, json=body).json()["verdict"] == "improved"
    refused = client.post(PATH, json=asked("steps", "steps"))
    assert_problem(refused, 422, "invalid_evaluation")
    assert refused.json()["errors"][0]["pointer"] == "/a/step"
    absent = client.post(PATH, json={**body, "b": {"run": "steps", "step": 9}}).json()
    assert "at step 9; it holds grades by moderation_f1@v1 at steps 0, 1." in absent["detail"]
    assert absent["errors"][0]["pointer"] == "/b/step"


def test_a_sample_of_which_one_run_abstains_is_left_out_of_both(client: httpx2.Client) -> None:
    for pair in (("silent", "flag better"), ("flag better", "silent")):
        found = client.post(PATH, json=asked(*pair)).json()

        assert found["rows"] == 23
        assert "1 samples left out" in {one["code"]: one["detail"] for one in found["warnings"]}["abstained"]


def test_grades_of_one_item_that_name_no_rollout_are_said_to_be_left_out(server: Server) -> None:
    for said in (WORSE, BETTER):
        grade(server, "unnumbered", said, SETS)
    found = server.client.post(PATH, json=asked("unnumbered", "sets better")).json()

    assert found["rows"] == 24
    assert "24 grades left out" in {one["code"]: one["detail"] for one in found["warnings"]}["no_rollout"]


@pytest.mark.parametrize(
    ("a", "b", "status", "code"),
    [
        ("sets worse", "short", 422, "ids_differ"),
        ("sets worse", "flag better", 422, "versions_differ"),
        ("sets worse", "nobody's", 404, "unknown_run"),
    ],
)
def test_runs_that_cannot_be_compared(client: httpx2.Client, a: str, b: str, status: int, code: str) -> None:
    assert_problem(client.post(PATH, json=asked(a, b)), status, code)


def test_a_run_of_another_grader_or_without_items(server: Server, client: httpx2.Client) -> None:
    item = {"item": {"reference": "94"}, "sample": "94", "run": {"id": "finance", "item_id": "q"}}
    assert client.post("/v1/graders/finance_qa@v1/grade", json=item).status_code == 200
    loose = {"item": {"gold": []}, "sample": '{"labels": []}', "config": SETS, "run": {"id": "loose"}}
    assert client.post("/v1/graders/moderation_f1@v1/grade", json=loose).status_code == 200

    other = client.post(PATH, json=asked("finance", "sets worse"))
    assert_problem(other, 422, "invalid_evaluation")
    assert other.json()["errors"][0]["pointer"] == "/a/run"
    assert "holds grades by finance_qa@v1" in other.json()["detail"]
    assert "/v1/run-comparison" in other.json()["detail"]
    assert_problem(client.post(PATH, json=asked("sets worse", "loose")), 422, "invalid_evaluation")


def test_a_run_that_was_judged_by_two_graders_asks_which(client: httpx2.Client) -> None:
    recipe = {"name": "strict", "grader": "moderation_f1@v1", "config": SETS}
    assert client.post("/v1/recipes", json=recipe).status_code in {200, 201}
    for id, config in (("strict@v1", None), ("moderation_f1@v1", SETS)):
        body = {"item": {"gold": []}, "sample": '{"labels": []}', "run": {"id": "two", "item_id": "q"}}
        graded = client.post(f"/v1/graders/{id}/grade", json=body | ({"config": config} if config else {}))
        assert graded.status_code == 200

    refused = client.post(PATH, json=asked("two", "two"))

    assert_problem(refused, 422, "invalid_evaluation")
    assert refused.json()["errors"][0]["pointer"] == "/a/grader"
    chosen = {"run": "two", "grader": "strict@v1"}
    assert client.post(PATH, json={"a": chosen, "b": chosen}).json()["rows"] == 1


def test_the_command_line_compares_runs_too(server: Server, tmp_path: Path) -> None:
    data = {"RFT_DATA_DIR": str(server.data_dir)}

    shown, _ = rft("compare", "sets worse", "sets better", "--average", "micro", "--seed", "4", "--json", **data)
    table, notes = rft("compare", "flag better", "silent", **data)
    _, errors = rft("compare", "sets worse", "nobody's", expect=2, **data)

    over_http = server.client.post(PATH, json=asked("sets worse", "sets better", average="micro", seed=4)).json()
    assert json.loads(shown) == over_http
    assert "23 samples, flag, average binary" in table
    assert "1 samples left out" in notes
    assert "nobody's" in errors
