"""`versions.lock`: one line `id digest` per released version or recipe. What stands there never changes again."""

import re
from dataclasses import dataclass
from pathlib import Path

_NAME = "versions.lock"
_ID = re.compile(r"\w+@v\d+")
_LINE = re.compile(rf"({_ID.pattern}) (sha256:[0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class Lock:
    """What the lock of one folder of grader folders says."""

    digests: dict[str, str]
    """By id, of everything that is released."""
    faults: dict[str, str]
    """Why a line cannot be used: by the id that it seems to be about (which is not served), else by its place."""


def read_lock(root: Path) -> Lock:
    """The lock of `root`, a folder of grader folders; an empty one without a lock file."""
    file = root / _NAME
    lock = Lock({}, {})
    lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            _add(lock, f"{file}, line {number}", line)
    for id in lock.faults:
        lock.digests.pop(id, None)
    return lock


def _add(lock: Lock, place: str, line: str) -> None:
    read = _LINE.fullmatch(line.strip())
    if read is None:
        about = _ID.match(line)
        lock.faults[about[0] if about else place] = (
            f"{place}: wanted `ID sha256:DIGEST`, got {line[:100]!r}. Take the line from the file's history, or delete "
            "it if it releases nothing."
        )
    elif lock.digests.setdefault(read[1], read[2]) != read[2]:
        lock.faults[read[1]] = f"{place}: another line has another digest. Keep the one that the file's history has."


def released(root: Path) -> dict[str, str]:
    """Digest by id of everything released below `root`, a folder of grader folders; empty without a lock file."""
    return read_lock(root).digests


def freeze(root: Path, id: str, digest: str) -> None:
    """Releases `id`: its digest is written to the lock of `root`.

    Raises:
        ValueError: `id` is released already, with another digest, or a line of the lock cannot be used.
    """
    lock = read_lock(root)
    if lock.faults:
        raise ValueError(" ".join(lock.faults.values()))
    if lock.digests.get(id, digest) != digest:
        raise ValueError(changed_after_release(id))
    lines = "".join(f"{id} {digest}\n" for id, digest in sorted({**lock.digests, id: digest}.items()))
    (root / _NAME).write_text("# Released versions: written by `rft-graders freeze`, never edited.\n" + lines, "utf-8")


def changed_after_release(id: str) -> str:
    """What to tell someone whose edit changed a released version."""
    name, _, version = id.partition("@")
    return (
        f"{id} is released: recorded rewards depend on {name}/{version}.* and on all that it imports (files of its "
        "folder and of the kit, versions of installed packages), and some of this has changed. Undo the change, "
        "or copy what changed to the next version (an imported file: to a new name) and change that."
    )


def lost_after_release(root: Path, id: str) -> str:
    """What to tell someone who took a released version or recipe out of `root`, a folder of grader folders."""
    return (
        f"{id} is released, by a line of {root / _NAME}, and there is no file for it below {root}. Bring it back: its "
        "rewards may have to be repeated. If nobody will call it again, delete the line."
    )


def recipe_changed_after_release(id: str, stands_on: str) -> str:
    """What to tell someone whose edit changed a released recipe, which stands on the grader `stands_on`."""
    name, _, version = id.partition("@")
    return (
        f"{id} is released: recorded rewards depend on recipes/{name}.{version}.toml and on {stands_on}, and one of "
        f"these has changed. Undo the change, or copy the file to the recipe's next version and change that."
    )
