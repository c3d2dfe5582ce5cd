"""Runners that start an interpreter for the program and look at its exit status or at what it printed."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.hostile.runners import limits
from tests.hostile.tasks import MAIN, Task


def exit_code(source: str, task: Task) -> tuple[bool, str]:
    """Solution and test in one file; passed is who exits with 0. SandboxFusion's `/run_code`, many Makefiles."""
    return _exit_code(_joined(source, task))


def _joined(source: str, task: Task) -> str:
    return f"{task.prompt}\n{source}\n{task.secret_test}\ncheck(f)\n"


def call_appended(source: str, task: Task) -> tuple[bool, str]:
    """The test stands before the solution, and its call after it."""
    return _exit_code(f"{task.prompt}\n{task.secret_test}\n{source}check(f)\n")


def visible_only(source: str, task: Task) -> tuple[bool, str]:
    """Tests nothing but what the prompt shows."""
    lines = [f"assert f(*{args!r}) == {value!r}" for args, value in task.cases[: task.visible]]
    return _exit_code(source + "\n" + "\n".join(lines))


def regex_guard(source: str, task: Task) -> tuple[bool, str]:
    """Refuses sources that match a pattern; otherwise as `exit_code`. SandboxFusion's guard against hacks."""
    if re.search(r"exit|SystemExit|import\s+os|__import__", source):
        return False, "forbidden"
    return exit_code(source, task)


def printed_marker(source: str, task: Task) -> tuple[bool, str]:
    """Passed is whose output has the sentence that stands after the test."""
    _, said = _exit_code(_joined(source, task) + "print('ALL TESTS PASSED')\n")
    return "ALL TESTS PASSED" in said, said


def printed_json(source: str, task: Task) -> tuple[bool, str]:
    """A harness in the same process prints its report as JSON; the last line that is JSON counts."""
    calls = [f"passed += f(*{args!r}) == {value!r}" for args, value in task.cases]
    harness = "\n".join(
        ["passed = 0", *calls, "import json", f"print(json.dumps(dict(passed=passed, total={len(calls)})))"]
    )
    _, said = _exit_code(f"{task.prompt}\n{source}\n{harness}\n")
    reports = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return bool(reports) and reports[-1]["passed"] == reports[-1]["total"], said


def printed_report(source: str, task: Task) -> tuple[bool, str]:
    """A line of output per test; passed is who has as many PASSED as there are tests, and no FAILED."""
    calls = [f"print('test_{n}', 'PASSED' if f(*{a!r}) == {v!r} else 'FAILED')" for n, (a, v) in enumerate(task.cases)]
    _, said = _exit_code("\n".join([task.prompt, source, *calls]))
    return said.count(" PASSED") >= len(calls) and "FAILED" not in said, said


def shell_heredoc(source: str, task: Task) -> tuple[bool, str]:
    """Hands the file to the interpreter through a shell's here-document."""
    script = f"{sys.executable} -I -S - <<'EOF'\n{_joined(source, task)}\nEOF\n"
    status, said = _run(["/bin/sh", "-c", script], "/tmp")
    return status == 0, said


def zipped_lines(source: str, task: Task) -> tuple[bool, str]:
    """Compares stdout line by line, as far as both go. open-r1's code_reward."""
    pairs = list(zip(task.stdins, task.stdouts, strict=True))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "solution.py").write_text(source + MAIN)
        said = [_run([sys.executable, "-I", "-S", "solution.py"], folder, stdin)[1] for stdin, _ in pairs]
    lines = [
        zip(out.splitlines(), expected.splitlines(), strict=False)
        for out, (_, expected) in zip(said, pairs, strict=True)
    ]
    return all(got == expected for case in lines for got, expected in case), "".join(said)


def argv_test(source: str, task: Task) -> tuple[bool, str]:
    """Hands solution and test over on the command line."""
    status, said = _run([sys.executable, "-I", "-S", "-c", _joined(source, task)], "/tmp")
    return status == 0, said


def _exit_code(text: str) -> tuple[bool, str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "solution.py")
        file.write_text(text)
        status, said = _run([sys.executable, "-I", "-S", str(file)], folder)
    return status == 0, said


def _run(command: list[str], folder: str, stdin: str = "") -> tuple[int, str]:
    try:
        done = subprocess.run(
            command, check=False, cwd=folder, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=limits.TIMEOUT_S, errors="replace", env=os.environ.copy(),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        return -1, (error.stdout or b"").decode("utf-8", "replace")
    return done.returncode, done.stdout
