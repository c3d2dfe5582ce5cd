"""Grading a file offline, and grading a run's stored samples again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.commands.files import UnusableFile, reading, writing
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
    infinite = '{"item": {"reference": "94", "x": 1e999}, "sample": "94"}'
    # With a byte order mark, which some editors begin UTF-8 with.
    (tmp_path / "in.jsonl").write_text("\n".join([good, *bad, "", good, infinite]), "utf-8-sig")

    _, errors = rft(
        "grade", "finance_qa@v1", "--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl", expect=1
    )

    found = lines(tmp_path / "out.jsonl")
    assert [line["line"] for line in found] == [1, 2, 3, 4, 5, 7, 8]
    assert ["grade" in line for line in found] == [True, False, False, False, False, True, False]
    assert found[-1]["item"] == {"reference": "94", "x": None}
    assert "Infinity" not in (tmp_path / "out.jsonl").read_text()
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


GOOD = '{"item": {"reference": "94"}, "sample": "94"}\n'


@pytest.mark.parametrize("name", ["in.jsonl", "sub/../in.jsonl", "hard.jsonl", "soft.jsonl"])
def test_the_input_is_never_written_over_by_whatever_name(tmp_path: Path, name: str) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(GOOD)
    (tmp_path / "sub").mkdir()
    (tmp_path / "hard.jsonl").hardlink_to(source)
    (tmp_path / "soft.jsonl").symlink_to(source)

    with (
        reading(source, "lines") as lines,
        pytest.raises(UnusableFile, match="is the input itself; name another file"),
        writing(tmp_path / name, lines),
    ):
        pass

    assert source.read_text() == GOOD


@pytest.mark.parametrize("command", [("grade", "finance_qa@v1"), ("check-tasks", "code_tests@v1")])
def test_no_command_writes_over_its_input(tmp_path: Path, command: tuple[str, str]) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(GOOD)

    _, errors = rft(*command, "--input", source, "--output", source, expect=2)

    assert "is the input itself; name another file." in errors
    assert source.read_text() == GOOD


@pytest.mark.parametrize(("mode", "flag"), [("ab", "/dev/stdout"), ("r+b", "-")])
def test_the_input_is_not_what_stdout_goes_to_either(tmp_path: Path, mode: str, flag: str) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(GOOD)

    with source.open(mode) as stdout:
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", "grade", "finance_qa@v1", "--input", source, "--output", flag],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (done.returncode, source.read_text()) == (2, GOOD), done.stderr


def test_an_output_that_is_there_stays_as_it_is_until_all_else_is_known_to_be_usable(tmp_path: Path) -> None:
    source, output, config = tmp_path / "in.jsonl", tmp_path / "out.jsonl", tmp_path / "c.json"
    source.write_text(GOOD)
    output.write_text("yesterday's")
    config.write_text('{"scors": {}}')

    rft("grade", "finance_qa@v1", "--input", source, "--output", output, "--config", config, expect=2)
    rft("grade", "finance_qa@v9", "--input", source, "--output", output, expect=2)
    config.write_text("{}")
    rft("grade", "four_tier@v1", "--input", source, "--output", output, "--config", config, expect=2)
    _, missing = rft("grade", "finance_qa@v1", "--input", tmp_path / "no.jsonl", "--output", output, expect=2)

    no_config = ("--config", tmp_path / "no.json")
    _, unread = rft("grade", "finance_qa@v1", "--input", source, "--output", output, *no_config, expect=2)

    assert output.read_text() == "yesterday's"
    assert f"--config {tmp_path}/no.json: No such file or directory. Wanted the config's fields" in unread
    assert f"--input {tmp_path}/no.jsonl: No such file or directory. Wanted a file of JSON lines" in missing
    _, errors = rft("grade", "finance_qa@v1", "--input", source, "--output", tmp_path / "no" / "out.jsonl", expect=2)
    assert "out.jsonl: No such file or directory. Wanted a file to write, or - for stdout." in errors


@pytest.mark.parametrize("output", ["-", "/dev/stdout"])
def test_lines_come_from_stdin_and_go_to_stdout_with_nothing_between_them(tmp_path: Path, output: str) -> None:
    for kind in ("pipe", "file"):
        with (tmp_path / kind).open("w+b") as file:
            done = subprocess.run(
                [sys.executable, "-m", "app.cli", "grade", "finance_qa@v1", "--input", "-", "--output", output],
                input=GOOD.encode() * 3,
                stdout=subprocess.PIPE if kind == "pipe" else file,
                stderr=subprocess.PIPE,
                check=True,
            )
        written = done.stdout if kind == "pipe" else (tmp_path / kind).read_bytes()

        assert [json.loads(line)["grade"]["reward"] for line in written.splitlines()] == [1.0, 1.0, 1.0]
        assert b"3 graded, mean reward 1.0000" in done.stderr


def test_a_line_has_one_of_grade_and_error_when_an_output_is_graded_again(tmp_path: Path) -> None:
    stale = {"grade": "old", "error": "old", "line": 99, "id": "kept"}
    good = {"item": {"reference": "94"}, "sample": "94", **stale}
    bad = {"item": {"reference": "x"}, "sample": "94", **stale}
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, [good, bad])))

    rft("grade", "finance_qa@v1", "--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl", expect=1)

    one, other = lines(tmp_path / "out.jsonl")
    assert set(one) == {"item", "sample", "line", "id", "grade"}
    assert set(other) == {"item", "sample", "line", "id", "error"}
    assert (one["grade"]["reward"], other["error"]["code"]) == (1.0, "invalid_item")
    assert (one["line"], other["line"]) == (1, 2)


def test_every_fault_of_a_config_is_told_with_its_place_and_what_was_meant(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(GOOD)
    (tmp_path / "c.json").write_text('{"scores": {"accurat": 1, "minor": 7}, "mode": "prose"}')

    _, errors = rft(
        "grade", "finance_qa@v1", "--input", tmp_path / "in.jsonl", "--config", tmp_path / "c.json", expect=2
    )

    assert "The config is not one of finance_qa@v1. /config/scores/" in errors
    assert "Did you mean 'accurate'?" in errors
    assert "/config/scores/minor" in errors
    assert "/config/mode: There is no such field. There is one at /config/spec/mode." in errors
