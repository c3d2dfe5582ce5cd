"""Finds graders: the folders beside this file, those below `RFT_GRADERS_PATH`, and entry points `rft_graders`."""

import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType

BUILT_IN = "built-in"
"""The origin of the graders that come with the service."""

_HERE = Path(__file__).parent
_VERSION_FILE = re.compile(r"v([1-9][0-9]{0,8})\.py")
_PATH_PACKAGE = "rft_graders_path"
_NOT_GRADERS = {"kit", "recipes", "__pycache__"}


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
        """Where a digest looks for sources: the project's own package, and this grader's."""
        return {"graders": _HERE, self.package: self.folder}

    def versions(self) -> dict[int, str]:
        """Module name by version number, for every `vN.py`."""
        found = (_VERSION_FILE.fullmatch(file.name) for file in sorted(self.folder.iterdir()))
        return {int(match[1]): f"{self.package}.v{match[1]}" for match in found if match}


def find_folders(paths: Sequence[Path] = ()) -> Iterator[GraderFolder]:
    """Every grader folder: built-in, then below each of `paths`, then by entry point."""
    yield from (GraderFolder(folder.name, folder, f"graders.{folder.name}", BUILT_IN) for folder in _children(_HERE))
    for path in paths:
        for folder in _children(path.resolve()):
            yield GraderFolder(folder.name, folder, f"{_PATH_PACKAGE}.{folder.name}", f"path {path}")
    for point in metadata.entry_points(group="rft_graders"):
        yield from _entry_point(point)


def load_version(folder: GraderFolder, module: str) -> ModuleType:
    """The imported version module. Raises whatever the module raises when it is imported."""
    if folder.package.startswith(_PATH_PACKAGE):
        _register_package(folder)
    return importlib.import_module(module)


def _children(path: Path) -> Iterator[Path]:
    if path.is_dir():
        for child in sorted(path.iterdir()):
            if child.is_dir() and child.name not in _NOT_GRADERS and any(map(_VERSION_FILE.fullmatch, _names(child))):
                yield child


def _names(folder: Path) -> list[str]:
    return [child.name for child in folder.iterdir()]


def _entry_point(point: metadata.EntryPoint) -> Iterator[GraderFolder]:
    spec = importlib.util.find_spec(point.value)
    if spec is not None and spec.submodule_search_locations:
        folder = Path(next(iter(spec.submodule_search_locations)))
        owner = f"{point.dist.name}=={point.dist.version}" if point.dist else point.value
        yield GraderFolder(point.name, folder, point.value, f"distribution {owner}")


def _register_package(folder: GraderFolder) -> None:
    """Makes `folder` importable as a package of its own name, without touching `sys.path`."""
    parent = sys.modules.setdefault(_PATH_PACKAGE, ModuleType(_PATH_PACKAGE))
    parent.__path__ = []
    registered = sys.modules.get(folder.package)
    if registered is None or registered.__path__ != [str(folder.folder)]:
        for name in [name for name in sys.modules if name.startswith(folder.package + ".")]:
            del sys.modules[name]
        package = ModuleType(folder.package)
        package.__path__ = [str(folder.folder)]
        sys.modules[folder.package] = package
