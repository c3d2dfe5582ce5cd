"""What an interpreter needs to read: `python probe.py FOLDERS PACKAGE ...` prints it as JSON.

FOLDERS, joined by `:`, are where packages may be found; each package is imported, and so is every extension module of
the standard library, so that the shared libraries behind them are known by name.
"""

import importlib
import json
import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path

_NOT_THE_STANDARD_LIBRARY = {"site-packages", "dist-packages"}
_INSTALLERS = ("pip", "setuptools", "wheel", "_distutils_hack", "distutils-precedence", "pkg_resources", "README")
_ALSO_READ = ["/dev/null", "/dev/urandom", "/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo"]


def main() -> None:
    folders, packages = sys.argv[1].split(":"), sys.argv[2:]
    standard = Path(os.__file__).parent
    _import_extensions(standard / "lib-dynload")
    before = set(sys.modules)
    used = _import_packages(packages, folders)
    paths = [*_library_paths(standard), *_package_paths(set(sys.modules) - before, used), *_ALSO_READ]
    folders = sorted({path for path in paths if Path(path).is_dir()} | _system_library_folders())
    found = {
        "version": list(sys.version_info[:3]),
        "files": sorted(path for path in {*paths, *_mapped_files()} if not _is_below(path, folders)),
        "folders": folders,
        "packages_in": used,
    }
    sys.stdout.write(json.dumps(found))


def _import_extensions(folder: Path) -> None:
    for file in folder.glob("*.so"):
        name = file.name.split(".")[0]
        try:
            importlib.import_module(name)
        except ImportError:
            # Made for the interpreter's own tests, or a library of the system is missing; so it is for programs.
            continue


def _import_packages(packages: list[str], folders: list[str]) -> list[str]:
    """Imports them; returns the folders in which they were found.

    Raises:
        ImportError: one is in none of the folders.
    """
    used: list[str] = []
    for package in packages:
        folder = next((folder for folder in folders if PathFinder.find_spec(package, [folder])), None)
        if folder is None:
            raise ImportError(f"No package {package!r} in {', '.join(folders)}.")
        if folder not in used:
            used.append(folder)
            sys.path.append(folder)
        importlib.import_module(package)
    return used


def _library_paths(standard: Path) -> list[str]:
    """The standard library: its folder, or what is in it if somebody's packages are in it too.

    Every rule costs every run a microsecond, so there should be few.
    """
    others = [standard / name for name in _NOT_THE_STANDARD_LIBRARY if (standard / name).is_dir()]
    strangers = [path for folder in others for path in folder.iterdir() if not path.name.startswith(_INSTALLERS)]
    if not strangers:
        return [str(standard)]
    return [str(path) for path in standard.iterdir() if path not in others]


def _system_library_folders() -> set[str]:
    """Folders that hold nothing but the system's shared libraries, as far as they are used."""
    folders = {str(Path(path).parent) for path in _mapped_files()}
    return {folder for folder in folders if folder.endswith("-linux-gnu") and folder.startswith(("/lib/", "/usr/lib/"))}


def _is_below(path: str, folders: list[str]) -> bool:
    return path in folders or any(path.startswith(folder + "/") for folder in folders)


def _package_paths(modules: set[str], folders: list[str]) -> list[str]:
    """The packages, as files or folders, that `modules` belong to."""
    tops = {name.split(".")[0] for name in modules}
    return [
        str(path)
        for folder in folders
        for path in Path(folder).iterdir()
        if path.name.split(".")[0] in tops and not path.name.endswith(".dist-info")
    ]


def _mapped_files() -> list[str]:
    lines = Path("/proc/self/maps").read_text().splitlines()
    return [line.split(maxsplit=5)[5] for line in lines if line.count("/") and line.split()[5].startswith("/")]


main()
