"""The hostile programs: files below programs/, each with a header that says what it is and what must become of it.

# threat: 6 eq_object              row of the threat list and its name; `+` for what is in no row
# does: ...                        what it tries
# task: square                     which task it pretends to solve (default: square)
# limits: timeout_s=0.4            of the program, beside the defaults
# structured: finished unsendable  what must become of it; alternatives are separated by |
# judged: ...                      likewise, both beside a forked judge and with trusted tests
# stdio: ...
# judged in a container: ...       where a host without threads makes a difference
# verdict: exited_early            of code_tests, where it is none of those that follow from the above
# unjailed: exit_code forged       a naive runner, and what the program does to it
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.hostile.tasks import TASKS, Shape, Task

PROGRAMS = Path(__file__).parent / "programs"
GROUPS = tuple(sorted({file.parent.name for file in PROGRAMS.glob("*/*.py")}))

# Small, so that reaching them costs little; a right solution needs a fraction.
LIMITS: dict[str, Any] = {"timeout_s": 5.0, "cpu_s": 5.0, "memory_mib": 64, "output_bytes": 1 << 18, "threads": 8}

# How an end that is no outcome of the sandbox's is judged.
_VERDICTS = {
    "finished wrong": "wrong_answer",
    "finished failed": "wrong_answer",
    "finished unsendable": "wrong_answer",
    "finished judge_error": "wrong_answer",
    "finished raised": "runtime_error",
    "finished memory_limit": "memory_limit",
}

_LINE = re.compile(r"# ([a-z ]+): (.*)")
_KEYS = {"threat", "does", "task", "limits", "structured", "judged", "stdio", "verdict", "unjailed"}
_IN_A_CONTAINER = " in a container"


@dataclass(frozen=True, slots=True)
class Hostile:
    """One program and its header."""

    group: str
    name: str
    source: str
    header: dict[str, str]

    @property
    def row(self) -> int | None:
        """Its row in the threat list."""
        number = self.header["threat"].split()[0]
        return None if number == "+" else int(number)

    @property
    def task(self) -> Task:
        return TASKS[self.header.get("task", "square")]

    @property
    def limits(self) -> dict[str, Any]:
        pairs = (pair.split("=") for pair in self.header.get("limits", "").split())
        own = {name: type(LIMITS[name])(value) for name, value in pairs}
        # One that waits need not do so for every stdin.
        return LIMITS | {"total_timeout_s": own.get("timeout_s", 20.0)} | own

    @property
    def control(self) -> tuple[str, str]:
        """The naive runner, and the effect on it; two empty strings if it has none on a machine like this."""
        runner, _, effect = self.header["unjailed"].partition(" ")
        return ("", "") if runner == "nothing," else (runner, effect)

    def expected(self, shape: Shape, host: str) -> set[str]:
        """What may become of it, in the words of `seen.said`."""
        key = "judged" if shape in {"forked", "trusted"} else shape
        default = self.header[key]
        return set((self.header.get(key + _IN_A_CONTAINER, default) if host == "container" else default).split(" | "))

    def verdicts(self, shape: Shape, host: str) -> set[str]:
        """What `code_tests` may say of it."""
        own = self.header.get("verdict", "")
        return set(own.split(" | ")) if own else {_VERDICTS.get(end, end) for end in self.expected(shape, host)}


@cache
def programs() -> tuple[Hostile, ...]:
    """All of them, in order of their rows."""
    return tuple(sorted(_read(), key=lambda each: (each.row is None, each.row or 0, each.name)))


def of_group(group: str) -> tuple[Hostile, ...]:
    return tuple(each for each in programs() if each.group == group)


def _read() -> Iterator[Hostile]:
    for group in GROUPS:
        for file in sorted((PROGRAMS / group).glob("*.py")):
            source = file.read_text("utf-8")
            yield Hostile(group, file.stem, source, _header(source, file))


def _header(source: str, file: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in source.splitlines():
        matched = _LINE.fullmatch(line)
        if not matched:
            break
        found[matched[1]] = matched[2]
    missing = {"threat", "does", "structured", "judged", "stdio", "unjailed"} - set(found)
    unknown = {key.removesuffix(_IN_A_CONTAINER) for key in found} - _KEYS
    assert not missing | unknown, f"{file}: the header lacks {missing}, and has {unknown} that nobody reads."
    return found
