"""Which Python runs programs, and which files it must be able to read."""

import asyncio
import json
import sys
import sysconfig
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.errors import Unavailable

INSIDE = Path(__file__).parent / "inside"
FLAGS = ("-P", "-s", "-S", "-B")
"""`-I -S`, except that our own environment is read, for the hash seed; no bytecode is written."""

_OLDEST = (3, 11)
_TIMEOUT_S = 60.0
_SHOWN_BYTES = 80
_SYSTEM = ("/usr/bin/python3", "/usr/local/bin/python3")

# Imported before any program runs: what programs most often import, and what the sandbox's own half needs.
_WARM = (
    "bisect", "collections", "copy", "datetime", "functools", "hashlib", "heapq", "itertools", "math", "operator",
    "random", "re", "string", "typing",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python, seen from outside, with one dependency set."""

    path: str
    version: str
    packages: tuple[str, ...]
    packages_in: tuple[str, ...]
    files: tuple[str, ...]
    folders: tuple[str, ...]

    @property
    def config(self) -> dict[str, Any]:
        """What a zygote must be told."""
        return {
            "preload": (*_WARM, *self.packages),
            "packages_in": self.packages_in,
            "files": self.files,
            "folders": self.folders,
        }


def candidates(configured: str) -> list[str]:
    """The interpreters to try, in order: the configured one alone, or the service's own and then the system's."""
    if configured:
        return [configured]
    return list(dict.fromkeys([sys.executable, *filter(lambda path: Path(path).exists(), _SYSTEM)]))


async def probe(path: str, packages: tuple[str, ...]) -> Interpreter:
    """Asks the interpreter what it needs.

    Raises:
        Unavailable: it cannot be started, is too old, or lacks a package.
    """
    found = await _ask(path, packages)
    version = tuple(found["version"])
    if version < _OLDEST:
        raise Unavailable(f"{path} is Python {'.'.join(map(str, version))}; programs need 3.11 or later.")
    return Interpreter(
        path=path,
        version=".".join(map(str, version)),
        packages=packages,
        packages_in=tuple(found["packages_in"]),
        files=tuple(found["files"]),
        folders=tuple(found["folders"]),
    )


async def _ask(path: str, packages: tuple[str, ...]) -> dict[str, Any]:
    """What `inside/probe.py` prints."""
    folders = ":".join(dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]))
    command = [path, *FLAGS, str(INSIDE / "probe.py"), folders, *packages]
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=ENVIRONMENT, cwd="/"
        )
    except OSError as error:
        raise Unavailable(f"{path} cannot be started: {error}.") from error
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            said, complaint = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise Unavailable(f"{path} did not answer within {_TIMEOUT_S:g} s.") from error
    if process.returncode:
        last = complaint.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise Unavailable(f"{path} cannot import what programs need: {last}")
    try:
        answer: dict[str, Any] = json.loads(said)
    except ValueError as error:
        shown = said[:_SHOWN_BYTES].decode("utf-8", "replace")
        raise Unavailable(f"{path} is not Python, or prints more than it is asked for: it said {shown!r}.") from error
    return answer


ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
}
"""All that a process of the sandbox starts with, and it forgets even that. One hash seed: a program whose answer hangs
on the order of a set gets the same verdict in every slot. Numerical libraries must not start threads, because a zygote
that forks has none. One arena: malloc would reserve 64 MiB for every thread, which count as the program's memory."""
