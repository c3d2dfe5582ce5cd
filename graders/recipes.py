"""A recipe: a grader (or another recipe), its config fixed, its dataset columns named. Immutable like a version."""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graders.errors import did_you_mean

NAME_PATTERN = r"[a-z][a-z0-9_]{0,63}"
_FIELDS = {"grader": str, "config": dict, "item_map": dict, "summary": str}
_FILE = re.compile(rf"({NAME_PATTERN})\.v([1-9][0-9]{{0,8}})\.toml")


@dataclass(frozen=True, slots=True)
class Recipe:
    """`four_tier@v1` = `finance_qa@v1` + a config (+ an `item_map`)."""

    name: str
    version: int
    grader: str
    """The grader id it stands on: a version, or another recipe."""
    config: dict[str, Any]
    """Laid over the config of `grader`, field by field."""
    item_map: dict[str, str] = field(default_factory=dict)
    """From a dataset's column to the item field that `grader` reads it as."""
    summary: str = ""
    origin: str = "stored"

    @property
    def id(self) -> str:
        return f"{self.name}@v{self.version}"

    @property
    def content(self) -> bytes:
        """What makes two recipes the same: grader, config, item_map, as canonical JSON."""
        return canonical_json({"grader": self.grader, "config": self.config, "item_map": self.item_map})

    def digest(self, grader_digest: str) -> str:
        """sha256 over the recipe and the digest of what it stands on, so that it covers the whole chain."""
        return "sha256:" + hashlib.sha256(grader_digest.encode() + b"\n" + self.content).hexdigest()


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces: equal values give equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def recipe_files(folder: Path) -> list[Path]:
    """The files of the recipes that ship with the grader in `folder`: `recipes/NAME.vN.toml`, by name and version."""
    return sorted((folder / "recipes").glob("*.toml"))


def recipe_id(file: Path) -> str | None:
    """The id that a recipe's file gives by its name; None: it is not named like a recipe."""
    named = _FILE.fullmatch(file.name)
    return f"{named[1]}@v{int(named[2])}" if named else None


def read_recipe(file: Path, origin: str) -> Recipe:
    """The recipe in `file`.

    Raises:
        ValueError: the file is not named like a recipe, is not TOML, or a field is missing, unknown or wrong.
        OSError: the file cannot be read.
    """
    named = _FILE.fullmatch(file.name)
    if named is None:
        raise ValueError("A recipe's file is named NAME.vN.toml, in lower case.")
    # Some editors begin a file with a byte order mark.
    table = tomllib.loads(file.read_text("utf-8-sig"))
    if fault := next(_faults(table), None):
        raise ValueError(fault)
    return Recipe(named[1], int(named[2]), origin=origin, **{"config": {}, **table})


def _faults(table: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the fields of a recipe's file."""
    for name, value in table.items():
        if name not in _FIELDS:
            yield f"There is no field {name!r}.{did_you_mean(name, _FIELDS)} Known: {', '.join(_FIELDS)}."
        elif not isinstance(value, _FIELDS[name]):
            yield f"The field {name!r} is to be {'a table' if _FIELDS[name] is dict else 'text'}."
    if "grader" not in table:
        yield "The field 'grader' is missing: the id that the recipe stands on."
    if not all(isinstance(name, str) for name in table.get("item_map", {}).values()):
        yield "'item_map' leads from a dataset's column to the name of an item field, which is text."
