"""Runners whose harness sends frames through a pipe: a kind and a length, then JSON."""

import json
import os
import select
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.hostile.runners import limits
from tests.hostile.tasks import Task

_HEAD = struct.Struct("=cI")
_HARNESS = """
import json, os, struct, sys
def send(kind, value):
    body = json.dumps(value).encode()
    os.write(PIPE, struct.pack("=cI", kind, len(body)) + body)
PIPE = int(sys.argv[1])
"""


def framed_verdict(source: str, task: Task) -> tuple[bool, str]:
    """The harness compares and sends its verdict; the first frame counts."""
    cases = f"right = [f(*args) == value for args, value in {task.cases!r}]"
    (verdict,) = _received(f'{_HARNESS}\n{source}\n{cases}\nsend(b"R", {{"passed": all(right)}})', 1)
    return bool(verdict["passed"]), str(verdict)


def framed_values(source: str, task: Task) -> tuple[bool, str]:
    """The harness sends values, the parent decodes and compares them; each has so much time."""
    calls = "\n".join(f'send(b"V", f(*{args!r}))' for args, _ in task.cases)
    values = _received(f"{_HARNESS}\n{source}\n{calls}", len(task.cases))
    return values == [value for _, value in task.cases], repr(values)[:999]


def piped_calls(source: str, task: Task) -> tuple[bool, str]:
    """Sends call after call through a pipe and waits for each value; reading has a limit, sending has none."""
    harness = f"{source}\nimport sys\nfor call in sys.stdin:\n    print(f(*eval(call)), flush=True)\n"
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-u", "-c", harness], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin
        assert child.stdout
        for args, _ in task.cases:
            child.stdin.write(f"{args!r}\n")
            child.stdin.flush()
        ready = select.select([child.stdout], [], [], limits.TIMEOUT_S)[0]
        values = [child.stdout.readline() for _ in task.cases] if ready else []
        child.kill()
    return values == [f"{value}\n" for _, value in task.cases], "".join(values)


def _received(text: str, count: int) -> list[Any]:
    read, write = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "solution.py")
        file.write_text(text)
        command = [sys.executable, "-I", "-S", str(file), str(write)]
        with (
            subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as child,
            os.fdopen(read, "rb") as stream,
        ):
            os.close(write)
            values = [_value(stream) for _ in range(count)]
            child.kill()
    return values


def _value(stream: Any) -> Any:
    if not select.select([stream], [], [], limits.TIMEOUT_S)[0]:
        return None
    _, length = _HEAD.unpack(stream.read(_HEAD.size))
    return json.loads(stream.read(length), object_hook=_untagged)


def _untagged(value: dict[str, Any]) -> Any:
    if "$" not in value:
        return value
    kind, body = value["$"]
    return set(body) if kind == "set" else dict(body)
