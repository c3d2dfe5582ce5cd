"""The process that holds a test: it executes it with functions that lead to the program, and tells what held.

A program reaches it only as values of exact builtin types and as exceptions made here from a name and a text.
"""

import builtins
import gc
import os
import sys
from collections.abc import Callable
from json import dumps, loads
from mmap import mmap
from types import CodeType
from typing import Any, Protocol

from graders.kit.values import Unreadable, Unsendable, decode, tagged, teach, to_json
from sandbox.inside.plain import plain
from sandbox.inside.protocol import (
    ANSWER_KINDS,
    CHECK,
    ERROR_CHARACTERS,
    FRAME,
    HAD_VALUE,
    LOAD_KINDS,
    LOADED,
    MARK,
    OUT_OF_MEMORY,
    RETURNED,
    SUMMARY,
    WAITS,
)

DESCRIPTORS = (3, 4, 5)
"""Where the descriptors of a run go: its job, the program's connection or answers, the report."""

_JOB, _PEER, _REPORT = DESCRIPTORS
# In `all(map(candidate, inputs))` they would end the test where it still holds.
_ENDS_OF_ITERATION = (StopIteration, StopAsyncIteration)
_RECORDED_BYTES_MAX = 1 << 20


class Ended(BaseException):
    """The program has no further answer. A test that catches it goes on with a program that is gone."""


class ProgramError(Exception):
    """An exception of the program's that is no builtin one."""


class Link(Protocol):
    """The way to a program."""

    ended: str
    """Why there are no further answers; empty while there may be some."""
    has_loaded: bool
    """Whether the program is known to have been loaded."""

    def ask(self, order: dict[str, Any]) -> tuple[bytes, bytes]:
        """An answer's kind and body; `order` is a call, its values tagged.

        Raises:
            Ended: there is none.
        """


class _LiveLink:
    """A program that runs beside the test and answers call by call."""

    def __init__(self, answers_bytes_max: int, page: mmap | bytearray) -> None:
        self.ended = ""
        self._left, self._page = answers_bytes_max, page
        self._stream = open(_PEER, "rb", closefd=False)  # noqa: SIM115
        self.has_loaded = False

    def ask(self, order: dict[str, Any]) -> tuple[bytes, bytes]:
        if not self.has_loaded:
            self._load()
        body = to_json(order).encode()
        rest = memoryview(FRAME.pack(b"C", len(body)) + body)
        # A program that does not read its calls lets the test wait too.
        self._page[MARK] |= WAITS
        try:
            while rest:
                rest = rest[os.write(_PEER, rest) :]
        except OSError:
            self._end("gone")
        answer = self._receive()
        self._page[MARK] = HAD_VALUE
        return answer

    def _load(self) -> None:
        self._page[MARK] |= WAITS
        kind, body = self._receive()
        if kind != LOADED:
            self._end(kind.decode("latin-1") + body.decode("utf-8", "replace"))
        self.has_loaded = True

    def _receive(self) -> tuple[bytes, bytes]:
        try:
            head = self._stream.read(FRAME.size)
            if len(head) < FRAME.size:
                self._end("gone")
            kind, length = FRAME.unpack(head)
            if kind not in ANSWER_KINDS or (self.has_loaded and kind in LOAD_KINDS):
                self._end("unreadable")
            self._left -= FRAME.size + length
            if self._left < 0:
                self._end("long")
            body = self._stream.read(length)
        except ConnectionError:
            self._end("gone")
        if len(body) < length:
            self._end("gone")
        return kind, body

    def _end(self, why: str) -> None:
        self.ended = why
        raise Ended


class Remote:
    """A function or an object that lives with the program: it can be called and handed back, nothing else."""

    def __init__(self, trial: "Trial", target: int | str) -> None:
        self._trial, self._target = trial, target

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._trial.call(self._target, args, kwargs)

    def __repr__(self) -> str:
        return f"<{self._target} of the program>"


class _Borrowing(dict[str, Any]):
    """The builtins of a test. A name that nobody defines is a module of the standard library or the program's."""

    def __init__(self, trial: "Trial") -> None:
        super().__init__(builtins.__dict__)
        self._trial = trial

    def __missing__(self, name: str) -> Any:
        if name.startswith("__"):
            raise KeyError(name)
        if name in sys.stdlib_module_names:
            return __import__(name)
        return Remote(self._trial, name)


class Trial:
    """One execution of a test: its namespace, the calls that it makes, what its checks come to."""

    def __init__(self, link: Link, entry_point: str, records: bool = True) -> None:
        self._link, self._records = link, records
        self._entry_point = entry_point
        self._raised: BaseException | None = None
        self._recorded_bytes = 0
        self.calls: list[tuple[str, str, str]] = []
        """Call, kind and body of each answer, as far as they are kept."""
        self.made = self.answered = 0
        teach("ref", Remote, lambda remote: remote._target, lambda target: Remote(self, target))
        remote = Remote(self, entry_point)
        self.names: dict[str, Any] = {
            "__builtins__": _Borrowing(self),
            "__name__": "test",
            "candidate": remote,
            entry_point: remote,
        }

    @property
    def summary(self) -> dict[str, Any]:
        return {
            "made": self.made if self._link.has_loaded else 0,
            "answered": self.answered,
            "ended": self._link.ended,
            "calls": self.calls,
            "is_whole": len(self.calls) == self.made,
        }

    def call(self, target: int | str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the program answers, or raises what it raised."""
        order: dict[str, Any] = {} if target == self._entry_point else {"on": target}
        order |= {"args": [_sendable(value) for value in args]}
        order |= {"kwargs": {name: _sendable(value) for name, value in kwargs.items()}}
        if self._link.ended:
            raise Ended
        self.made += 1
        kind, body = self._link.ask(order)
        self.answered += 1
        if self._records:
            self._record(to_json(order), kind, body)
        if kind == RETURNED:
            try:
                return decode(body)
            except Unreadable:
                self._link.ended = "unreadable"
                raise Ended from None
        self._raised = _exception(kind, body.decode("utf-8", "replace"))
        raise self._raised

    def _record(self, call: str, kind: bytes, body: bytes) -> None:
        self._recorded_bytes += len(call) + len(body)
        if self._recorded_bytes <= _RECORDED_BYTES_MAX:
            self.calls.append((call, kind.decode("latin-1"), body.decode("utf-8", "replace")))

    def check(self, code: Callable[[], object]) -> dict[str, Any]:
        """Executes one check: `outcome`, `error` and `had_value` as in graders.api.Check."""
        self._raised = None
        try:
            code()
        except BaseException as error:
            outcome, text = self._outcome(error), _described(error)
        else:
            outcome, text = "held", ""
        if self._link.ended:
            outcome, text = "not_reached", ""
        return {"outcome": outcome, "error": text, "had_value": self.answered > 0}

    def _outcome(self, error: BaseException) -> str:
        if error is self._raised:
            return "raised"
        return "failed" if isinstance(error, AssertionError) else "judge_error"


class Task:
    """A compiled test. What cannot be compiled is an error of every check."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.entry_point: str = job["entry_point"]
        self._prompt = _compiled(job["prompt"], "prompt")
        self._test = _compiled(job["test"], "test")
        self._checks = [_compiled(check, f"checks[{place}]") for place, check in enumerate(job["checks"])]

    def run(self, trial: Trial, tell: Callable[[dict[str, Any]], None]) -> None:
        """Executes the checks in order; `tell` hears of each as it ends."""
        names = trial.names
        if not self._checks:
            tell(trial.check(lambda: self._whole(names)))
            return
        prepared = trial.check(lambda: self._prepare(names))
        for check in self._checks:
            if prepared["outcome"] == "held":
                tell(trial.check(lambda check=check: _execute(check, names)))  # type: ignore[misc]
            else:
                outcome = prepared["outcome"] if prepared["outcome"] != "failed" else "judge_error"
                tell(prepared | {"outcome": outcome})

    def check_answers(self, answers: list[str | None], trial: Trial, tell: Callable[[dict[str, Any]], None]) -> None:
        """Executes check i with `answer` bound to the value of `answers[i]`, where there is one."""
        prepared = trial.check(lambda: self._prepare(trial.names))
        for check, text in zip(self._checks, answers, strict=True):
            told = {"outcome": "not_reached", "error": "", "had_value": False}
            if text is not None and prepared["outcome"] == "held":
                told = self._check_answer(check, text, trial)
            elif text is not None:
                told = prepared | {"outcome": "judge_error"}
            tell(told)

    def _check_answer(self, check: CodeType | Exception, text: str, trial: Trial) -> dict[str, Any]:
        try:
            trial.names["answer"] = decode(text)
        except Unreadable as error:
            return {"outcome": "not_reached", "error": _described(error), "had_value": False}
        trial.answered = 1
        return trial.check(lambda: _execute(check, trial.names))

    def _prepare(self, names: dict[str, Any]) -> None:
        mine = {name: names[name] for name in ("candidate", self.entry_point) if name in names}
        _execute(self._prompt, names)
        # The prompt defines the entry point too, without its body.
        names |= mine
        _execute(self._test, names)

    def _whole(self, names: dict[str, Any]) -> None:
        self._prepare(names)
        check = names.get("check")
        # An entry point of that name is the program, no test of it.
        if check is not None and not isinstance(check, Remote) and check(names["candidate"]) is False:
            raise AssertionError("check returned False")


def main(page: mmap | bytearray) -> None:
    """Does the job and ends the process."""
    gc.enable()
    content = os.pread(_JOB, os.fstat(_JOB).st_size, 0)
    # Answers of a program's stand in it: what they cost from here on is not the test's doing.
    page[MARK] = HAD_VALUE if b'"answers": [' in content else 0
    job = loads(content)
    report = Report(_REPORT)
    link: Link = _LiveLink(job["answers_bytes_max"], page) if job["answers"] is None else Nobody()
    trial = Trial(link, job["entry_point"])
    task = Task(job)
    if job["answers"] is None:
        task.run(trial, report.tell)
    else:
        task.check_answers(job["answers"], trial, report.tell)
    report.finish(trial.summary)
    os._exit(0)


class Nobody:
    """The link of a checker, which looks at answers that are there."""

    ended = ""
    has_loaded = True

    def ask(self, order: dict[str, Any]) -> tuple[bytes, bytes]:
        raise NameError("A checker cannot call the program; it has ended.")


class Report:
    """What a judge writes for the service: a frame per check as it ends, so that none is lost, and a summary."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def tell(self, check: dict[str, Any]) -> None:
        self._write(CHECK, check)

    def finish(self, summary: dict[str, Any]) -> None:
        self._write(SUMMARY, summary)

    def _write(self, kind: bytes, content: Any) -> None:
        body = dumps(content).encode()
        os.write(self._descriptor, FRAME.pack(kind, len(body)) + body)


def _compiled(source: str, name: str) -> CodeType | Exception:
    try:
        return compile(source, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return error


def _execute(code: CodeType | Exception, names: dict[str, Any]) -> None:
    if isinstance(code, Exception):
        raise code.with_traceback(None)
    exec(code, names)


def _sendable(value: Any) -> Any:
    try:
        return tagged(value)
    except Unsendable:
        return tagged(plain(value, _refuse))


def _refuse(value: Any) -> Any:
    if isinstance(value, Remote):
        return value
    raise Unsendable(f"The test passes a value of type {type(value).__name__}, which cannot be sent.")


def _exception(kind: bytes, text: str) -> Exception:
    """The program's exception as one of ours: a builtin one by its name, never one that would end the test."""
    name, _, message = text.partition(": ")
    found = MemoryError if kind == OUT_OF_MEMORY else getattr(builtins, name, None)
    if isinstance(found, type) and issubclass(found, Exception) and not issubclass(found, _ENDS_OF_ITERATION):
        try:
            return found(message)
        except TypeError:
            # A few need more than a message.
            pass
    return ProgramError(text)


def _described(error: BaseException) -> str:
    try:
        text = f"{type(error).__name__}: {error}"
    except BaseException:  # an exception class of the test's own
        text = type(error).__name__
    return text[:ERROR_CHARACTERS].encode("utf-8", "replace").decode()
