"""Programs at the command line: a file graded with a sandbox of its own, a run graded again without one."""

import json
from pathlib import Path

from tests.app.programs import GRADE_BATCH, GRADER, SQUARE, called, install, judged
from tests.commands.test_grade_command import lines, rft
from tests.servers import Server

WRONG = "def f(x):\n    return x + x"
BROKEN = "def f(x:"


def test_a_file_of_programs_is_graded_without_a_server(tmp_path: Path) -> None:
    rows = [called(SQUARE), judged(WRONG), judged(SQUARE), called(BROKEN)]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)))

    rft(
        "grade", "runs@v1", "--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl",
        RFT_GRADERS_PATH=install(tmp_path), RFT_SANDBOX_SLOTS="1",
    )  # fmt: skip

    assert [line["grade"]["verdict"] for line in lines(tmp_path / "out.jsonl")] == ["right", "wrong", "right", "wrong"]


def test_a_run_is_graded_again_from_its_executions_and_only_new_programs_are_run(tmp_path: Path) -> None:
    path = install(tmp_path)
    (tmp_path / "graders" / "runs" / "v2.py").write_text(
        GRADER.replace("[Program(sample.text", '[Program("# again\\n" + sample.text')
    )
    (tmp_path / "config.json").write_text('{"right": 0.5}')
    data = {"RFT_DATA_DIR": str(tmp_path / "data"), "RFT_GRADERS_PATH": path}
    with Server(tmp_path / "data", RFT_GRADERS_PATH=path, RFT_SANDBOX_SLOTS="1") as server:
        samples = [called(SQUARE), judged(SQUARE), called(WRONG), judged(BROKEN)]
        server.client.post(GRADE_BATCH, json={"samples": samples, "run": {"id": "old"}})

    regrade = ("regrade", "--run", "old", "--from", "runs@v1", "--json", "--grader")
    without, _ = rft(*regrade, "runs@v1", "--config", tmp_path / "config.json", RFT_SANDBOX_SLOTS="0", **data)
    refused, why = rft(*regrade, "runs@v2", RFT_SANDBOX_SLOTS="0", expect=1, **data)
    anew, _ = rft(*regrade, "runs@v2", RFT_SANDBOX_SLOTS="1", **data)

    moves = json.loads(without)
    assert (moves["graded"], moves["down"], moves["same"]) == (4, 2, 2)
    assert json.loads(refused)["unscored"] == {"sandbox_unavailable": 4}
    assert "RFT_SANDBOX_SLOTS=0" in why
    assert (json.loads(anew)["graded"], json.loads(anew)["same"]) == (4, 4)
