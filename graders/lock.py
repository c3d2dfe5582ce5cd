"""`versions.lock`: one line `id digest` per released version or recipe. What stands there never changes again."""

from pathlib import Path

_NAME = "versions.lock"


def released(root: Path) -> dict[str, str]:
    """Digest by id of everything released below `root`, a folder of grader folders; empty without a lock file."""
    file = root / _NAME
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))


def freeze(root: Path, id: str, digest: str) -> None:
    """Releases `id`: its digest is written to the lock of `root`.

    Raises:
        ValueError: `id` is released already, with another digest.
    """
    known = released(root)
    if known.get(id, digest) != digest:
        raise ValueError(changed_after_release(id))
    lines = "".join(f"{id} {digest}\n" for id, digest in sorted({**known, id: digest}.items()))
    (root / _NAME).write_text("# Released versions: written by `rft-graders freeze`, never edited.\n" + lines, "utf-8")


def changed_after_release(id: str) -> str:
    """What to tell someone whose edit changed a released version."""
    name, _, version = id.partition("@")
    return (
        f"{id} is released: recorded rewards depend on {name}/{version}.* and on every kit file it imports, and these "
        f"have changed. Undo the change, or copy them to the next version (a kit file: to a new name) and change that."
    )
