"""The processes that another one has started, and waiting for their ends."""

import os
import select
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


def below(pid: int) -> list[int]:
    """The processes that `pid` has started, theirs included."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [process for child in map(int, children) for process in (child, *below(child))]


def zygotes(pid: int, role: str = "") -> list[int]:
    """What the service `pid` runs programs (role `candidate`) and tests (`judge`, `replay`) from, not those themselves.

    Where it has a namespace of its own, that is two processes: the one that the service started, and the first one of
    the namespace.
    """
    roles = {role} if role else {"candidate", "judge", "replay"}
    return [process for process in below(pid) if _words(process) & roles and _is_zygote(process, pid)]


def programs(pid: int) -> list[int]:
    """The programs that run below the service `pid`."""
    return [process for process in below(pid) if "candidate" in _words(process) and not _is_zygote(process, pid)]


def _words(pid: int) -> set[str]:
    """Its command line."""
    try:
        return set(Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0"))
    except (FileNotFoundError, ProcessLookupError):
        return set()


def _is_zygote(process: int, service: int) -> bool:
    try:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    except (FileNotFoundError, ProcessLookupError):
        return False
    return int(status["PPid"]) == service or status["NSpid"].split()[1:] == ["1"]


class Watched:
    """Processes whose ends are waited for: made while they are there."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._ends: dict[int, int] = {}
        for pid in pids:
            with suppress(ProcessLookupError):
                self._ends[pid] = os.pidfd_open(pid)

    def outliving(self, seconds: float) -> list[int]:
        """Those that are still there after so many seconds; at once empty if all have ended."""
        deadline = time.monotonic() + seconds
        left = []
        for pid, end in self._ends.items():
            if not select.select([end], [], [], max(0.0, deadline - time.monotonic()))[0]:
                left.append(pid)
            os.close(end)
        return left
