"""Runs as the page reads them: step by step, beside each other, and the service in short."""

import httpx2
import pytest

from tests.app.test_ledger_routes import put


def monitor(client: httpx2.Client, run: str) -> dict:
    """The report of a run, when all is counted."""
    while not (report := client.get(f"/v1/runs/{run}/monitor").json())["complete"]:
        pass
    return report


def test_a_run_is_reported_step_by_step_with_its_findings(client: httpx2.Client) -> None:
    for step in (1, 2):
        for item in range(8):
            for rollout in range(2):
                put(client, "watched", step, f"q{item}", rollout, config={"reward": 1.0 if step == 2 else rollout})
    put(client, "watched", 2, "q0", 99, n=-1)

    report = monitor(client, "watched")

    assert (report["run"], report["caller"], report["records"], report["counted"]) == ("watched", "local", 33, 33)
    [moody] = report["graders"]
    assert (moody["grader"], moody["reward_range"]) == ("moody@v1", [0.0, 1.0])
    assert [step["step"] for step in moody["steps"]] == [1, 2]
    first, second = moody["steps"]
    assert (first["graded"], first["reward"]["mean"], first["at_max_share"]) == (16, 0.5, 0.5)
    assert (first["groups"], first["zero_variance_share"]) == (8, 0.0)
    assert (second["zero_variance_share"], second["unscored"]) == (1.0, {"invalid_item": 1})
    assert second["verdicts"] == {"done": 16}
    assert moody["total"]["mean_reward"] == 0.75
    assert "jump_to_max" in {finding["code"] for finding in moody["findings"]}


def test_a_finding_names_grades_that_can_be_asked_for(client: httpx2.Client) -> None:
    for item in range(16):
        put(client, "found", 1, f"q{item}", 0)
    [moody] = monitor(client, "found")["graders"]

    [saturated] = [finding for finding in moody["findings"] if finding["code"] == "saturated"]
    wanted = {name: value for name, value in saturated["look_at"].items() if value is not None}

    assert len(client.get("/v1/grades", params=wanted).json()["grades"]) == 16


def test_two_runs_are_compared_by_grader(client: httpx2.Client) -> None:
    for rollout in range(4):
        put(client, "before", 1, "q", rollout, config={"reward": 0.25})
        put(client, "after", 1, "q", rollout, config={"reward": 0.5 + rollout / 8})

    for run in ("before", "after"):
        monitor(client, run)

    compared = client.get("/v1/run-comparison", params={"a": "before", "b": "after"}).json()

    assert (compared["complete"], compared["only_a"], compared["only_b"]) == (True, [], [])
    [moody] = compared["graders"]
    assert moody["same_digest"]
    assert moody["mean_reward"]["difference"] == pytest.approx(0.4375)
    assert moody["mean_reward"]["low"] < 0.4375 < moody["mean_reward"]["high"]
    assert moody["steps"] == [{"step": 1, "a": 0.25, "b": 0.6875}]
    assert moody["verdicts"] == [{"verdict": "done", "a": 1.0, "b": 1.0}]


def test_the_overview_has_load_and_recent_errors(client: httpx2.Client) -> None:
    record = put(client, "failing", 1, "q", 0, n=-1)["record"]

    overview = client.get("/v1/overview").json()

    assert overview["caller"] == "local"
    assert [load["resource"] for load in overview["load"]] == ["workers", "sandbox"]
    assert overview["load"][0]["slots"] == 1
    [error] = [error for error in overview["errors"] if error["code"] == "invalid_item"]
    assert error["record"] == record
    assert error["count"] >= 1


@pytest.mark.parametrize("path", ["/v1/runs/nothing/monitor", "/v1/runs/a%00b/monitor"])
def test_an_unknown_run_has_no_monitor(client: httpx2.Client, path: str) -> None:
    assert client.get(path).json()["code"] == "unknown_run"


def test_a_run_whose_name_ends_in_monitor_can_be_read(client: httpx2.Client) -> None:
    put(client, "team/monitor", 1, "q", 0)

    assert client.get("/v1/runs/team%2Fmonitor").json()["run"] == "team/monitor"
    assert client.get("/v1/runs/team%2Fmonitor/monitor").json()["records"] == 1


def test_everybodys_runs_of_one_name_have_no_common_monitor(client: httpx2.Client) -> None:
    answer = client.get("/v1/runs/any/monitor", params={"caller": "*"})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/caller")
