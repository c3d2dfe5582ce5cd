"""Negative controls: `python -m tests.hostile.controls GROUP` lets programs loose on naive runners, prints JSON.

The group `right` is the right solution, once for every runner.

Each runner is a process on a machine of its own (`contained.py`), inside the one that this module is started in, with
limits that keep a bomb small; the first process there looks at what was done and takes everything with it.
"""

import json
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tests.hostile.contained import COPY, own_files, separate
from tests.hostile.corpus import of_group
from tests.hostile.runners import RUNNERS
from tests.hostile.tasks import SQUARE, Task
from tests.hostile.world import World

Control = tuple[str, str, Task]
"""A naive runner, the source that it is given, and the task."""

HANGS_AFTER_S = 1.6
"""A runner that has not judged by then has lost its limit of 0.6 s."""
GREW_KIB = 256 << 10
_LIMITS = {"NPROC": 256, "AS": 2 << 30, "FSIZE": 128 << 20, "CPU": 8, "CORE": 0}
_MACHINE_S = 10.0


def main() -> None:
    sys.stdout.write(json.dumps({name: _alone(*control) for name, control in _controls(sys.argv[1]).items()}))


def _controls(group: str) -> dict[str, Control]:
    if group == "right":
        return {runner: (runner, SQUARE.right, SQUARE) for runner in RUNNERS}
    biting = (hostile for hostile in of_group(group) if hostile.control[0])
    return {hostile.name: (hostile.control[0], hostile.source, hostile.task) for hostile in biting}


def _alone(runner: str, source: str, task: Task) -> dict[str, Any]:
    """What one program did to its runner, observed on a machine that ends with it."""
    read, write = os.pipe()
    machine = os.fork()
    if machine == 0:
        os.close(read)
        separate()
        try:
            own_files("96m", COPY)
            os.write(write, json.dumps(_observe(runner, source, task)).encode())
        finally:
            os._exit(0)
    os.close(write)
    text = b""
    with os.fdopen(read, "rb") as stream:
        if select.select([stream], [], [], _MACHINE_S)[0]:
            text = stream.read()
    os.kill(machine, signal.SIGTERM)
    os.waitpid(machine, 0)
    return json.loads(text) if text else {"effects": [], "said": "the machine was lost"}


def _observe(runner: str, source: str, task: Task) -> dict[str, Any]:
    Path("/tmp/world").mkdir()
    world = World()
    read, write = os.pipe()
    grader = os.fork()
    if grader == 0:
        _grade(runner, source, task, read, write)
    os.close(write)
    ended = _wait(grader)
    os.set_blocking(read, False)
    try:
        told = os.read(read, 1 << 20)
    except BlockingIOError:
        told = b""
    effects = world.harm() + _of_verdict(told)
    if ended is None:
        effects.append("hung")
    else:
        effects += ["killed"] if os.WIFSIGNALED(ended[0]) else []
        effects += ["grew"] if ended[1].ru_maxrss > GREW_KIB else []
        effects += ["left process"] if _others(world.neighbour.pid) else []
    return {"effects": effects, "said": told.decode("utf-8", "replace")[:600]}


def _of_verdict(told: bytes) -> list[str]:
    if not told:
        return ["broke"]
    verdict = json.loads(told)
    found = ["forged"] if verdict["passed"] else []
    found += ["leaked"] if os.environ["RFT_SECRET"] in verdict["said"] else []
    return found + (["reached"] if "REACHED" in verdict["said"] else [])


def _grade(runner: str, source: str, task: Task, read: int, write: int) -> None:
    """Becomes the grader, and says what it judged."""
    os.close(read)
    os.setsid()
    for name, most in _LIMITS.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
    nothing = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    passed, said = RUNNERS[runner](source, task)
    os.write(write, json.dumps({"passed": passed, "said": said}).encode())
    sys.exit(0)


def _wait(grader: int) -> tuple[int, Any] | None:
    deadline = time.monotonic() + HANGS_AFTER_S
    while time.monotonic() < deadline:
        ended, status, usage = os.wait4(grader, os.WNOHANG)
        if ended:
            return status, usage
        time.sleep(0.005)
    return None


def _others(neighbour: int) -> set[str]:
    names = {path.name for path in Path("/proc").iterdir() if path.name.isdecimal()}
    return names - {"1", str(neighbour)}


if __name__ == "__main__":
    main()
