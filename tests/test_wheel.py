"""The wheel works on its own: in a clean environment and an empty folder it migrates, serves and grades."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(240)
def test_the_wheel_migrates_serves_and_grades_from_an_empty_folder(tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, PROJECT, cwd=tmp_path)
    [wheel] = tmp_path.glob("*.whl")
    environment, empty = tmp_path / "venv", tmp_path / "empty"
    empty.mkdir()
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=tmp_path)
    python, command = environment / "bin" / "python", environment / "bin" / "rft-graders"
    # Not compiled: of most modules nobody asks for one here.
    install = (sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-compile")
    run(*install, "--require-hashes", "-r", PROJECT / "requirements/runtime.txt", cwd=empty)
    run(*install, "--no-deps", "--no-index", wheel, cwd=empty)

    assert "finance_qa@v1" in run(command, "list", cwd=empty)
    run(command, "new", "mine", cwd=empty)
    assert "pays in part" in run(command, "cases", "mine@v1", cwd=empty)
    graded = run(python, "-I", "-c", SERVE_AND_GRADE, command, cwd=empty)

    assert graded.split() == ["1.0", "accurate", "0.5", "wordy"]
    assert (empty / "data" / "rft.sqlite3").is_file()


SERVE_AND_GRADE = """
import json, os, re, subprocess, sys, urllib.request
environment = {**os.environ, "RFT_PORT": "0", "RFT_METRICS_PORT": "-1"}
service = subprocess.Popen([sys.argv[1], "serve"], env=environment, stdout=subprocess.PIPE, text=True)
url = next(found[1] for line in service.stdout if (found := re.search(r"API +(http://\\S+)", line)))
try:
    for grader, item, sample in (
        ("finance_qa@v1", {"reference": "65.4%"}, "65.4%"), ("mine@v1", {"label": "billing"}, "to billing"),
    ):
        request = urllib.request.Request(
            f"{url}/v1/graders/{grader}/grade",
            json.dumps({"item": item, "sample": sample}).encode(),
            {"Content-Type": "application/json"},
        )
        grade = json.load(urllib.request.urlopen(request, timeout=60))
        print(grade["reward"], grade["verdict"])
    for path in ("/", "/page/main.js", "/page/vendor/uPlot.esm.js"):
        assert urllib.request.urlopen(url + path, timeout=60).status == 200
finally:
    service.terminate()
    code = service.wait()
sys.exit(code)
"""
