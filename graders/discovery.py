"""Finds graders: the folders beside this file, those below `RFT_GRADERS_PATH`, and entry points `rft_graders`."""

import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType

from graders.endless import at_most
from graders.errors import said_by

BUILT_IN = "built-in"
"""The origin of the graders that come with the service."""

PATH_PACKAGE = "rft_graders_path"
"""The package of the graders below `RFT_GRADERS_PATH`."""

_HERE = Path(__file__).parent
_VERSION_FILE = re.compile(r"v([1-9][0-9]{0,8})\.py")
_GROUP = "rft_graders"
# The largest libraries take a few seconds, and a worker has 60 s in all to start.
_IMPORT_CPU_S = 20.0

NOT_GRADERS = {
    "kit": "the folder of what graders share",
    "recipes": "the folder of a grader's recipes",
    "__pycache__": "Python's own folder",
}
"""Folders that are never taken for a grader, and what they are."""


@dataclass(frozen=True, slots=True)
class GraderFolder:
    """One grader's folder: its package and where it came from. `name` is its folder's name."""

    name: str
    folder: Path
    package: str
    origin: str

    @property
    def root(self) -> Path:
        """The folder that holds `versions.lock`."""
        return self.folder.parent

    @property
    def source_roots(self) -> dict[str, Path]:
        """Where a digest looks for sources: the project's own package, this grader's, and the whole of the one in which
        a distribution brings it, with what its graders share."""
        return {"graders": _HERE, self.package: self.folder} | self._distribution_root()

    def _distribution_root(self) -> dict[str, Path]:
        parts = tuple(self.package.split("."))
        if self.package.startswith(PATH_PACKAGE) or self.folder.parts[-len(parts) :] != parts:
            return {}
        return {parts[0]: self.folder.parents[len(parts) - 2] if len(parts) > 1 else self.folder}

    def versions(self) -> dict[int, str]:
        """Module name by version number, for every `vN.py`."""
        found = (_VERSION_FILE.fullmatch(file.name) for file in sorted(self.folder.iterdir()))
        return {int(match[1]): f"{self.package}.v{match[1]}" for match in found if match}


@dataclass(frozen=True, slots=True)
class Misfit:
    """What is named like a grader and is none: `why` says what was found and what is wanted."""

    name: str
    why: str


def find_folders(paths: Sequence[Path] = ()) -> Iterator[GraderFolder | Misfit]:
    """Every grader folder: built-in, then below each of `paths`, then by entry point."""
    yield from (GraderFolder(folder.name, folder, f"graders.{folder.name}", BUILT_IN) for folder in _children(_HERE))
    for path in paths:
        for folder in _children(path.resolve()):
            yield GraderFolder(folder.name, folder, f"{PATH_PACKAGE}.{folder.name}", f"path {path}")
    for point in metadata.entry_points(group=_GROUP):
        yield _entry_point(point)


def fault_of_path(path: Path, *, may_be_missing: bool = False) -> str | None:
    """Why `path` is no folder of grader folders, in a sentence; None: it is one, even if there is none in it yet."""
    if not path.exists():
        return None if may_be_missing else f"{path} does not exist."
    if not path.is_dir():
        return f"{path} is not a folder."
    if _holds_version(path):
        return f"{path} is the folder of one grader: give its parent folder, {path.resolve().parent}."
    return None


def load_version(folder: GraderFolder, module: str, cpu_s: float = _IMPORT_CPU_S) -> ModuleType:
    """The imported version module.

    Raises:
        OutOfTime: its import took more than `cpu_s`.
        BaseException: whatever the module raises when it is imported.
    """
    if folder.package.startswith(PATH_PACKAGE):
        _register_package(folder)
    # What it prints would stand between the lines that a command writes.
    with at_most(cpu_s), redirect_stdout(sys.stderr):
        return importlib.import_module(module)


def _children(path: Path) -> Iterator[Path]:
    if path.is_dir():
        for child in sorted(path.iterdir()):
            if child.is_dir() and child.name not in NOT_GRADERS and _holds_version(child):
                yield child


def _holds_version(folder: Path) -> bool:
    return any(_VERSION_FILE.fullmatch(child.name) for child in folder.iterdir())


def _entry_point(point: metadata.EntryPoint) -> GraderFolder | Misfit:
    owner = f"{point.dist.name}=={point.dist.version}" if point.dist else point.value
    named = f'The entry point `{point.name} = "{point.value}"` of {owner} (group {_GROUP})'
    wanted = "Wanted: the package that holds the grader's v1.py."
    try:
        # Imports the packages above it, so it may raise what their authors like; Ctrl-C remains Ctrl-C.
        spec = importlib.util.find_spec(point.value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001
        return Misfit(point.name, f"{named} leads nowhere: {type(error).__name__}: {said_by(error)}. {wanted}")
    folder = next(map(Path, (spec and spec.submodule_search_locations) or ()), None)
    if folder is None or not folder.is_dir():
        found = "nothing that can be imported" if spec is None else "a module, not a package"
        return Misfit(point.name, f"{named} names {found}. {wanted}")
    if not _holds_version(folder):
        inner = [child.name for child in _children(folder)]
        hint = f' For the graders in it: `{inner[0]} = "{point.value}.{inner[0]}"`, one each.' if inner else ""
        return Misfit(point.name, f"{named} names a package without a v1.py, {folder}. {wanted}{hint}")
    return GraderFolder(point.name, folder, point.value, f"distribution {owner}")


def _register_package(folder: GraderFolder) -> None:
    """Makes `folder` importable as a package of its own name, without touching `sys.path`."""
    parent = sys.modules.setdefault(PATH_PACKAGE, ModuleType(PATH_PACKAGE))
    parent.__path__ = []
    registered = sys.modules.get(folder.package)
    if registered is None or registered.__path__ != [str(folder.folder)]:
        for name in [name for name in sys.modules if name.startswith(folder.package + ".")]:
            del sys.modules[name]
        package = ModuleType(folder.package)
        package.__path__ = [str(folder.folder)]
        sys.modules[folder.package] = package
