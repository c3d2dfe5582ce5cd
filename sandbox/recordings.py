"""The calls that a trusted caller's tests were seen to make, so that the rest of a group answers them in one go."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field

from graders.api import Program

_DIFFERENCES_MAX = 8


@dataclass(slots=True)
class Recording:
    """A task's calls, as far as they are known."""

    calls: tuple[str, ...] = ()
    differences: int = 0
    """How often a test made other calls than the recorded ones."""

    @property
    def is_usable(self) -> bool:
        return bool(self.calls) and self.differences <= _DIFFERENCES_MAX


@dataclass(slots=True)
class Recordings:
    """Recordings per (caller, task digest); those used last are kept."""

    most: int
    _kept: OrderedDict[tuple[str, bytes], Recording] = field(default_factory=OrderedDict)

    def of(self, caller: str, digest: bytes) -> Recording:
        """The recording of a task, an empty one for a task that is new."""
        key = caller, digest
        recording = self._kept.setdefault(key, Recording())
        self._kept.move_to_end(key)
        if len(self._kept) > self.most:
            self._kept.popitem(last=False)
        return recording


def digest_of(program: Program) -> bytes:
    """32 bytes that stand for the task: all of the program but its source and limits."""
    parts = (program.entry_point, program.prompt, program.test, program.dependencies, *program.checks)
    sized = (f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256("".join(sized).encode("utf-8", "surrogatepass")).digest()
