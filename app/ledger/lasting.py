"""Would a folder outlive this process's container? A grade that is answered must not end with it."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

# What container engines make a container's own root of.
_LAYERED = {"overlay", "aufs", "fuse.fuse-overlayfs"}
_IN_MEMORY = {"tmpfs", "ramfs"}
# Docker and Podman leave these in every container.
_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


@dataclass(frozen=True, slots=True)
class Mount:
    """A line of /proc/self/mountinfo (proc(5))."""

    point: str
    kind: str


def mounts() -> list[Mount]:
    """What is mounted where this process looks; later ones lie over earlier ones."""
    return list(parsed(Path("/proc/self/mountinfo").read_text()))


def parsed(mountinfo: str) -> Iterator[Mount]:
    """The mounts of a text in the format of /proc/self/mountinfo."""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        point = before.split(" ")[4].encode().decode("unicode_escape")
        yield Mount(point, after.split(" ")[0])


def is_container(mounted: Collection[Mount]) -> bool:
    """Whether this process runs in a container of Docker, Podman or Kubernetes."""
    root = next((mount.kind for mount in reversed(list(mounted)) if mount.point == "/"), "")
    return root in _LAYERED or any(mark.exists() for mark in _MARKS)


def why_it_ends(folder: Path, mounted: Collection[Mount], in_container: bool) -> str:
    """Why `folder` would end with the container; empty: it would not, or there is no container."""
    if not in_container:
        return ""
    path = os.path.realpath(folder)
    over = [mount for mount in mounted if os.path.commonpath([path, mount.point]) == mount.point]
    mount = max(reversed(over), key=lambda mount: len(mount.point), default=Mount("/", ""))
    if mount.kind in _IN_MEMORY:
        return f"{folder} is in memory ({mount.kind} at {mount.point})"
    if mount.point == "/" and mount.kind in _LAYERED:
        return f"{folder} is in the container's own file system ({mount.kind})"
    return ""
