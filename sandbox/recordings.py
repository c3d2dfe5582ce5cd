"""The calls that a trusted caller's tests were seen to make, so that the rest of a group answers them in one go."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from graders.api import Program
from sandbox.fixed_calls import has_fixed_calls

_DIFFERENCES_MAX = 8
_CHANCE_CHARS = 4
_ENCODER = json.JSONEncoder(separators=(",", ":"))


@dataclass(slots=True)
class Recording:
    """A task's calls, as far as they are known."""

    calls: tuple[str, ...] = ()
    differences: int = 0
    """How often a test made other calls than the recorded ones."""

    tells_answers: bool = False
    """Whether these calls may not be shown to a program all at once."""
    leaves_traces: bool = False
    """Whether the test changes the process that executes it: then each execution gets a process of its own."""

    @property
    def is_usable(self) -> bool:
        return bool(self.calls) and self.differences <= _DIFFERENCES_MAX and not self.leaves_traces

    def may_be_kept(self, program: Program) -> bool:
        """Whether the calls of a test that has held may be noted. Asked once: what a test is does not change."""
        if not self.calls and not self.tells_answers and not self.leaves_traces:
            self.tells_answers = not has_fixed_calls(program)
        return not (self.tells_answers or self.leaves_traces)

    def digest(self, task: bytes) -> bytes:
        """32 bytes that stand for the task, whose digest is given, together with the calls."""
        return hashlib.sha256(
            b"".join((task, *(b"%d:%b" % (len(call), call.encode()) for call in self.calls)))
        ).digest()

    def keep(self, calls: Sequence[tuple[str, bytes, bytes]]) -> None:
        """Notes the calls of a test that has held, each with the answer's kind and body, unless they tell answers."""
        self.tells_answers = _tell_answers(calls)
        self.calls = () if self.tells_answers else tuple(call for call, _, _ in calls)


def _tell_answers(calls: Sequence[tuple[str, bytes, bytes]]) -> bool:
    """Whether an answer is, or is part of, an argument of a later call, in whatever form: a test of two functions that
    undo each other says in one call what the other must return. What has few characters is not counted: as arguments
    are written out in the text of such a test, it is equal by chance, in every fifth of HumanEval's."""
    answers: set[str] = set()
    texts: set[str] = set()
    for call, _, body in calls:
        order = json.loads(call)
        arguments = [*order["args"], *order["kwargs"].values()]
        if answers & {part for argument in arguments for part in _parts(argument)} or texts & set(
            map(_text, arguments)
        ):
            return True
        answer = body.decode("utf-8", "replace")
        answers |= {answer} if len(answer) > _CHANCE_CHARS else set()
        texts |= {text} if len(text := _text(answer)) > _CHANCE_CHARS else set()
    return False


def _text(value: Any) -> str:
    """What is the same for `"abc"` and `["a", "b", "c"]`, 12 and `"12"`: the letters and digits, in order."""
    written = value if isinstance(value, str) else _ENCODER.encode(value)
    return "".join(filter(str.isalnum, written))


def _parts(value: Any) -> Iterator[str]:
    yield _ENCODER.encode(value)
    within = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    for part in within:
        yield from _parts(part)


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
