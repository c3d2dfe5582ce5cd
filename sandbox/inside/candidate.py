"""The process that holds a program: it runs it and hands its values on. It never holds a test or an expected value.

It may say whatever it likes: what it writes is a value to be compared elsewhere, or the reason why there is none.
"""

import atexit
import builtins
import gc
import os
import sys
import traceback
from collections.abc import Iterator
from io import IOBase
from json import JSONDecoder, loads
from mmap import mmap
from types import ModuleType
from typing import Any, NamedTuple

from graders.kit.values import Unsendable, tagged, teach, to_json, untagged
from sandbox.inside.plain import plain
from sandbox.inside.protocol import (
    CALLS,
    ERROR_CHARACTERS,
    FRAME,
    JOB,
    LIVE,
    LOADED,
    NOT_LOADED,
    OUT_OF_MEMORY,
    RAISED,
    REPLAYABLE,
    RETURNED,
    STDIO,
    UNSENDABLE,
)

DESCRIPTORS = (3, 4, 1, 2, 0)
"""Where the descriptors of a run go: its job, its answers (or the judge), stdout, stderr, stdin."""

_JOB, _ANSWERS = DESCRIPTORS[:2]
# Enough for most, so that one read does.
_READ_BYTES = 1 << 16
# `loads` less its search for white space, which a list of calls does not begin with.
_parse = JSONDecoder().raw_decode
_NO_MEMORY = 71
# As `python` has it.
_NOT_FLUSHED = 120


class _Reference:
    """Stands for a value that stays here. The judge refers to it by its number, or to a global by its name."""

    def __init__(self, target: int | str) -> None:
        self.target = target


def main(page: mmap | bytearray) -> None:
    """Does the job and ends the process. A program has no use for the judges' page."""
    gc.enable()
    try:
        job = _read_job()
        _DO[job.kind](job)
    except MemoryError:
        os._exit(_NO_MEMORY)
    sys.stdout.flush()
    os._exit(0)


class _Job(NamedTuple):
    kind: bytes
    source: str
    entry_point: str
    calls: str


def _read_job() -> _Job:
    text = os.pread(_JOB, _READ_BYTES, 0)
    if len(text) == _READ_BYTES:
        text += os.pread(_JOB, os.fstat(_JOB).st_size, _READ_BYTES)
    # Every run for another stdin has the same file: where one leaves its offset, the next would find it.
    os.close(_JOB)
    kind, source, entry_point = JOB.unpack_from(text)
    start = JOB.size + source
    end = start + entry_point
    # Not `utf-8-sig`, which each run would have to import.
    program = text[JOB.size : start].decode().removeprefix("\ufeff")
    return _Job(kind, program, text[start:end].decode(), text[end:].decode())


def _do_calls(job: _Job) -> None:
    solution = _Solution(job)
    if solution.is_loaded:
        for call in _parse(job.calls)[0]:
            solution.answer(call)


def _do_live(job: _Job) -> None:
    solution = _Solution(job)
    if solution.is_loaded:
        for call in _frames():
            solution.answer(loads(call))


def _frames() -> Iterator[bytes]:
    """The judge's calls, until it closes the connection."""
    with open(_ANSWERS, "rb", closefd=False) as stream:
        while head := stream.read(FRAME.size):
            yield stream.read(FRAME.unpack(head)[1])


class _Solution:
    """A loaded program, its functions and the values that it keeps."""

    def __init__(self, job: _Job) -> None:
        module = ModuleType("solution")
        sys.modules["solution"] = module
        self._names = module.__dict__
        self._kept: list[Any] = []
        self._stranger = _refuse
        self._function: Any = None
        if job.kind != CALLS:
            self._stranger = self._keep
            teach("ref", _Reference, lambda reference: reference.target, self._referred)
        self.is_loaded = self._load(job)

    def _load(self, job: _Job) -> bool:
        try:
            exec(compile(job.source, "solution.py", "exec", dont_inherit=True), self._names)
            self._function = self._named(job.entry_point)
        except BaseException as error:
            _write(OUT_OF_MEMORY if isinstance(error, MemoryError) else NOT_LOADED, _described(error))
            return False
        _write(LOADED, b"")
        return True

    def answer(self, order: dict[str, Any]) -> None:
        """Makes one call and writes what came of it."""
        try:
            function = self._referred(order["on"]) if "on" in order else self._function
            args, named = order["args"], order["kwargs"]
            args = [untagged(value) for value in args]
            if named:
                value = function(*args, **{name: untagged(value) for name, value in named.items()})
            else:
                value = function(*args)
            kind, text = RETURNED, self._written(value)
        except Unsendable as error:
            kind, text = UNSENDABLE, _described(error)
        except MemoryError as error:
            kind, text = OUT_OF_MEMORY, _described(error)
        except BaseException as error:
            kind, text = RAISED, _described(error)
        _write(kind, text)

    def _referred(self, target: int | str) -> Any:
        return self._kept[target] if isinstance(target, int) else self._named(target)

    def _named(self, name: str) -> Any:
        first, *rest = name.split(".")
        try:
            value = self._names[first]
        except KeyError:
            raise NameError(f"The program defines no {first!r}.") from None
        for part in rest:
            value = getattr(value, part)
        return value

    def _written(self, value: Any) -> bytes:
        try:
            return to_json(tagged(value)).encode()
        except Unsendable:
            return to_json(tagged(plain(value, self._stranger))).encode()

    def _keep(self, value: Any) -> _Reference:
        self._kept.append(value)
        return _Reference(len(self._kept) - 1)


def _refuse(value: Any) -> Any:
    raise Unsendable(f"A value of type {type(value).__name__} cannot be sent.")


def _do_stdio(job: _Job) -> None:
    """Runs the program as `python solution.py` would, its exit status included."""
    module = ModuleType("__main__")
    module.__dict__.update(__builtins__=builtins, __file__="solution.py")
    sys.modules["__main__"] = module
    status = 1
    try:
        code = compile(job.source, "solution.py", "exec", dont_inherit=True)
        _write(LOADED, b"")
        exec(code, module.__dict__)
        status = 0
    except SystemExit as end:
        status = _status(end.code)
    except BaseException as error:
        _write(_kind(error), _described(error))
        traceback.print_exception(error)
    os._exit(status if _wind_up(module) else _NOT_FLUSHED)


def _kind(error: BaseException) -> bytes:
    if isinstance(error, MemoryError):
        return OUT_OF_MEMORY
    is_ours = error.__traceback__ is not None and error.__traceback__.tb_next is None
    return NOT_LOADED if is_ours and isinstance(error, (SyntaxError, ValueError)) else RAISED


def _status(code: Any) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    sys.stderr.write(f"{code}\n")
    return 1


def _wind_up(module: ModuleType) -> bool:
    """What the interpreter does at its end: waits for threads, runs what `atexit` was given, writes what is still in
    buffers, also of files that the program left open. False if its stdout or stderr could not be written."""
    threading: Any = sys.modules.get("threading")
    if threading is not None:
        threading._shutdown()
    atexit._run_exitfuncs()
    unwritten = [stream for stream in (sys.stdout, sys.stderr) if not _flush(stream)]
    left_open = [value for value in list(module.__dict__.values()) if isinstance(value, IOBase)]
    for stream in (sys.__stdout__, sys.__stderr__, *left_open):
        _flush(stream)
    return not unwritten


def _flush(stream: Any) -> bool:
    """False if that failed. The program may have closed the stream, or have put anything in its place."""
    try:
        if stream is not None and not getattr(stream, "closed", False):
            stream.flush()
    except MemoryError:
        raise
    except BaseException:
        return False
    return True


def _described(error: BaseException) -> bytes:
    """`Type: message`, whatever the exception's own methods do."""
    name = type(error).__name__
    try:
        text = f"{name}: {error}"
    except BaseException:
        text = name
    return text[:ERROR_CHARACTERS].encode("utf-8", "replace")


def _write(kind: bytes, body: bytes) -> None:
    rest = FRAME.pack(kind, len(body)) + body
    while (written := os.write(_ANSWERS, rest)) < len(rest):
        rest = rest[written:]


_DO = {CALLS: _do_calls, REPLAYABLE: _do_calls, LIVE: _do_live, STDIO: _do_stdio}
