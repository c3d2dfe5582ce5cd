"""Grading a file offline, and grading a run's stored samples again."""

import json
from pathlib import Path

from tests.command_line import rft
from tests.servers import Server

PROJECT = Path(__file__).parent.parent.parent


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_the_examples_are_graded_and_other_keys_carried_through(tmp_path: Path) -> None:
    shown, _ = rft(
        "grade", "finance_qa@v1", "--input", PROJECT / "examples/finance.jsonl", "--output", tmp_path / "out.jsonl"
    )

    graded = {line["id"]: line["grade"] for line in lines(tmp_path / "out.jsonl")}
    assert {id: (grade["reward"], grade["verdict"]) for id, grade in graded.items()} == {
        "capex-2018": (1.0, "accurate"),
        "capex-2018-billion": (0.8, "wrong_format"),
        "growth-2016": (0.6, "minor_difference"),
        "growth-hedged": (0.0, "hedged"),
        "cash-flow": (1.0, "accurate"),
        "refusal": (0.0, "no_answer"),
    }
    assert "6 graded, mean reward 0.5667" in shown


def test_the_examples_of_programs_are_run_and_graded(tmp_path: Path) -> None:
    rft("grade", "code_tests@v1", "--input", PROJECT / "examples/code.jsonl", "--output", tmp_path / "out.jsonl")

    graded = {line["id"]: line["grade"] for line in lines(tmp_path / "out.jsonl")}
    assert {id: (grade["reward"], grade["verdict"]) for id, grade in graded.items()} == {
        "median": (1.0, "passed"),
        "median-odd-only": (0.0, "wrong_answer"),
        "vowels": (1.0, "passed"),
        "total": (1.0, "passed"),
        "forged": (0.0, "wrong_answer"),
    }


def test_a_bad_line_is_reported_with_its_number_and_the_rest_goes_on(tmp_path: Path) -> None:
    good = '{"item": {"reference": "94"}, "sample": "94"}'
    bad = ["not json", '{"item": {"reference": "x"}, "sample": "94"}', '{"sample": "94"}', "[1]"]
    (tmp_path / "in.jsonl").write_text("\n".join([good, *bad, "", good]))

    _, errors = rft(
        "grade", "finance_qa@v1", "--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl", expect=1
    )

    found = lines(tmp_path / "out.jsonl")
    assert [line["line"] for line in found] == [1, 2, 3, 4, 5, 7]
    assert ["grade" in line for line in found] == [True, False, False, False, False, True]
    assert not [line for line in found if "record" in line.get("error", {})]
    assert "line 2: invalid_request: Not JSON: expected ident at column 2." in errors
    assert "line 3: invalid_item" in errors


def test_a_config_may_be_json_or_toml_and_must_be_one_of_the_grader_s(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"item": {"reference": "65.4%"}, "sample": "65.5%"}')
    (tmp_path / "c.toml").write_text("scores = { minor = 0.25 }")
    (tmp_path / "c.json").write_text('{"scors": {}}')

    rft(
        "grade", "finance_qa@v1", "--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl",
        "--config", tmp_path / "c.toml",
    )  # fmt: skip
    _, errors = rft(
        "grade", "finance_qa@v1", "--input", tmp_path / "in.jsonl", "--config", tmp_path / "c.json", expect=2
    )

    assert lines(tmp_path / "out.jsonl")[0]["grade"]["reward"] == 0.25
    assert "config" in errors


def test_a_run_is_graded_again_as_a_run_of_its_own(tmp_path: Path, database_url: str) -> None:
    with Server(tmp_path / "data", RFT_DATABASE_URL=database_url) as server:
        recipe = {
            "name": "mapped",
            "grader": "finance_qa@v1",
            "item_map": {"gold": "reference"},
            "config": {"scores": {"minor": 0.5}},
        }
        server.client.post("/v1/recipes", json=recipe)
        for rollout, sample in enumerate(["65.4%", "65.5%", "61%", "65.4"]):
            body = {
                "item": {"gold": "65.4%"},
                "sample": sample,
                "run": {"id": "old", "step": 1, "item_id": "q", "rollout": rollout},
            }
            assert server.client.post("/v1/graders/mapped@v1/grade", json=body).status_code == 200
        shown, _ = rft(
            "regrade", "--run", "old", "--grader", "build_hour@v1", "--json",
            RFT_DATABASE_URL=database_url, RFT_DATA_DIR=str(tmp_path / "data"),
        )  # fmt: skip
        moves = json.loads(shown)
        before, after = (server.client.get(f"/v1/runs/{run}").json()["graders"][0] for run in ("old", moves["new_run"]))

    assert (moves["graded"], moves["down"], moves["up"]) == (4, 0, 0)
    assert moves["new_run"].startswith("old~build_hour@v1~")
    assert {(move["before"], move["after"]): move["count"] for move in moves["transitions"]} == {
        ("accurate", "accurate"): 2,
        ("minor_difference", "minor_difference"): 1,
        ("large_error", "large_error"): 1,
    }
    assert (before["grader"], before["graded"]) == ("mapped@v1", 4)
    assert (after["grader"], after["graded"]) == ("build_hour@v1", 4)


def test_an_unknown_run_is_said_so(tmp_path: Path) -> None:
    with Server(tmp_path / "data"):
        pass

    _, errors = rft(
        "regrade", "--run", "nothing", "--grader", "finance_qa@v1", expect=2, RFT_DATA_DIR=str(tmp_path / "data")
    )

    assert "Run 'nothing' of 'local' has no grades" in errors


def test_a_run_of_a_caller_with_a_key_is_graded_again_as_theirs(tmp_path: Path) -> None:
    settings = {"RFT_DATA_DIR": str(tmp_path / "data")}
    key = {"X-Api-Key": rft("keys", "create", "trainer", **settings)[0].strip()}
    with Server(tmp_path / "data") as server:
        body = {"item": {"reference": "94"}, "sample": "94", "run": {"id": "old"}}
        assert server.client.post("/v1/graders/finance_qa@v1/grade", json=body, headers=key).status_code == 200

        command = ("regrade", "--run", "old", "--grader", "build_hour@v1", "--json")
        _, told = rft(*command, expect=2, **settings)
        moves = json.loads(rft(*command, "--caller", "trainer", **settings)[0])

        assert "of 'local' has no grades" in told
        assert server.client.get(f"/v1/runs/{moves['new_run']}", headers=key).json()["graders"][0]["graded"] == 1
