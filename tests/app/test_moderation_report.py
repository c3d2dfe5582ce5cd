"""The moderation report over HTTP and at the command line, out of what two replicas recorded in one database."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from sklearn.metrics import f1_score

from tests.servers import Server

ID = "moderation_f1@v1"
CONFIG = {"taxonomy": "openai-omni-2024", "reward": "set_f"}
LABELS = ("hate", "violence")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One database for every service of this module."""
    if request.param == "postgresql":
        return {"RFT_DATABASE_URL": request.getfixturevalue("postgres").new_database()}
    return {"RFT_DATABASE_URL": f"sqlite:///{tmp_path_factory.mktemp('moderation') / 'ledger.sqlite3'}"}


@pytest.fixture(scope="module")
def client(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    with Server(tmp_path_factory.mktemp("one"), **settings) as server:
        yield server.client


@pytest.fixture(scope="module")
def replica(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A second service on the same database."""
    with Server(tmp_path_factory.mktemp("two"), **settings) as server:
        yield server.client


def sample(gold: list[str], said: object, item_id: str | None, rollout: int | None = 0, **run: object) -> dict:
    text = said if isinstance(said, str) else json.dumps({"labels": said})
    return {"item": {"gold": gold}, "sample": text, "run": {"item_id": item_id, "rollout": rollout, **run}}


def send(client: httpx2.Client, run: str, samples: list[dict], id: str = ID, config: dict | None = CONFIG) -> None:
    body = {"samples": samples, "run": {"id": run, "step": 1}} | ({"config": config} if config else {})
    answer = client.post(f"/v1/graders/{id}/grade-batch", json=body)
    assert answer.status_code == 200, answer.text


def reports(client: httpx2.Client, run: str, **params: object) -> list[dict]:
    answer = client.get(f"/v1/runs/{run}/moderation", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict] = answer.json()["reports"]
    return found


@pytest.mark.parametrize("prefix", ["", "/k/any-key"])
def test_a_run_may_end_like_the_route_of_its_report(client: httpx2.Client, prefix: str) -> None:
    send(client, "ends/moderation", [sample(["hate"], ["hate"], "a")])
    run, report = f"{prefix}/v1/runs/ends%2Fmoderation", f"{prefix}/v1/runs/ends%2Fmoderation/moderation"

    assert client.get(run).json()["run"] == "ends/moderation"
    assert client.get(run).json()["graders"][0]["grader"] == ID
    assert len(client.get(report).json()["reports"]) == 1
    assert client.get(f"{prefix}/v1/runs/ends/moderation/moderation").json() == client.get(report).json()
    assert client.get(f"{prefix}/v1/runs/ends/moderation").json()["code"] == "unknown_run"


def test_two_replicas_report_one_run(client: httpx2.Client, replica: httpx2.Client) -> None:
    gold = [["hate"], [], ["violence"], ["hate", "violence"], [], ["hate"]] * 10
    said = [["hate"], [], ["hate"], ["hate"], ["violence"], []] * 10
    judged = [sample(*pair, f"q{number}") for number, pair in enumerate(zip(gold, said, strict=True))]
    for index, one in enumerate(judged):
        send((client, replica)[index % 2], "shared", [one])

    [first], [second] = (reports(one, "shared", bootstrap=200, seed=1) for one in (client, replica))

    assert first == second
    truth, guess = ([[label in one for label in LABELS] for one in side] for side in (gold, said))
    for average in ("micro", "samples", "weighted"):
        assert first[average]["f"] == pytest.approx(f1_score(truth, guess, average=average, zero_division=0))
    # Macro is over the declared taxonomy, of which 11 labels never occur.
    assert first["macro"]["f"] == pytest.approx(f1_score(truth, guess, average="macro") * 2 / 13)
    assert first["macro_supported"] == pytest.approx(f1_score(truth, guess, average="macro"))
    flags = f1_score([bool(one) for one in gold], [bool(one) for one in said])
    assert first["flag"]["f"] == pytest.approx(flags)
    assert first["suggested_f_ref"] == first["micro"]["f"]
    assert (first["n"], first["coverage"], first["parse_fail_rate"]) == (60, 1.0, 0.0)
    assert first["micro"]["bootstrap"]["units"] == 60
    assert first["flag"]["wilson"]["low"] < flags < first["flag"]["wilson"]["high"]
    assert len(first["labels"]) == len(first["per_label"]) == 13


def test_the_last_grade_of_an_attempt_counts_whatever_replica_made_it(
    client: httpx2.Client, replica: httpx2.Client
) -> None:
    send(client, "again", [sample(["hate"], [], "q1"), sample(["hate"], ["hate"], "q2")])
    send(replica, "again", [sample(["hate"], ["hate"], "q1"), sample(["hate"], ["hate"], "q1", 1)])
    send(client, "again", [sample(["hate"], [], None), sample(["hate"], [], None)])

    [found] = reports(client, "again")

    assert (found["n"], found["superseded"]) == (5, 1)
    assert (found["counts"]["tp"], found["counts"]["fn"]) == (3, 2)
    assert found["flag"]["jackknife"]["units"] == 4


def test_what_was_not_judged_is_outside_and_what_was_not_read_inside(client: httpx2.Client) -> None:
    send(client, "faults", [
        sample(["hate"], ["hate"], "q1"), sample([], "oops", "q2"), sample(["nonsense"], ["hate"], "q3"),
        sample([], '{"abstain": true}', "q4"), sample([], ["hate", "spoof", "spoof"], "q5"),
    ])  # fmt: skip

    [found] = reports(client, "faults")

    assert (found["n"], found["unscored"]) == (4, {"invalid_item": 1})
    assert (found["parse_failed"], found["parse_errors"], found["abstained"]) == (1, {"bad_json": 1}, 1)
    assert (found["parse_fail_rate"], found["coverage"]) == (0.25, 0.75)
    assert found["counts"] == {"tp": 1, "fp": 3, "fn": 0, "tn": 12 + 12, "unknown": 1, "invalid": 1}
    assert found["unknown_names"] == [{"name": "spoof", "samples": 1}]


def test_taxonomies_modes_and_graders_are_never_pooled(client: httpx2.Client) -> None:
    recipe = {"name": "pooled", "grader": ID, "config": CONFIG}
    made = client.post("/v1/recipes", json=recipe).json()
    one = [sample(["hate"], ["hate"], "q1")]
    send(client, "apart", one)
    send(client, "apart", one, config={**CONFIG, "taxonomy": "openai-moderation-2022"})
    send(client, "apart", one, config={**CONFIG, "mode": "flag"})
    send(client, "apart", one, id=made["id"], config=None)
    send(client, "apart", [{"item": {"reference": "94"}, "sample": "94"}], id="finance_qa@v1", config=None)

    found = reports(client, "apart")

    assert len({(one["grader"], one["digest"], one["taxonomy_hash"], one["mode"]) for one in found}) == len(found)
    assert {one["grader"] for one in found} == {ID, made["id"]}
    assert all(one["n"] == 1 for one in found)


def test_a_group_s_grades_are_counted_by_what_was_said(client: httpx2.Client) -> None:
    members = [
        sample(["hate"], said, f"q{item}", rollout) for item in range(4) for rollout, said in enumerate((["hate"], []))
    ]
    body = {"samples": members, "config": CONFIG, "credit": {"kind": "team"}, "run": {"id": "credited", "step": 1}}
    answer = client.post(f"/v1/graders/{ID}/grade-group", json=body).json()

    [found] = reports(client, "credited")

    assert [result["reward"] for result in answer["results"]] == [1.0, 0.0] * 4
    assert (found["n"], found["micro"]["f"]) == (8, pytest.approx(2 / 3))


def test_the_command_line_reports_the_same(client: httpx2.Client, settings: dict[str, str], tmp_path: Path) -> None:
    sent = [sample(["hate"], ["hate"], "q1"), sample(["hate"], ["violence"], "q2"), sample(["haet"], ["hate"], "q3")]
    send(client, "at-the-shell", sent)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RFT_")}
    environment |= {"COLUMNS": "200", "RFT_DATA_DIR": str(tmp_path), **settings}

    def runs(*arguments: str, expect: int = 0) -> str:
        command = [sys.executable, "-m", "app.cli", "runs", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    found = json.loads(runs("moderation", "at-the-shell", "--json"))
    assert found["reports"] == reports(client, "at-the-shell")
    table = runs("moderation", "at-the-shell")
    assert "micro" in table
    assert "2 samples (0 superseded), 0.0% not parsed; unscored: invalid_item 1" in table
    assert "f_ref none, suggested 0.5000" in table
    assert "at-the-shell" in runs("list")
    assert "correct 1, wrong 1" in runs("show", "at-the-shell")
    assert json.loads(runs("show", "at-the-shell", "--json"))[0]["graded"] == 2
    for command in ("moderation", "show"):
        assert "No run 'nowhere'" in runs(command, "nowhere", expect=2)


def test_a_run_without_moderation_grades_says_what_it_holds(client: httpx2.Client) -> None:
    send(client, "finance", [{"item": {"reference": "94"}, "sample": "94"}], id="finance_qa@v1", config=None)

    send(client, "misspelt", [sample(["haet"], ["hate"], "q1"), sample(["haet"], ["hate"], "q2")])
    for run, said in (
        ("finance", "It holds grades by finance_qa@v1."),
        ("nothing", "no grades by a moderation"),
        ("misspelt", "Unscored by moderation_f1@v1: invalid_item 2."),
    ):
        answer = client.get(f"/v1/runs/{run}/moderation")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_run")
        assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    "params", [{"beta": -1}, {"beta": "nan"}, {"zero_division": 2}, {"level": 1}, {"window": 0}, {"bootstrap": 2001}]
)
def test_what_cannot_be_asked_for_is_refused(client: httpx2.Client, params: dict) -> None:
    answer = client.get("/v1/runs/shared/moderation", params=params)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [f"/query/{next(iter(params))}"]


def test_beta_and_zero_division_are_echoed_and_used(client: httpx2.Client) -> None:
    send(client, "recall", [sample(["hate"], ["hate", "violence"], "q1"), sample([], [], "q2")])

    answer = client.get("/v1/runs/recall/moderation", params={"beta": "inf", "zero_division": "1"}).json()

    assert (answer["beta"], answer["zero_division"]) == ("inf", 1)
    [found] = answer["reports"]
    assert (found["micro"]["f"], found["samples"]["f"], found["samples"]["empty_samples"]) == (1.0, 1.0, 1)
    assert found["undefined"]["/flag/wilson"] == "Wilson's interval holds for beta 1."
