"""Reports of runs on both databases: equal to what reading every row says, each caller's own, and made by a process
that may die."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from app.keys.secret import new_key
from app.ledger import KeyStore
from tests.command_line import rft
from tests.keys.making import stored
from tests.processes import below
from tests.servers import Server
from tests.services import running_postgres
from tests.team import write_team


@pytest.fixture
def server(tmp_path: Path, database_url: str) -> Iterator[Server]:
    write_team(tmp_path / "graders")
    with Server(tmp_path / "data", RFT_GRADERS_PATH=str(tmp_path / "graders"), RFT_DATABASE_URL=database_url) as server:
        yield server


def sample(word: str, rollout: int, said: object, run: str = "r", step: int = 1) -> dict:
    place = {"id": run, "step": step, "item_id": word or "none", "rollout": rollout}
    return {"item": {"word": word}, "sample": said, "run": place}


def monitor(client: httpx2.Client, run: str, **more: str) -> dict:
    """The report of a run, when all is counted."""
    while not (report := client.get(f"/v1/runs/{run}/monitor", params=more).raise_for_status().json())["complete"]:
        pass
    return report


def counts(of: dict) -> dict:
    """Per grader, what both kinds of reports say."""
    return {
        (grader["grader"], grader["digest"]): {
            step["step"]: (step["graded"], step["verdicts"], pytest.approx(_mean(step)))
            for step in grader["steps"]
            if step["graded"]
        }
        for grader in of["graders"]
    } | {"superseded": sum(_total(grader)["superseded"] for grader in of["graders"])}


def _mean(step: dict) -> float:
    return step["mean_reward"] if "mean_reward" in step else step["reward"]["mean"]


def _total(grader: dict) -> dict:
    return grader.get("total", grader)


def test_reports_are_what_reading_every_row_says_of_singles_groups_retries_and_regrades(
    server: Server, database_url: str, tmp_path: Path
) -> None:
    client, path = server.client, "/v1/graders/team@v1"
    square = [sample("a", 0, "a"), sample("a", 1, "x"), sample("b", 0, "b"), sample("b", 1, "b")]
    for key in ("k", "k", "l"):
        client.post(f"{path}/grade", json=sample("c", 0, "c"), headers={"Idempotency-Key": key})
        client.post(f"{path}/grade-batch", json={"samples": square}, headers={"Idempotency-Key": key})
    for step in (2, 2, 3):
        members = [{**one, "run": {**one["run"], "step": step}} for one in square]
        body = {"samples": members, "credit": {"kind": "team"}, "run": {"id": "r", "step": step}}
        assert client.post(f"{path}/grade-group", json=body).status_code == 200
    client.post(f"{path}/grade", json=sample("", 0, "b"))
    settings = {"RFT_GRADERS_PATH": str(tmp_path / "graders"), "RFT_DATABASE_URL": database_url}
    moved, _ = rft("regrade", "--run", "r", "--grader", "team@v1", "--json", RFT_DATA_DIR=str(tmp_path), **settings)

    for run in ("r", json.loads(moved)["new_run"]):
        scanned = client.get(f"/v1/runs/{run}", params={"caller": "*"}).json()
        assert counts(monitor(client, run)) == counts(scanned)
        assert scanned["graders"]
    assert monitor(client, "r")["graders"][0]["total"]["superseded"] == 4 + 5


def test_a_caller_sees_its_own_runs_and_an_admin_those_of_others(tmp_path: Path, database_url: str) -> None:
    keys = {name: new_key() for name in ("alice", "bob", "boss")}

    async def prepare() -> None:
        store = KeyStore.open(database_url)
        for name, key in keys.items():
            await store.create(stored(key, name=name, scopes=("admin",) if name == "boss" else ("grade",)))
        await store.close()

    asyncio.run(prepare())
    with Server(tmp_path / "data", RFT_DATABASE_URL=database_url) as server:

        def ask(name: str, path: str, **more: str) -> httpx2.Response:
            return server.client.get(path, params=more, headers={"X-Api-Key": keys[name]})

        for n in range(3):
            body = {"item": {"reference": "9"}, "sample": "9", "run": {"id": "r", "step": n}}
            headers = {"X-Api-Key": keys["alice"]}
            assert server.client.post("/v1/graders/finance_qa@v1/grade", json=body, headers=headers).status_code == 200
        body = {"item": {}, "sample": "9", "run": {"id": "r"}}
        server.client.post("/v1/graders/finance_qa@v1/grade", json=body, headers={"X-Api-Key": keys["alice"]})

        assert ask("alice", "/v1/runs/r/monitor").json()["records"] == 4
        assert ask("bob", "/v1/runs/r/monitor").json()["code"] == "unknown_run"
        assert ask("bob", "/v1/runs/r/monitor", caller="alice").json()["code"] == "scope_missing"
        assert ask("boss", "/v1/runs/r/monitor", caller="alice").json()["caller"] == "alice"
        assert ask("bob", "/v1/run-comparison", a="r", b="r").json()["code"] == "unknown_run"
        assert ask("boss", "/v1/run-comparison", a="r", b="r", caller="alice").status_code == 200
        assert [error["code"] for error in ask("alice", "/v1/overview").json()["errors"]] == ["invalid_item"]
        assert ask("bob", "/v1/overview").json()["errors"] == []
        assert ask("bob", "/v1/overview", caller="*").json()["code"] == "scope_missing"
        assert len(ask("boss", "/v1/overview", caller="*").json()["errors"]) == 1


def test_a_process_that_died_is_started_again_for_the_next_report(server: Server) -> None:
    server.client.post("/v1/graders/team@v1/grade", json=sample("a", 0, "a"))
    monitor(server.client, "r")
    counting = [pid for pid in below(server.process.pid) if b"app.monitors.worker" in _command(pid)]
    assert len(counting) == 1

    os.kill(counting[0], signal.SIGKILL)
    answers = {server.client.get("/v1/runs/r/monitor").status_code for _ in range(20)}

    assert answers <= {200, 500}
    assert monitor(server.client, "r")["records"] == 1


def test_a_report_while_the_database_is_away_is_a_503(tmp_path: Path) -> None:
    with running_postgres() as postgres:
        url = postgres.new_database()
        with Server(tmp_path / "data", RFT_DATABASE_URL=url, RFT_SPOOL_LASTS="1") as server:
            body = {"item": {"reference": "9"}, "sample": "9", "run": {"id": "r", "step": 1}}
            server.client.post("/v1/graders/finance_qa@v1/grade", json=body)
            monitor(server.client, "r")

            postgres.stop()
            away = server.client.get("/v1/runs/r/monitor")
            server.client.post("/v1/graders/finance_qa@v1/grade", json=body)
            postgres.start()
            _until_back(server.client)

            assert (away.status_code, away.json()["code"]) == (503, "ledger_unavailable")
            assert monitor(server.client, "r")["records"] == 2


def _until_back(client: httpx2.Client) -> None:
    while client.get("/readyz").json()["spool"]["state"] != "empty":
        pass
    # On a machine that stands still, a new connection may take longer than it is waited for.
    while client.get("/v1/runs/r/monitor").status_code == 503:
        pass


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
