"""A recipe: a grader (or another recipe), its config fixed, its dataset columns named. Immutable like a version."""

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAME_PATTERN = r"[a-z][a-z0-9_]{0,63}"
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


def read_recipes(folder: Path, origin: str) -> tuple[Recipe, ...]:
    """The recipes that ship in `folder/recipes/NAME.vN.toml`, by name and version.

    Raises:
        ValueError: a file is not TOML, lacks `grader` or has an unknown field.
    """
    return tuple(_read(file, origin) for file in sorted((folder / "recipes").glob("*.toml")))


def _read(file: Path, origin: str) -> Recipe:
    named = _FILE.fullmatch(file.name)
    if named is None:
        raise ValueError(f"{file.name} is not named like a recipe: NAME.vN.toml.")
    try:
        table: dict[str, Any] = {"config": {}, **tomllib.loads(file.read_text("utf-8"))}
        return Recipe(named[1], int(named[2]), origin=origin, **table)
    except TypeError as error:
        raise ValueError(f"Recipe {file.name}: {error}.") from error
