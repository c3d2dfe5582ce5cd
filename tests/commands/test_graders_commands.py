"""Looking at graders, writing one of one's own, releasing it: with the real command, in a folder of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.commands.console import load_graders
from app.settings import Settings
from tests.servers import Server

PROJECT = Path(__file__).parent.parent.parent


def rft(folder: Path, *arguments: str, expect: int = 0, **settings: str) -> str:
    """What a command prints, with the graders of `folder / "mine"` unless `settings` name others."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RFT_")}
    environment |= {"COLUMNS": "200", **_settings(folder), **settings}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def _settings(folder: Path) -> dict[str, str]:
    return {
        "RFT_GRADERS_PATH": str(folder / "mine"),
        "RFT_DATA_DIR": str(folder / "data"),
        "RFT_WORKERS": "1",
        "RFT_SANDBOX_SLOTS": "1",
    }


def new(folder: Path, name: str) -> None:
    """Writes a new grader into `folder / "mine"`, by the command, but without a process of its own."""
    done = CliRunner().invoke(cli, ("new", name), env=_settings(folder))
    assert done.exit_code == 0, done.output


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
def test_a_new_grader_leaves_every_check_of_the_project_green(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    new(tmp_path, name)
    folder = tmp_path / "mine" / name

    assert checked("ruff", "check", "--no-cache", "--config", "pyproject.toml", folder) == ""
    assert checked("ruff", "format", "--no-cache", "--check", "--config", "pyproject.toml", folder) == ""
    # What it reads of the libraries is the same both times.
    types = tmp_path_factory.getbasetemp() / "mypy"
    assert checked("mypy", "--cache-dir", types, folder / "v1.py", folder / f"test_{name}.py") == ""
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
    new(tmp_path, "mine")
    released = rft(tmp_path, "freeze", "mine@v1")
    listed = rft(tmp_path, "list")
    version = tmp_path / "mine" / "mine" / "v1.py"
    version.write_text(version.read_text() + "# changed\n")

    assert "sha256:" in released
    assert "released" in next(line for line in listed.splitlines() if "mine@v1" in line)
    assert "not served: mine@v1: mine@v1 is released" in rft(tmp_path, "list").replace("\n", " ")


def test_a_case_that_does_not_hold_is_shown_with_its_why_and_stops_the_release(tmp_path: Path) -> None:
    new(tmp_path, "mine")
    cases = tmp_path / "mine" / "mine" / "cases.toml"
    cases.write_text(cases.read_text().replace("reward = 1.0", "reward = 0.9"))

    shown = rft(tmp_path, "cases", "mine@v1", expect=1)

    assert "expected 0.9 right, got 1 right" in shown
    row = next(line for line in shown.splitlines() if "pays fully" in line)
    assert [cell.strip() for cell in row.split("│")[3:5]] == ["0.9 right", "1 right"]
    assert "The plain case" in shown
    refused = rft(tmp_path, "freeze", "mine@v1", expect=1)
    assert re.search(r"mine@v1 is not released: 1 of its \d+ cases do not hold\.", refused)
    assert "expected 0.9 right, got 1 right" in refused


def test_a_version_without_a_case_is_not_released(tmp_path: Path) -> None:
    new(tmp_path, "mine")
    (tmp_path / "mine" / "mine" / "cases.toml").unlink()

    refused = rft(tmp_path, "freeze", "mine@v1", expect=1)

    assert "mine@v1 is not released: it has no case. Wanted: " in refused
    assert "expect of v1" in refused
    assert not (tmp_path / "mine" / "versions.lock").exists()


def test_a_new_version_is_told_which_cases_may_be_its_own_too(tmp_path: Path) -> None:
    new(tmp_path, "mine")
    folder = tmp_path / "mine" / "mine"
    (folder / "v2.py").write_bytes((folder / "v1.py").read_bytes())

    told = rft(tmp_path, "cases", "mine@v2", expect=1)

    assert "mine@v2 has no cases: add `expect.v2 = ...` to those of " in told


def test_a_lock_that_cannot_be_written_is_told_without_a_traceback(tmp_path: Path) -> None:
    new(tmp_path, "mine")
    (tmp_path / "mine" / "versions.lock").mkdir()

    refused = rft(tmp_path, "freeze", "mine@v1", expect=1)

    assert refused.startswith("mine@v1 is not released: [Errno 21] Is a directory: ")


def test_what_a_grader_prints_when_it_is_imported_is_no_line_of_the_output(tmp_path: Path) -> None:
    new(tmp_path, "mine")
    version = tmp_path / "mine" / "mine" / "v1.py"
    version.write_text(version.read_text() + '\n\nprint("loading a dictionary")\n')
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"item": {"label": "a"}, "sample": "a"}\n')
    graded = tmp_path / "graded.jsonl"

    with graded.open("w") as output:
        subprocess.run(
            [sys.executable, "-m", "app.cli", "grade", "mine@v1", "--input", lines, "--output", "-"],
            env=os.environ | _settings(tmp_path),
            stdout=output,
            check=True,
        )

    [line] = graded.read_text().splitlines()
    assert json.loads(line)["grade"]["reward"] == 1.0


@pytest.mark.parametrize("command", ["cases", "freeze"])
def test_a_case_whose_judgement_never_ends_is_stopped(tmp_path: Path, command: str) -> None:
    new(tmp_path, "mine")
    version = tmp_path / "mine" / "mine" / "v1.py"
    version.write_text(version.read_text() + "\n\ndef grade(sample, item, config, results):\n    while True: pass\n")

    told = rft(tmp_path, command, "mine@v1", expect=1, RFT_CALL_TIMEOUT_S="0.3")

    assert re.search(r"got takes_too_long \(The judgement was stopped after \d\.\d s", told)
    assert "RFT_CALL_TIMEOUT_S allows 0.3 s." in told


def test_a_plan_that_never_ends_is_stopped_when_its_programs_are_to_be_run(tmp_path: Path) -> None:
    new(tmp_path, "mine")
    version = tmp_path / "mine" / "mine" / "v1.py"
    version.write_text(version.read_text() + "\n\ndef plan(sample, item, config):\n    while True: pass\n")

    told = rft(tmp_path, "cases", "mine@v1", "--execute", expect=1, RFT_CALL_TIMEOUT_S="0.3")

    assert re.search(r"got takes_too_long \(The judgement was stopped after \d\.\d s", told)


def test_a_recipe_is_released_by_itself_and_a_change_after_it_is_not_served(tmp_path: Path) -> None:
    new(tmp_path, "mine")
    mine = tmp_path / "mine"
    file = mine / "mine" / "recipes" / "small.v1.toml"
    file.parent.mkdir()
    file.write_text('grader = "mine@v1"\n')

    early = rft(tmp_path, "freeze", "small@v1", expect=1)
    rft(tmp_path, "freeze", "mine@v1")
    released = rft(tmp_path, "freeze", "small@v1")
    listed = rft(tmp_path, "list")
    file.write_text('grader = "mine@v1"\nitem_map = { answer = "label" }\n')
    changed = rft(tmp_path, "list").replace("\n", " ")

    assert "small@v1 is not released: it stands on mine@v1, which is a draft. Freeze that first." in early
    assert "small@v1 is released: sha256:" in released
    assert [line.split()[0] for line in (mine / "versions.lock").read_text().splitlines()[1:]] == [
        "mine@v1",
        "small@v1",
    ]
    assert "released" in next(line for line in listed.splitlines() if "small@v1" in line)
    assert "not served: small@v1: " in changed
    assert "depend on recipes/small.v1.toml" in changed


def test_a_recipe_of_one_s_own_on_a_grader_of_the_project_is_released_in_one_s_own_lock(tmp_path: Path) -> None:
    new(tmp_path, "mine")
    file = tmp_path / "mine" / "mine" / "recipes" / "small.v1.toml"
    file.parent.mkdir()
    file.write_text('grader = "finance_qa@v1"\n')

    rft(tmp_path, "freeze", "small@v1")

    assert "small@v1 sha256:" in (tmp_path / "mine" / "versions.lock").read_text()


def test_show_prints_schemas_and_an_unknown_id_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()

    assert '"reference"' in rft(tmp_path, "show", "finance_qa@v1")
    assert "stands on finance_qa@v1" in rft(tmp_path, "show", "four_tier@v1")
    unknown = rft(tmp_path, "show", "finance_aq@v1", expect=2)
    assert "Did you mean" in unknown
    assert "stored" in unknown


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Bad-Name", "is no grader name"),
        ("finance_qa", "There is a grader"),
        ("kit", "A folder 'kit' is never taken for a grader: it is the folder of what graders share."),
        ("recipes", "A folder 'recipes' is never taken for a grader: it is the folder of a grader's recipes."),
    ],
)
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str, why: str) -> None:
    assert why in rft(tmp_path, "new", name, expect=2)
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize("command", [("serve",), ("list",), ("new", "another")])
def test_a_path_at_which_no_graders_can_be_stops_every_command_that_needs_them(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    new(tmp_path, "mine")
    own = tmp_path / "mine" / "mine"
    paths = f"{own}:{own / 'v1.py'}:{tmp_path / 'nope'}"

    told = rft(tmp_path, *command, expect=2, RFT_GRADERS_PATH=paths, RFT_PORT="0", RFT_METRICS_PORT="-1")

    assert f"RFT_GRADERS_PATH: {own} is the folder of one grader: give its parent folder, {own.parent}." in told
    assert f"RFT_GRADERS_PATH: {own / 'v1.py'} is not a folder." in told
    # `new` makes the folder.
    assert (f"RFT_GRADERS_PATH: {tmp_path / 'nope'} does not exist." in told) == (command[0] != "new")


def test_the_folder_of_the_default_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert "finance_qa@v1" in load_graders(Settings()).ids()


def test_what_is_broken_is_listed_with_its_reason_and_all_else_is_served(tmp_path: Path) -> None:
    for name in ("whole", "exits", "caseless"):
        new(tmp_path, name)
    mine = tmp_path / "mine"
    (mine / "exits" / "v1.py").write_text("import sys\nsys.exit(3)\n")
    (mine / "caseless" / "cases.toml").write_text("[[case]]\nname = 3\n")
    (mine / "whole" / "recipes").mkdir()
    (mine / "whole" / "recipes" / "strict.v1.toml").write_text('grader = "whole@v1"\nconfg = 3\n')
    (mine / "versions.lock").write_text("garbage\n")
    reasons = {
        "exits@v1": "Cannot be loaded: SystemExit (v1.py, line 2): 3",
        "caseless@v1": "Case 3 in cases.toml: the field 'why' is missing.",
        "strict@v1": "strict.v1.toml: There is no field 'confg'. Did you mean 'config'?",
        f"{mine / 'versions.lock'}, line 1": "got 'garbage'",
    }

    listed = rft(tmp_path, "list").replace("\n", "")
    rft(tmp_path, "docs")
    with Server(tmp_path / "data", RFT_GRADERS_PATH=str(mine)) as server:
        body = {"item": {"label": "a"}, "sample": "a"}
        grade = server.client.post("/v1/graders/whole@v1/grade", json=body).json()
        state = server.client.get("/readyz").json()

    assert grade["reward"] == 1.0
    assert state["ready"]
    assert set(state["unhealthy_graders"]) == set(reasons)
    for id, reason in reasons.items():
        assert reason in state["unhealthy_graders"][id]
        assert f"not served: {id}: " in listed
    assert "| pays in part | Right, but" in (mine / "whole" / "README.md").read_text()


def test_docs_fills_the_table_of_a_grader_of_one_s_own(tmp_path: Path) -> None:
    new(tmp_path, "mine")
    readme, cases = tmp_path / "mine" / "mine" / "README.md", tmp_path / "mine" / "mine" / "cases.toml"
    first = readme.read_text()
    cases.write_text(cases.read_text().replace("pays in part", "pays a part"))
    rft(tmp_path, "docs")

    assert "| pays in part | Right, but" in first
    assert "| pays a part | Right, but" in readme.read_text()
