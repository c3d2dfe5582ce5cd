"""Reads `cases.toml`, a grader's worked examples: one file for tests, README table, OpenAPI examples and self-test."""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from graders.api import Check, Execution, Result
from graders.errors import did_you_mean


@dataclass(frozen=True, slots=True)
class Expectation:
    """What one version makes of a case: a reward and a verdict, or the code of an error."""

    reward: float | None = None
    verdict: str | None = None
    error: str | None = None

    def __str__(self) -> str:
        return self.error or f"{self.reward:g} {self.verdict}"


@dataclass(frozen=True, slots=True)
class Case:
    """A worked example beside a grader. It is never edited once a released version names it."""

    name: str
    why: str
    item: dict[str, Any]
    sample: dict[str, Any]
    expect: dict[str, Expectation]
    """By version name: `v1`, `v2`."""
    config: dict[str, Any] = field(default_factory=dict)
    executions: tuple[Execution, ...] = ()
    """What the sandbox saw of the programs that the version's plan asks for: only what is the same each time."""


Made = TypeVar("Made", Case, Expectation)

_TEXT = (str,), "text"
_TABLE = (dict,), "a table"
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys(("name", "why", "verdict", "error"), _TEXT),
    **dict.fromkeys(("item", "config", "expect"), _TABLE),
    "sample": ((str, dict), "text or a table"),
    "reward": ((int, float), "a number"),
    "executions": ((list,), "a list of tables"),
}
"""What the fields of a case and of an expectation are in the file, and how that is said."""


def read_cases(folder: Path) -> tuple[Case, ...]:
    """The cases of the grader in `folder`, in file order; none without a `cases.toml`.

    Raises:
        ValueError: the file is not TOML, or a case lacks a field, has an unknown one, one of another type or a value
            that is no JSON, or two cases have one name.
    """
    file = folder / "cases.toml"
    if not file.is_file():
        return ()
    try:
        # Some editors begin a file with a byte order mark.
        table = tomllib.loads(file.read_text("utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"cases.toml is not TOML in UTF-8: {error}.") from error
    raw = table.get("case", [])
    if set(table) - {"case"} or not (isinstance(raw, list) and all(isinstance(each, dict) for each in raw)):
        raise ValueError(f"cases.toml holds tables [[case]] and nothing else; it has {', '.join(table)}.")
    cases = tuple(_read(each) for each in raw)
    for name, times in Counter(case.name for case in cases).items():
        if times > 1:
            raise ValueError(f"Case {name!r} in cases.toml: there are {times} of this name; each needs its own.")
    return cases


def _read(raw: dict[str, Any]) -> Case:
    try:
        case = _made(Case, raw)
        sample = {"output_text": case.sample} if isinstance(case.sample, str) else case.sample
        # TOML has dates and NaN, which no request can hold.
        json.dumps((sample, case.item, case.config), allow_nan=False)
        expect = {version: _expectation(version, found) for version, found in raw["expect"].items()}
        executions = tuple(Execution(**execution) for execution in raw.get("executions", ()))
        return replace(case, sample=sample, expect=expect, executions=executions)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Case {raw.get('name', '?')!r} in cases.toml: {str(error).removesuffix('.')}.") from error


def _expectation(version: str, found: Any) -> Expectation:
    """What is expected of `version`; raises as `_made`, and ValueError where it is nothing that can come out."""
    if not re.fullmatch(r"v[1-9][0-9]*", version):
        raise ValueError(f"expect.{version} names no version; one looks like expect.v1")
    if isinstance(found, dict):
        made = _made(Expectation, found)
        if set(found) in ({"reward", "verdict"}, {"error"}):
            return made
    raise ValueError(f'expect.{version} is to be {{ reward = 1.0, verdict = "..." }} or {{ error = "..." }}')


def _made(kind: type[Made], raw: dict[str, Any]) -> Made:
    """`raw` as `kind`; raises ValueError where a field is missing or unknown, TypeError where it is of another type."""
    known = [each.name for each in fields(kind)]
    if unknown := [name for name in raw if name not in known]:
        nearest = did_you_mean(unknown[0], known)
        raise ValueError(f"there is no field {unknown[0]!r}.{nearest} Known: {', '.join(known)}")
    for each in fields(kind):
        if each.default is MISSING and each.default_factory is MISSING and each.name not in raw:
            raise ValueError(f"the field {each.name!r} is missing")
    for name, value in raw.items():
        types, wanted = _TYPES[name]
        if not isinstance(value, types) or isinstance(value, bool):
            raise TypeError(f"the field {name!r} is to be {wanted}")
    return kind(**raw)


def toml_of(executions: Sequence[Execution]) -> str:
    """`executions` as the line of a case, without the fields that have their defaults."""
    return f"executions = {_toml(list(executions))}"


def _toml(value: Any) -> str:
    if isinstance(value, str):
        # JSON's escapes are TOML's; only DEL has none in JSON.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, (Execution, Result, Check)):
        told = {each.name: getattr(value, each.name) for each in fields(value)}
        plain = {each.name: each.default for each in fields(value)}
        return f"{{ {', '.join(f'{name} = {_toml(told[name])}' for name in told if told[name] != plain[name])} }}"
    return json.dumps(value)


def markdown_table(cases: tuple[Case, ...], versions: list[str]) -> str:
    """One row per case, one column per version: what a reader needs to see what a version changed."""
    return "\n".join(_rows(cases, versions)) + "\n"


def _rows(cases: tuple[Case, ...], versions: list[str]) -> Iterator[str]:
    yield "| Case | Why | " + " | ".join(versions) + " |"
    yield "| --- | --- |" + " --- |" * len(versions)
    for case in cases:
        expected = (str(case.expect[version]) if version in case.expect else "" for version in versions)
        yield f"| {_cell(case.name)} | {_cell(case.why)} | " + " | ".join(expected) + " |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
