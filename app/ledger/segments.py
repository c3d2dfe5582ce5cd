"""The files of a spool. Each is appended to while it is the newest, and removed when all of it is in the database."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Self

from msgspec import msgpack

from app.ledger.frames import HEAD_BYTES, MARKER_BYTES, Frame, Gap, frame_at, framed, frames

_MAGIC = b"rft-spool 1\n"
_HEAD_BYTES = len(_MAGIC) + MARKER_BYTES
# More than the columns of all tables ever take.
_HEAD_READ_BYTES = 64 << 10

Columns = dict[str, list[str]]
"""Table -> its columns, in the order of the values in a row."""


class DamagedSegment(Exception):
    """Its head cannot be read, so nothing in it can."""


@dataclass(slots=True)
class Segment:
    """An open file. What stands before `end` is on disk."""

    path: Path
    descriptor: int
    marker: bytes
    columns: Columns
    start: int
    """Offset of the first frame."""
    end: int
    is_damaged: bool = False
    """Whether something in it could not be read, or not be kept elsewhere: then it is not removed."""

    @classmethod
    def create(cls, path: Path, columns: Columns) -> Self:
        """A new file, on disk with its name.

        Raises:
            OSError: there is no room for it, or it is there already.
        """
        marker = token_bytes(MARKER_BYTES)
        head = _MAGIC + marker + framed(marker, msgpack.encode(columns))
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        made = cls(path, descriptor, marker, columns, start=len(head), end=0)
        try:
            made.append(head)
            _sync_folder(path.parent)
        except OSError:
            made.remove()
            raise
        return made

    @classmethod
    def open(cls, path: Path) -> Self:
        """A file that another process left behind.

        Raises:
            DamagedSegment: it cannot be read; an empty one is damaged too.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        size = os.fstat(descriptor).st_size
        data = _read(descriptor, 0, min(size, _HEAD_READ_BYTES))
        marker = data[len(_MAGIC) : _HEAD_BYTES]
        head = frame_at(data, marker, _HEAD_BYTES) if data.startswith(_MAGIC) else None
        if head is None:
            os.close(descriptor)
            raise DamagedSegment(path)
        return cls(path, descriptor, marker, msgpack.decode(head.body, type=Columns), head.end, size)

    def append(self, data: bytes) -> None:
        """Puts `data` at the end; it is on disk when this returns.

        Raises:
            OSError: it is not; nothing of it counts.
        """
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self.descriptor, data[written:], self.end + written)
            os.fdatasync(self.descriptor)
        except OSError:
            os.ftruncate(self.descriptor, self.end)
            raise
        self.end += len(data)

    def body(self, start: int) -> bytes:
        """The body of the frame at offset `start`.

        Raises:
            OSError: it cannot be read, or not as it was written.
        """
        head = os.pread(self.descriptor, HEAD_BYTES, start)
        length = int.from_bytes(head[MARKER_BYTES:-4], "big")
        frame = frame_at(_read(self.descriptor, start, HEAD_BYTES + length), self.marker, 0)
        if frame is None:
            raise OSError(f"{self.path} is damaged at offset {start}.")
        return frame.body

    def frames(self) -> Iterator[Frame | Gap]:
        """What stands in it now."""
        return frames(_read(self.descriptor, 0, self.end), self.marker, self.start)

    def cut(self, end: int) -> None:
        """Forgets what stands from offset `end` on."""
        os.ftruncate(self.descriptor, end)
        self.end = end

    def close(self) -> None:
        os.close(self.descriptor)

    def remove(self) -> None:
        """Closes and deletes the file; one that is damaged is kept under another name."""
        self.close()
        if self.is_damaged:
            set_aside(self.path)
        else:
            self.path.unlink(missing_ok=True)


def set_aside(path: Path) -> None:
    """Keeps a file that cannot be used, under a name that no spool reads."""
    path.rename(path.with_name(f"{path.name}.damaged"))


def _read(descriptor: int, start: int, size: int) -> bytes:
    """Up to `size` bytes from offset `start`: fewer only where the file ends."""
    parts: list[bytes] = []
    while size > 0 and (part := os.pread(descriptor, size, start)):
        parts.append(part)
        start, size = start + len(part), size - len(part)
    return b"".join(parts)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
