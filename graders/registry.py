"""The graders that can be called. The path is the registration: `graders/finance_qa/v1.py` is `finance_qa@v1`."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json

from graders.cases import read_cases
from graders.crashes import import_hint, place_of
from graders.digest import digest_of
from graders.discovery import GraderFolder, Misfit, find_folders, load_version
from graders.errors import Fault, InvalidConfig, Unscored, json_pointer, nearest, said_by
from graders.lock import Lock, changed_after_release, lost_after_release, read_lock, recipe_changed_after_release
from graders.recipes import NAME_PATTERN, Recipe, canonical_json, read_recipe, recipe_files, recipe_id
from graders.version import Version

_ID = re.compile(rf"({NAME_PATTERN})@v([1-9][0-9]{{0,8}})")


@dataclass(frozen=True)
class Grader:
    """What a grader id stands for: a version, with the config and columns that a recipe fixes."""

    id: str
    version: Version
    digest: str
    summary: str
    origin: str
    released: bool
    recipe: Recipe | None = None
    config: dict[str, Any] = field(default_factory=dict)
    """As sent to the version; empty for a version called directly without one."""
    item_map: dict[str, str] = field(default_factory=dict)
    """From a dataset's column to the version's own item field."""
    depth: int = 0
    """How many recipes stand one on another here; 0 for a version."""

    def mapped(self, item: dict[str, Any]) -> dict[str, Any]:
        """`item` with the columns of `item_map` under the names of the version's fields.

        A field is read from its column and from nothing else: where that is absent, a column which happens to be called
        as the field is would be another thing.
        """
        if not self.item_map:
            return item
        renamed = {self.item_map[column]: value for column, value in item.items() if column in self.item_map}
        named = {*self.item_map, *self.item_map.values()}
        return {column: value for column, value in item.items() if column not in named} | renamed

    @property
    def columns(self) -> set[str]:
        """The columns of an item that are read."""
        return {*self.item_map, *self.version.item_fields.difference(self.item_map.values())}

    def as_sent(self, fault: Fault) -> Fault:
        """`fault` with its pointer on the caller's column instead of the version's field."""
        for column, name in self.item_map.items():
            place = json_pointer("/item", name)
            if fault.pointer == place or fault.pointer.startswith(f"{place}/"):
                return Fault(json_pointer("/item", column) + fault.pointer.removeprefix(place), fault.detail)
        return fault

    def with_config(self, config: dict[str, Any] | None) -> "ConfigInForce":
        """The config in force; `config` is the request's, if it sent one.

        Raises:
            InvalidConfig: a field is unknown or wrong, or a request that names a recipe sent a config.
        """
        if config is not None and self.recipe is not None:
            detail = f"{self.id} is a recipe: its config is fixed. Leave `config` out, or call {self.version.id}."
            raise InvalidConfig(detail, (Fault("/config", "A recipe's config is fixed."),))
        return self._fixed_config if config is None else ConfigInForce.of(config, self.version)

    @cached_property
    def _fixed_config(self) -> "ConfigInForce":
        return ConfigInForce.of(self.config, self.version)


@dataclass(frozen=True)
class ConfigInForce:
    """A config as it was sent, as the version's own model, and as the JSON that is stored."""

    raw: dict[str, Any]
    model: BaseModel
    json: bytes

    @classmethod
    def of(cls, raw: dict[str, Any], version: Version) -> "ConfigInForce":
        """Raises InvalidConfig."""
        try:
            json = canonical_json(raw)
            # What is stored, and sent to workers, does not have the order of the fields of `raw`.
            ordered = from_json(json)
        except (TypeError, ValueError) as error:
            version.read_config(raw)
            if isinstance(error, TypeError):
                raise
            detail = "A number in the config is beyond the range of a double."
            raise InvalidConfig(detail, (Fault("/config", detail),)) from error
        return cls(raw, version.read_config(ordered), json)


class UnknownGrader(LookupError):
    """No grader has this id. `detail` names the nearest and all known ids, or the versions that there are."""

    def __init__(self, id: str, known: Sequence[str]) -> None:
        name = id.partition("@")[0]
        versions = [known_id for known_id in known if known_id.partition("@")[0] == name]
        if versions:
            self.detail = f"No version {id!r}. Versions of {name}: {', '.join(versions)}."
        else:
            near = nearest(name, [known_id.partition("@")[0] for known_id in known])
            hint = "" if near is None else f" Did you mean {_alike(id, near, known)!r}?"
            self.detail = f"No grader {id!r}.{hint} Known graders: {', '.join(known)}."
        super().__init__(self.detail)


def _alike(id: str, name: str, known: Sequence[str]) -> str:
    """The version of `name` that `id` asks for, or else the last."""
    same = f"{name}@{id.partition('@')[2]}"
    return same if same in known else [each for each in known if each.partition("@")[0] == name][-1]


class _StandsOnNothing(ValueError):
    """What a recipe stands on is not served."""


class Registry:
    """Versions and shipped recipes by id. `unhealthy` holds, by id, why one that was found is not served."""

    def __init__(self, graders_path: Sequence[Path] = (), without: Collection[str] = ()) -> None:
        """Versions whose ids are in `without` are not even loaded."""
        self._without = without
        self._graders: dict[str, Grader] = {}
        self._brought_by: dict[str, GraderFolder] = {}
        self._locks: dict[Path, Lock] = {}
        self.folders: dict[str, GraderFolder] = {}
        self.unhealthy: dict[str, str] = {}
        for found in find_folders(graders_path):
            if isinstance(found, Misfit):
                self.unhealthy[found.name] = found.why
            else:
                self._add_folder(found)
        self._add_recipes([(folder, file) for folder in self.folders.values() for file in recipe_files(folder.folder)])
        for root, lock in self._locks.items():
            self.unhealthy |= {key: why for key, why in lock.faults.items() if key not in self._graders}
            lost = lock.digests.keys() - self._graders.keys() - self.unhealthy.keys() - set(without)
            # Of a folder that is not served as a whole, its name says why.
            missed = [id for id in sorted(lost) if id.partition("@")[0] not in self.unhealthy]
            self.unhealthy |= {id: lost_after_release(root, id) for id in missed}

    def __iter__(self) -> Iterator[Grader]:
        return iter(sorted(self._graders.values(), key=lambda grader: parse_id(grader.id)))

    def __getitem__(self, id: str) -> Grader:
        """Raises UnknownGrader, which lists what is known."""
        try:
            return self._graders[id]
        except KeyError:
            raise UnknownGrader(id, self.ids()) from None

    def get(self, id: str) -> Grader | None:
        return self._graders.get(id)

    def ids(self) -> list[str]:
        return [grader.id for grader in self]

    def has_name(self, name: str) -> bool:
        """Whether a grader or a shipped recipe bears `name`: a stored recipe may not take it."""
        return any(id.partition("@")[0] == name for id in (*self._graders, *self.unhealthy))

    def others_than(self, version: Version) -> set[str]:
        """The ids that a process need not load in which only `version` is called."""
        return ({grader.version.id for grader in self} | set(self.unhealthy)) - {version.id}

    def folder_of(self, id: str) -> GraderFolder:
        """The grader folder that brings `id`, a version or a shipped recipe. Raises KeyError for any other."""
        return self._brought_by[id]

    def withdraw(self, id: str, why: str) -> None:
        """Stops serving `id` and what stands on it."""
        for grader in list(self._graders.values()):
            if id in (grader.id, grader.version.id):
                del self._graders[grader.id]
                self.unhealthy[grader.id] = why

    def resolve(self, recipe: Recipe, base: Grader, *, locked: bool = True) -> Grader:
        """What `recipe` stands for on top of `base`: shallow merge of the configs, columns followed to the version.

        It is released if it is `locked` itself, as every stored recipe is, and stands on something released.

        Raises:
            InvalidConfig: the merged config or the item map is not one of the version.
        """
        config = {**base.config, **recipe.config}
        base.version.read_config(config)
        return Grader(
            id=recipe.id,
            version=base.version,
            digest=recipe.digest(base.digest),
            summary=recipe.summary or base.summary,
            origin=recipe.origin,
            released=locked and base.released,
            recipe=recipe,
            config=config,
            item_map=_followed(recipe, base),
            depth=base.depth + 1,
        )

    def _add_folder(self, folder: GraderFolder) -> None:
        if folder.name in self.folders:
            first = self.folders[folder.name]
            self.unhealthy[folder.name] = f"Found twice: {first.origin} (served) and {folder.origin} (not served)."
            return
        if not re.fullmatch(NAME_PATTERN, folder.name):
            self.unhealthy[folder.name] = (
                f"{folder.folder} ({folder.origin}) is not named like a grader: lower case, digits and underscores, "
                "a letter first, such as ticket_routing."
            )
            return
        self.folders[folder.name] = folder
        if folder.root not in self._locks:
            self._locks[folder.root] = read_lock(folder.root)
        for number, module in folder.versions().items():
            self._add_version(folder, number, module)

    def _add_version(self, folder: GraderFolder, number: int, module: str) -> None:
        id = f"{folder.name}@v{number}"
        lock = self._locks[folder.root]
        if id in lock.faults or id in self._without:
            return
        # A third party's module may raise anything when it is imported, and even exit; one broken grader must not stop
        # the others.
        try:
            version = _load(folder, number, module, id in lock.digests)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001
            place = place_of(error, folder.folder)
            hint = import_hint(error, folder.folder)
            self.unhealthy[id] = f"Cannot be loaded: {type(error).__name__}{place}: {said_by(error)}{hint}"
            return
        if lock.digests.get(id, version.digest) != version.digest:
            self.unhealthy[id] = changed_after_release(id)
            return
        self._brought_by[id] = folder
        self._graders[id] = Grader(id, version, version.digest, version.summary, version.origin, version.released)

    def _add_recipes(self, files: list[tuple[GraderFolder, Path]]) -> None:
        """Adds the recipes in `files`, each after what it stands on."""
        while files:
            waiting = [(folder, file) for folder, file in files if not self._add_recipe(folder, file)]
            if len(waiting) == len(files):
                return
            files = waiting

    def _add_recipe(self, folder: GraderFolder, file: Path) -> bool:
        """False if it is not served because what it stands on is not, so far."""
        id = recipe_id(file)
        if id is not None and id in self._locks[folder.root].faults:
            return True
        if id is not None and (id in self._graders or id.partition("@")[0] in self.folders):
            self.unhealthy[str(file)] = f"{id} is not served: a grader or another recipe has this name already."
            return True
        key = id or str(file)
        try:
            grader = self._recipe(folder, file)
        # What it merges may be anything that TOML can hold.
        except Exception as error:  # noqa: BLE001
            self.unhealthy[key] = f"{file}: {_explained(error)}"
            return not isinstance(error, _StandsOnNothing)
        self.unhealthy.pop(key, None)
        self._brought_by[grader.id] = folder
        self._graders[grader.id] = grader
        return True

    def _recipe(self, folder: GraderFolder, file: Path) -> Grader:
        """Raises ValueError, OSError, InvalidConfig, or GraderCrashed (its config's validators): it is not served."""
        recipe = read_recipe(file, folder.origin)
        base = self.get(recipe.grader)
        if base is None:
            raise _StandsOnNothing(f"Stands on {recipe.grader}, which is not served.")
        digests = self._locks[folder.root].digests
        grader = self.resolve(recipe, base, locked=recipe.id in digests)
        if digests.get(recipe.id, grader.digest) != grader.digest:
            raise ValueError(recipe_changed_after_release(recipe.id, recipe.grader))
        return grader


def _explained(error: Exception) -> str:
    if isinstance(error, Unscored):
        return " ".join([error.detail, *(f"{fault.pointer}: {fault.detail}" for fault in error.faults)])
    return said_by(error) if isinstance(error, (ValueError, OSError)) else f"{type(error).__name__}: {said_by(error)}"


def parse_id(id: str) -> tuple[str, int]:
    """Name and version number of `name@vN`.

    Raises:
        ValueError: `id` is not of that form.
    """
    parts = _ID.fullmatch(id)
    if parts is None:
        raise ValueError(f"{id!r} is not a grader id; one looks like finance_qa@v1.")
    return parts[1], int(parts[2])


def _load(folder: GraderFolder, number: int, module: str, is_released: bool) -> Version:
    version = Version(
        name=folder.name,
        number=number,
        module=load_version(folder, module),
        folder=folder.folder,
        digest=digest_of(module, folder.source_roots),
        released=is_released,
        origin=folder.origin,
        cases=tuple(case for case in read_cases(folder.folder) if f"v{number}" in case.expect),
    )
    version.check_shape()
    return version


def _followed(recipe: Recipe, base: Grader) -> dict[str, str]:
    """`recipe.item_map` with each target followed through the maps below it, and those of `base` that it leaves alone.

    Raises:
        InvalidConfig: a target is no field that `base` reads.
    """
    readable = base.version.item_fields | set(base.item_map)
    for column, name in recipe.item_map.items():
        if name not in readable:
            known = ", ".join(sorted(readable))
            turned = " The map goes from column to field; this one looks turned round." if column in readable else ""
            detail = f"{base.id} reads no item field {name!r}; it reads {known}.{turned}"
            raise InvalidConfig(detail, (Fault(f"/item_map/{column}", detail),))
    if len(set(recipe.item_map.values())) < len(recipe.item_map):
        detail = "Two columns are named for one item field; which of them counts would be chance."
        raise InvalidConfig(detail, (Fault("/item_map", detail),))
    followed = {column: base.item_map.get(name, name) for column, name in recipe.item_map.items()}
    return {column: name for column, name in base.item_map.items() if name not in followed.values()} | followed
