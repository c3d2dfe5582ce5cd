"""Is what a grader returned of the types that `graders.api` says? Python does not ask, and where it is not, something
else would fail later: a worker's answer, the ledger or, as if it were to blame, the program."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from pydantic_core import from_json

from graders.api import Grade, Program

# A union would be made anew at every judgement.
_NUMBERS = (int, float)
_PAIRS = (tuple, list)
_SHOWN_MAX = 80

WANTED = {
    "reward": "an int or float",
    "verdict": "a str",
    "reason": "a str",
    "answer": "a str or None",
    "answer_span": "two ints or None",
    "sub_rewards": "a dict from str to int or float",
    "details": "a dict",
}
"""What a grade's fields are to be."""


def mistyped(grade: Grade) -> str:
    """The first field that is shown and stored and is not what `Grade` says; empty: none."""
    span, parts = grade.answer_span, grade.sub_rewards
    if not isinstance(grade.reward, _NUMBERS):
        return "reward"
    if not isinstance(grade.verdict, str):
        return "verdict"
    if not isinstance(grade.reason, str):
        return "reason"
    if not (grade.answer is None or isinstance(grade.answer, str)):
        return "answer"
    if span is not None and not (
        isinstance(span, _PAIRS) and len(span) == 2 and isinstance(span[0], int) and isinstance(span[1], int)
    ):
        return "answer_span"
    if not isinstance(parts, dict) or (parts and not _is_parts(parts)):
        return "sub_rewards"
    return "" if isinstance(grade.details, dict) else "details"


def _is_parts(parts: dict[Any, Any]) -> bool:
    return all(isinstance(name, str) and isinstance(value, _NUMBERS) for name, value in parts.items())


def shown(value: Any) -> str:
    """`value` in a few words, with its type."""
    try:
        text = repr(value)
    # It may be anybody's class.
    except Exception:  # noqa: BLE001
        text = "?"
    return f"{text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + '...'} ({type(value).__name__})"


def unfit_programs(programs: Sequence[Program]) -> Iterator[str]:
    """What is wrong with the fields of each of `programs`, if anything."""
    for number, program in enumerate(programs):
        for name, (kinds, wanted) in _OF_PROGRAMS.items():
            value = getattr(program, name)
            for each in value if isinstance(value, tuple) else (value,):
                if not isinstance(each, kinds) or (isinstance(each, str) and not _is_writable(each)):
                    yield f"program {number} with {shown(each)} in {name}; wanted {wanted}"
        for call in program.calls:
            if isinstance(call, str) and not _is_call(call):
                yield f"program {number} with {shown(call)} in calls; wanted JSON texts {_CALL}"


_TEXT = (str,), "text without lone surrogates"
_CALL = '{"args": [...], "kwargs": {...}}'
_NUMBER = _NUMBERS, "an int or float"
_OF_PROGRAMS = {
    field.name: _TEXT if isinstance(field.default, (str, tuple)) or field.name == "source" else _NUMBER
    for field in fields(Program)
} | dict.fromkeys(("memory_mib", "output_bytes", "files", "threads"), ((int,), "an int"))


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_call(call: str) -> bool:
    try:
        read = from_json(call)
    except ValueError:
        return False
    return isinstance(read, dict) and isinstance(read.get("args"), list) and isinstance(read.get("kwargs"), dict)
