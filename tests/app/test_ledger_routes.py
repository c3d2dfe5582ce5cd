"""Reading the ledger over HTTP: grades by filter, pages, runs."""

import httpx2
import pytest


def put(client: httpx2.Client, run: str, step: int, item_id: str, rollout: int, n: int = 1, **more: object) -> dict:
    body = {"item": {"n": n}, "sample": "a", "run": {"id": run, "step": step, "item_id": item_id, "rollout": rollout}}
    return client.post("/v1/graders/moody@v1/grade", json={**body, **more}).json()


def test_pages_hold_every_grade_once_newest_first(client: httpx2.Client) -> None:
    made = [put(client, "paged", step, "q", 0)["record"] for step in range(7)]

    seen, cursor = [], None
    while True:
        page = client.get(
            "/v1/grades", params={"run": "paged", "limit": 3} | ({"cursor": cursor} if cursor else {})
        ).json()
        seen += [row["record"] for row in page["grades"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert seen == made[::-1]


@pytest.mark.parametrize(
    ("params", "steps"),
    [
        ({"min_reward": 0.5}, {0, 1}),
        ({"max_reward": 0.5}, {2}),
        ({"step": 1}, {1}),
        ({"verdict": "done"}, {0, 1, 2}),
        ({"code": "invalid_item"}, {3}),
        ({"scored": "false"}, {3}),
        ({"grader": "moody@v1", "scored": "true"}, {0, 1, 2}),
        ({"grader": "finance_qa@v1"}, set()),
        ({"item_id": "q2"}, {2}),
    ],
)
def test_grades_are_found_by_filter(client: httpx2.Client, params: dict, steps: set[int]) -> None:
    if not client.get("/v1/grades", params={"run": "filtered"}).json()["grades"]:
        put(client, "filtered", 0, "q0", 0)
        put(client, "filtered", 1, "q1", 0)
        put(client, "filtered", 2, "q2", 0, config={"reward": 0.25})
        put(client, "filtered", 3, "q3", 0, n=-1)

    rows = client.get("/v1/grades", params={"run": "filtered", **params}).json()["grades"]

    assert {row["step"] for row in rows} == steps


def test_a_run_counts_the_last_grade_per_coordinates_and_says_how_many_it_superseded(client: httpx2.Client) -> None:
    put(client, "counted", 1, "q", 0, config={"reward": 0.0})
    put(client, "counted", 1, "q", 0, config={"reward": 0.5})
    put(client, "counted", 1, "q", 1, config={"reward": 1.0})
    put(client, "counted", 2, "q", 0, n=-1)
    client.post(
        "/v1/graders/moody@v1/grade", json={"item": {"n": 1}, "sample": "a", "run": {"id": "counted", "step": 1}}
    )

    report = client.get("/v1/runs/counted").json()

    [moody] = report["graders"]
    assert (moody["grader"], moody["graded"], moody["superseded"]) == ("moody@v1", 3, 1)
    assert moody["unscored"] == {"invalid_item": 1}
    assert moody["verdicts"] == {"done": 3}
    assert moody["mean_reward"] == pytest.approx((0.5 + 1.0 + 1.0) / 3)
    steps = {step["step"]: step for step in moody["steps"]}
    assert steps[1]["graded"] == 3
    assert steps[1]["mean_reward"] == pytest.approx(2.5 / 3)


def test_runs_are_listed_and_may_have_slashes_in_their_names(client: httpx2.Client) -> None:
    put(client, "team/a run", 1, "q", 0)

    assert "team/a run" in [run["run"] for run in client.get("/v1/runs", params={"limit": 500}).json()["runs"]]
    assert client.get("/v1/runs/team%2Fa%20run").json()["run"] == "team/a run"


@pytest.mark.parametrize("path", ["/v1/grades/nothing", "/v1/grades/00000000-0000-7000-8000-000000000000"])
def test_an_unknown_record_is_not_found(client: httpx2.Client, path: str) -> None:
    assert client.get(path).json()["code"] == "unknown_record"


@pytest.mark.parametrize("path", ["/v1/runs/nothing", "/v1/runs/a%00b"])
def test_an_unknown_run_is_not_found(client: httpx2.Client, path: str) -> None:
    assert client.get(path).json()["code"] == "unknown_run"
