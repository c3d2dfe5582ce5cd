"""Runners with some of the limits that a program needs, and not with others."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.hostile.runners import limits
from tests.hostile.tasks import Task

_CAP_BYTES = 256 << 20


def cpu_only(source: str, task: Task) -> tuple[bool, str]:
    """Limits CPU time, and waits for the end."""
    return _started(source, task, _read, lambda: resource.setrlimit(resource.RLIMIT_CPU, (1, 1)))


def memory_capped(source: str, task: Task) -> tuple[bool, str]:
    """Limits the address space."""
    return _started(source, task, _read, lambda: resource.setrlimit(resource.RLIMIT_AS, (_CAP_BYTES, _CAP_BYTES)))


def soft_limits(source: str, task: Task) -> tuple[bool, str]:
    """Limits memory, but not how far the limit may be raised again."""
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    return _started(source, task, _read, lambda: resource.setrlimit(resource.RLIMIT_AS, (_CAP_BYTES, most)))


def terminate_only(source: str, task: Task) -> tuple[bool, str]:
    """Asks the process to end when its time is up."""
    return _started(source, task, _terminated)


def until_eof(source: str, task: Task) -> tuple[bool, str]:
    """Reads until the process says no more, with a limit, and waits for it."""
    return _started(source, task, _read)


def inherited_descriptors(source: str, task: Task) -> tuple[bool, str]:
    """Lets the child have what the grader has open."""
    with Path("/tmp/world/tests.json").open() as file:
        os.set_inheritable(file.fileno(), True)
        return _started(source, task, _read)


def _started(
    source: str, task: Task, told: Callable[[subprocess.Popen[bytes]], bytes], before: Callable[[], None] | None = None
) -> tuple[bool, str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "solution.py")
        file.write_text(f"{task.prompt}\n{source}\n{task.secret_test}\ncheck(f)\n")
        command = [sys.executable, "-I", "-S", str(file)]
        child = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            close_fds=False,
            preexec_fn=before,  # noqa: PLW1509
        )
        said = told(child)
        return child.wait() == 0, said.decode("utf-8", "replace")


def _read(child: subprocess.Popen[bytes]) -> bytes:
    assert child.stdout
    return child.stdout.read()


def _terminated(child: subprocess.Popen[bytes]) -> bytes:
    try:
        return child.communicate(timeout=limits.TIMEOUT_S)[0]
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGTERM)
        return child.communicate()[0]
