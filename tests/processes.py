"""The processes that another one has started, and waiting for their ends."""

import os
import select
import time
from collections.abc import Sequence
from pathlib import Path


def below(pid: int) -> list[int]:
    """The processes that `pid` has started, theirs included."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [process for child in map(int, children) for process in (child, *below(child))]


def zygotes(pid: int, role: str = "") -> list[int]:
    """Below the service `pid`: what the sandbox runs programs (`candidate`) and tests (`judge`, `replay`) in. A zygote
    with a pid namespace is two processes, and one that runs a program one more."""
    return [process for process in below(pid) if _is_zygote(process, role)]


def _is_zygote(pid: int, role: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return any(word.endswith("inside/zygote.py") for word in words) and (not role or role in words)


class Watched:
    """Processes whose ends are waited for: made while they are there."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._ends = {pid: os.pidfd_open(pid) for pid in pids}

    def outliving(self, seconds: float) -> list[int]:
        """Those that are still there after so many seconds; at once empty if all have ended."""
        deadline = time.monotonic() + seconds
        left = []
        for pid, end in self._ends.items():
            if not select.select([end], [], [], max(0.0, deadline - time.monotonic()))[0]:
                left.append(pid)
            os.close(end)
        return left
