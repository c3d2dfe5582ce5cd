"""Runners that keep their files in the folder that the program works in."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.hostile.runners import limits
from tests.hostile.tasks import MAIN, Task


def workspace(source: str, task: Task) -> tuple[bool, str]:
    """Tries the solution, then runs the test beside it."""
    return _twice(source, task, [sys.executable, "test_solution.py"])


def pytest_workspace(source: str, task: Task) -> tuple[bool, str]:
    """Tries the solution, then runs pytest beside it."""
    return _twice(source, task, [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_solution.py"])


def _twice(source: str, task: Task, command: list[str]) -> tuple[bool, str]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "solution.py").write_text(source)
        test = f"from solution import f\n{task.prompt}\n{task.secret_test}\ndef test():\n    check(f)\n"
        Path(folder, "test_solution.py").write_text(f"{test}\nif __name__ == '__main__':\n    test()\n")
        _run([sys.executable, "solution.py"], folder)
        return _run(command, folder)


def two_stdouts(source: str, task: Task) -> tuple[bool, str]:
    """Compares what two scripts print, the candidate's and then the reference's. TritonBench-G."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "solution.py").write_text(source + MAIN)
        Path(folder, "reference.py").write_text(task.right + MAIN)
        said = [_run([sys.executable, name], folder, task.stdins[0])[1] for name in ("solution.py", "reference.py")]
        return said[0] == said[1], "".join(said)


def results_file(source: str, task: Task) -> tuple[bool, str]:
    """The harness writes its result into a file, which the grader then reads. Judge0 was broken this way."""
    with tempfile.TemporaryDirectory() as folder:
        harness = (
            f"{source}\nimport json\njson.dump([f(*a) for a in {[a for a, _ in task.cases]!r}], open('result', 'w'))"
        )
        Path(folder, "solution.py").write_text(harness)
        _run([sys.executable, "solution.py"], folder)
        result = Path(folder, "result").read_text() if Path(folder, "result").exists() else ""
        return result == str([value for _, value in task.cases]), result


def _run(command: list[str], folder: str, stdin: str = "") -> tuple[bool, str]:
    done = subprocess.run(
        command, check=False, cwd=folder, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=limits.TIMEOUT_S, env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    return done.returncode == 0, done.stdout
