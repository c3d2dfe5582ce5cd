"""Reads `cases.toml`, a grader's worked examples: one file for tests, README table, OpenAPI examples and self-test."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


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


def read_cases(folder: Path) -> tuple[Case, ...]:
    """The cases of the grader in `folder`, in file order; none without a `cases.toml`.

    Raises:
        ValueError: the file is not TOML or a case lacks a field or has an unknown one.
    """
    file = folder / "cases.toml"
    if not file.is_file():
        return ()
    table = tomllib.loads(file.read_text("utf-8"))
    return tuple(_read(case) for case in table.get("case", []))


def _read(raw: dict[str, Any]) -> Case:
    try:
        sample, expect = raw.pop("sample"), raw.pop("expect")
        expectations = {version: Expectation(**found) for version, found in expect.items()}
        return Case(sample={"output_text": sample} if isinstance(sample, str) else sample, expect=expectations, **raw)
    except (KeyError, TypeError) as error:
        raise ValueError(f"Case {raw.get('name', '?')!r} in cases.toml: {error}.") from error


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
