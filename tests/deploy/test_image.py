"""The Dockerfile, without building it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent
DOCKERFILE = (PROJECT / "Dockerfile").read_text()
INSTRUCTIONS = [line for line in DOCKERFILE.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
ALLOWED = [line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")]


def instructions(word: str) -> list[str]:
    return [line.removeprefix(word).strip() for line in INSTRUCTIONS if line.startswith(f"{word} ")]


def copied() -> list[str]:
    """What is copied from the project, without what comes from the other stage."""
    return [source for line in instructions("COPY") if "--from" not in line for source in line.split()[:-1]]


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    files = ["Dockerfile", *PROJECT.glob("deploy/trial/*/Dockerfile")]
    done = subprocess.run([hadolint, *files], cwd=PROJECT, capture_output=True, text=True, check=False)

    assert (done.stdout, done.returncode) == ("", 0)


def test_the_context_holds_what_is_copied_and_nothing_else() -> None:
    assert sorted(ALLOWED) == sorted(copied())
    assert [name for name in copied() if not (PROJECT / name).exists()] == []


def test_every_package_of_the_service_is_in_the_image() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())

    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= set(copied())


def test_whoever_builds_chooses_the_base_of_both_stages() -> None:
    assert instructions("ARG") == ["BASE_IMAGE=python:3.12-slim"]
    assert instructions("FROM") == ["${BASE_IMAGE} AS build", "${BASE_IMAGE}"]


def test_it_runs_one_process_as_nobody_in_particular() -> None:
    last = DOCKERFILE[DOCKERFILE.rindex("FROM ") :]

    assert re.findall(r"^USER (.+)$", last, re.MULTILINE) == ["10001:10001"]
    assert re.findall(r"^(?:ENTRYPOINT|CMD) (.+)$", last, re.MULTILINE) == ['["rft-graders"]', '["serve"]']
    assert "apt-get" not in last
    assert "8001/healthz" in last


def test_only_locked_dependencies_are_installed_and_build_tools_are_removed() -> None:
    [dependencies, project] = [run for run in instructions("RUN") if "pip install" in run]

    assert "--require-hashes -r requirements/runtime.txt" in dependencies
    assert "--no-deps --no-build-isolation" in project
    removed = set(project.partition("uninstall -q -y")[2].split())
    assert {"pip", *build_tools()} == removed


def build_tools() -> set[str]:
    """What is locked for the build alone: what requirements/build.in names, and what nothing else asks for."""
    named = set((PROJECT / "requirements" / "build.in").read_text().split())
    blocks = re.findall(r"^([\w.-]+)==.*?((?:\n    #.*)+)", locked_without_hashes(), re.MULTILINE)
    users = {name: set(re.findall(r"#\s+([a-z][\w.-]*)(?=\n|$| \()", why)) - {"via"} for name, why in blocks}
    return named | {name for name, by in users.items() if by and by <= named}


def locked_without_hashes() -> str:
    return re.sub(r" \\\n(    --hash=\S+( \\)?\n)+", "\n", (PROJECT / "requirements" / "runtime.txt").read_text())
