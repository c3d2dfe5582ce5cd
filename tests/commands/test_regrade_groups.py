"""A run with groups is graded again group by group, with each group's own credit."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.servers import Server
from tests.team import write_team


def regrade(data: Path, settings: dict[str, str], *more: str, expect: int = 0) -> tuple[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RFT_")}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "regrade", "--run", "old", "--json", *more],
        env=environment | {"COLUMNS": "200", "RFT_WORKERS": "1", "RFT_DATA_DIR": str(data), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout, done.stderr


def sample(word: str, rollout: int, said: object) -> dict:
    return {"item": {"word": word}, "sample": said, "run": {"item_id": word or "none", "rollout": rollout}}


def test_a_run_with_groups_is_graded_again(tmp_path: Path, database_url: str) -> None:
    write_team(tmp_path / "graders")
    settings = {"RFT_GRADERS_PATH": str(tmp_path / "graders"), "RFT_DATABASE_URL": database_url}
    square = [sample("a", 0, "a"), sample("a", 1, "x"), sample("b", 0, "b"), sample("b", 1, "b")]
    with Server(tmp_path / "data", **settings) as server:
        run = {"id": "old", "step": 1}
        alone = {**sample("c", 0, "c"), "run": {**run, "item_id": "c"}}
        server.client.post("/v1/graders/team@v1/grade", json=alone)
        for step, credit in ((1, "team"), (2, "edge")):
            # One cannot be read and one has no word: their items are left out then and now.
            broken = [sample("a", 2, 3), sample("", 2, "b")] if step == 1 else []
            body = {"samples": [*square, *broken], "credit": {"kind": credit}, "run": {**run, "step": step}}
            assert server.client.post("/v1/graders/team@v1/grade-group", json=body).status_code == 200
        # The second group of step 2 supersedes the first one but for one sample.
        body = {"samples": square[:3], "credit": {"kind": "edge"}, "run": {**run, "step": 2}}
        server.client.post("/v1/graders/team@v1/grade-group", json=body)

        shown, _ = regrade(tmp_path / "data", settings, "--grader", "team@v1")
        same = json.loads(shown)
        (tmp_path / "half.json").write_text('{"right": 0.5}')
        shown, _ = regrade(tmp_path / "data", settings, "--grader", "team@v1", "--config", str(tmp_path / "half.json"))
        half = json.loads(shown)
        _, refused = regrade(tmp_path / "data", settings, "--grader", "finance_qa@v1", expect=2)
        reports = [
            server.client.get(f"/v1/runs/{run}").json()["graders"][0]
            for run in ("old", same["new_run"], half["new_run"])
        ]
        [row] = server.client.get(
            "/v1/grades", params={"run": same["new_run"], "item_id": "b", "step": 2, "limit": 1}
        ).json()["grades"]
        credit = server.client.get(f"/v1/grades/{row['record']}").json()["credit"]

    assert (same["graded"], same["same"], same["unscored"]) == (7, 7, {})
    assert same["mean_reward_before"] == same["mean_reward_after"] == half["mean_reward_before"]
    assert half["mean_reward_after"] == half["mean_reward_before"] / 2
    moved = [move for move in half["transitions"] if move["mean_reward_before"]]
    assert sum(move["down"] for move in moved) == half["down"] > 0
    assert all(move["mean_reward_after"] == move["mean_reward_before"] / 2 for move in moved)
    assert [report["graded"] for report in reports] == [7, 7, 7]
    assert [report["superseded"] for report in reports] == [3, 3, 3]
    assert reports[0]["steps"] == reports[1]["steps"]
    assert credit["parameters"] == {"kind": "edge"}
    assert "finance_qa@v1 credits no groups" in refused
