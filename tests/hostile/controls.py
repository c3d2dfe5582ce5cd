"""Negative controls: `python -m tests.hostile.controls GROUP` lets programs loose on naive runners, prints JSON.

The group `right` is the right solution, once for every runner.

Each runner is a process on a machine of its own (`contained.py`), inside the one that this module is started in, with
limits that keep a bomb small; the first process there looks at what was done and takes everything with it.
"""

import atexit
import ctypes
import json
import os
import resource
import select
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from sandbox.inside.kernel import PR_SET_DUMPABLE, drop_capabilities
from tests.hostile.contained import own_files, separate
from tests.hostile.corpus import of_group
from tests.hostile.runners import RUNNERS, limits
from tests.hostile.tasks import SQUARE, Task
from tests.hostile.world import World

HANGS_AFTER_S = 1.4
"""A runner that has not judged by then has lost its limit of a second."""
GREW_KIB = 256 << 10
_LIMITS = {"NPROC": 256, "AS": 2 << 30, "FSIZE": 128 << 20, "CPU": 8, "CORE": 0}
_MACHINE_S = 40.0
_AT_ONCE = 3


class Control(NamedTuple):
    """A naive runner, what a program is said to do to it, the program, and the task that it is given for."""

    runner: str
    effect: str
    source: str
    task: Task


def main() -> None:
    found: dict[str, Any] = {}
    waiting = list(_controls(sys.argv[1]).items())
    while waiting:
        some, waiting = waiting[:_AT_ONCE], waiting[_AT_ONCE:]
        machines = [(name, _start(control)) for name, control in some]
        found |= {name: _told(machine) for name, machine in machines}
    sys.stdout.write(json.dumps(found))


def _controls(group: str) -> dict[str, Control]:
    if group == "right":
        return {runner: Control(runner, "forged", SQUARE.right, SQUARE) for runner in RUNNERS}
    biting = (hostile for hostile in of_group(group) if hostile.control[0])
    return {hostile.name: Control(*hostile.control, hostile.source, hostile.task) for hostile in biting}


def _start(control: Control) -> tuple[int, int]:
    """A machine for one program, which ends with it: its process, and where it will tell what it saw."""
    read, write = os.pipe()
    machine = os.fork()
    if machine == 0:
        os.close(read)
        separate()
        try:
            own_files("96m", *map(Path, os.environ["PYTHONPATH"].split(os.pathsep)))
            os.write(write, json.dumps(_observe(control)).encode())
        finally:
            os._exit(0)
    os.close(write)
    return machine, read


def _told(started: tuple[int, int]) -> dict[str, Any]:
    """What the program did to its runner."""
    machine, read = started
    text = b""
    with os.fdopen(read, "rb") as stream:
        if select.select([stream], [], [], _MACHINE_S)[0]:
            text = stream.read()
    os.kill(machine, signal.SIGTERM)
    os.waitpid(machine, 0)
    return json.loads(text) if text else {"effects": [], "said": "the machine was lost"}


def _observe(control: Control) -> dict[str, Any]:
    Path("/tmp/world").mkdir()
    world = World()
    read, write = os.pipe()
    grader = os.fork()
    if grader == 0:
        _grade(control, read, write)
    os.close(write)
    ended = _wait(grader, HANGS_AFTER_S if control.effect == "hung" else _MACHINE_S / 2)
    os.set_blocking(read, False)
    try:
        told = os.read(read, 1 << 20)
    except BlockingIOError:
        told = b""
    verdict = json.loads(told) if told else {"effects": ["broke"], "said": ""}
    effects = world.harm() + verdict["effects"]
    if ended is None:
        effects.append("hung")
    else:
        effects += ["killed"] if os.WIFSIGNALED(ended[0]) else []
        effects += ["grew"] if ended[1].ru_maxrss > GREW_KIB else []
        effects += ["left process"] if _others(world.neighbour.pid) else []
    return {"effects": effects, "said": verdict["said"]}


def _grade(control: Control, read: int, write: int) -> None:
    """Becomes the grader, and says what it judged."""
    os.close(read)
    os.setsid()
    drop_capabilities()
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1)
    for name, most in _LIMITS.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
    nothing = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    if control.effect == "hung":
        limits.TIMEOUT_S = limits.SHORT_S
    passed, said = RUNNERS[control.runner](control.source, control.task)
    effects = {"forged": passed, "leaked": os.environ["RFT_SECRET"] in said, "reached": "REACHED" in said}
    told = {"effects": [name for name, is_so in effects.items() if is_so], "said": said[:600]}
    os.write(write, json.dumps(told).encode())
    # What an interpreter does at its end.
    threading._shutdown()
    atexit._run_exitfuncs()
    os._exit(0)


def _wait(grader: int, seconds: float) -> tuple[int, Any] | None:
    deadline = time.monotonic() + seconds
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
