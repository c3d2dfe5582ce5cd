"""Looking at graders, writing one of one's own, releasing it: with the real command, in a folder of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import Server

PROJECT = Path(__file__).parent.parent.parent


def rft(folder: Path, *arguments: str, expect: int = 0) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RFT_")}
    environment |= {"COLUMNS": "200", "RFT_GRADERS_PATH": str(folder / "mine"), "RFT_DATA_DIR": str(folder / "data")}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_new_grader_passes_its_tests_is_served_and_is_small(tmp_path: Path) -> None:
    rft(tmp_path, "new", "ticket_routing")
    folder = tmp_path / "mine" / "ticket_routing"

    cases = rft(tmp_path, "cases", "ticket_routing@v1")
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    with Server(tmp_path / "data", RFT_GRADERS_PATH=str(tmp_path / "mine")) as server:
        body = {"item": {"label": "billing"}, "sample": "billing"}
        grade = server.client.post("/v1/graders/ticket_routing@v1/grade", json=body).json()

    assert "differs" not in cases
    assert tests.returncode == 0, tests.stdout
    assert (grade["reward"], grade["verdict"]) == (1.0, "right")
    code = [line for line in (folder / "v1.py").read_text().splitlines() if line.strip()]
    assert len(code) < 40


def checked(*command: str | Path) -> str:
    """What a tool of the project says of a new grader, with the project's own settings; empty: nothing."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=PROJECT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("name", ["mine", "a_name_as_long_as_those_of_people_who_say_everything_in_it"])
def test_a_new_grader_leaves_every_check_of_the_project_green(tmp_path: Path, name: str) -> None:
    rft(tmp_path, "new", name)
    folder = tmp_path / "mine" / name

    assert checked("ruff", "check", "--no-cache", "--config", "pyproject.toml", folder) == ""
    assert checked("ruff", "format", "--no-cache", "--check", "--config", "pyproject.toml", folder) == ""
    assert checked("mypy", "--cache-dir", tmp_path / "mypy", folder / "v1.py", folder / f"test_{name}.py") == ""
    rft(tmp_path, "docs", "--check")


def test_a_new_grader_of_the_project_itself_has_what_the_project_s_graders_have(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for package in ("app", "evaluations", "graders", "migrations", "sandbox"):
        shutil.copytree(PROJECT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))

    subprocess.run(
        [sys.executable, "-m", "app.cli", "new", "mine", "--into", "graders"],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy)},
        check=True,
    )

    assert {file.name for file in (copy / "graders" / "mine").iterdir()} == {"README.md", "cases.toml", "v1.py"}


def test_freezing_releases_and_a_change_after_it_is_not_served(tmp_path: Path) -> None:
    rft(tmp_path, "new", "mine")
    released = rft(tmp_path, "freeze", "mine@v1")
    listed = rft(tmp_path, "list")
    version = tmp_path / "mine" / "mine" / "v1.py"
    version.write_text(version.read_text() + "# changed\n")

    assert "sha256:" in released
    assert "released" in next(line for line in listed.splitlines() if "mine@v1" in line)
    assert "not served: mine@v1: mine@v1 is released" in rft(tmp_path, "list").replace("\n", " ")


def test_a_case_that_does_not_hold_is_shown_with_its_why_and_stops_the_release(tmp_path: Path) -> None:
    rft(tmp_path, "new", "mine")
    cases = tmp_path / "mine" / "mine" / "cases.toml"
    cases.write_text(cases.read_text().replace("reward = 1.0", "reward = 0.9"))

    shown = rft(tmp_path, "cases", "mine@v1", expect=1)

    assert "expected 0.9 right, got 1 right" in shown
    row = next(line for line in shown.splitlines() if "pays fully" in line)
    assert [cell.strip() for cell in row.split("│")[3:5]] == ["0.9 right", "1 right"]
    assert "The plain case" in shown
    assert "not released" in rft(tmp_path, "freeze", "mine@v1", expect=1)


def test_show_prints_schemas_and_an_unknown_id_the_known_ones(tmp_path: Path) -> None:
    assert '"reference"' in rft(tmp_path, "show", "finance_qa@v1")
    assert "stands on finance_qa@v1" in rft(tmp_path, "show", "four_tier@v1")
    unknown = rft(tmp_path, "show", "finance_aq@v1", expect=2)
    assert "Did you mean" in unknown
    assert "stored" in unknown


@pytest.mark.parametrize("name", ["Bad-Name", "finance_qa"])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    rft(tmp_path, "new", name, expect=2)


def test_docs_fills_the_table_of_a_grader_of_one_s_own(tmp_path: Path) -> None:
    rft(tmp_path, "new", "mine")
    readme, cases = tmp_path / "mine" / "mine" / "README.md", tmp_path / "mine" / "mine" / "cases.toml"
    first = readme.read_text()
    cases.write_text(cases.read_text().replace("pays in part", "pays a part"))
    rft(tmp_path, "docs")

    assert "| pays in part | Right, but" in first
    assert "| pays a part | Right, but" in readme.read_text()
