"""What is said of a grader whose own code failed: the exception, and where in the grader's folder, nothing of its
source. Outside every digest."""

import os
import traceback
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from graders.discovery import PATH_PACKAGE
from graders.errors import GraderCrashed, said_by


def crash_of(grader: str, folder: Path, error: BaseException, function: str = "") -> GraderCrashed:
    """The crash of `grader` by `error`, raised in `function` of the code in `folder`; empty: in none that is known."""
    where = f" in {function}" if function else ""
    place = place_of(error, folder)
    return GraderCrashed(f"{grader} raised {type(error).__name__}{where}{place}: {said_by(error)}")


def place_of(error: BaseException, folder: Path) -> str:
    """` (v1.py, line 12)`: the innermost line of the grader's own files that `error` came through; empty: none."""
    root = os.path.realpath(folder) + os.sep
    # By file, since a recursion without end has thousands of frames.
    own: dict[str, str | None] = {}
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if file not in own:
            path = os.path.realpath(file)
            own[file] = path.removeprefix(root) if path.startswith(root) else None
        if own[file] is not None:
            place = f" ({own[file]}, line {line})"
    return place


def import_hint(error: BaseException, folder: Path) -> str:
    """What may be imported, if `error` did not find a file or folder that is in the grader's `folder` or beside it, or
    what it found is not installed; else empty."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    top = error.name.partition(".")[0]
    if top == PATH_PACKAGE:
        is_outside = not error.name.startswith(f"{PATH_PACKAGE}.{folder.name}.")
    else:
        is_near = any((root / name).exists() for root in (folder, folder.parent) for name in (top, f"{top}.py"))
        is_outside = is_near or isinstance(error, PackageNotFoundError)
    if not is_outside:
        return ""
    return (
        f". A grader imports files of its own folder, as `from .NAME import ...` ({folder}), and what is installed: "
        "of a distribution the version is part of the digest."
    )
