"""Files in memory: what a run reads and writes. They have no name, no disk, and end with their last descriptor."""

import fcntl
import json
import os
from collections.abc import Sequence
from typing import Any

from sandbox.inside.protocol import JOB

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class closing:  # noqa: N801  # as contextlib's
    """Closes descriptors at the end of a `with` block, whose value they are."""

    __slots__ = ("_descriptors",)

    def __init__(self, *descriptors: int) -> None:
        self._descriptors = descriptors

    def __enter__(self) -> tuple[int, ...]:
        return self._descriptors

    def __exit__(self, *_: object) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)


def sealed(content: bytes) -> int:
    """A file that holds `content` and that nobody can change, its offset at the start."""
    descriptor = os.memfd_create("in", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    place = 0
    while place < len(content):
        place += os.pwrite(descriptor, memoryview(content)[place:], place)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    return descriptor


def job(kind: bytes, source: str, entry_point: str = "", calls: Sequence[str] = ()) -> int:
    """A sealed file with the job of a program's process, as `protocol.JOB` says."""
    # A lone surrogate cannot be written as UTF-8; `?` stands for it.
    code, name = source.encode("utf-8", "replace"), entry_point.encode("utf-8", "replace")
    return sealed(b"".join((JOB.pack(kind, len(code), len(name)), code, name, b"[%b]" % ",".join(calls).encode())))


def task(content: Any) -> int:
    """A sealed file with the job of a judge's process, as JSON."""
    return sealed(json.dumps(content).encode())


def blank() -> int:
    """An empty file to write into. Nobody can seal it."""
    return os.memfd_create("out", os.MFD_CLOEXEC)


def size(descriptor: int) -> int:
    """Bytes in a file whose writer is gone."""
    return os.lseek(descriptor, 0, os.SEEK_END)


def content(descriptor: int, most: int) -> bytes:
    """Its first `most` bytes."""
    length = min(size(descriptor), most)
    found = os.pread(descriptor, length, 0) if length else b""
    while len(found) < length and (part := os.pread(descriptor, length - len(found), len(found))):
        found += part
    return found


def text(descriptor: int, most: int) -> str:
    """Its first `most` bytes as UTF-8, with U+FFFD for what is none."""
    return content(descriptor, most).decode("utf-8", "replace")
