"""Frames: how records stand in a spool's files, so that a torn end is cut and a damaged bit is found.

A frame is its file's marker, the length of its body (four bytes, big-endian), the CRC-32 of length and body (four
bytes), and the body. The marker is random: where a frame is damaged, the next one is found by it, and no sample can
hold what looks like a frame, since no sample knows it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

MARKER_BYTES = 8
HEAD_BYTES = MARKER_BYTES + 8


@dataclass(frozen=True, slots=True)
class Frame:
    """One that is whole, from offset `start` to offset `end`."""

    start: int
    end: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes from `start` to `end` that are no whole frame."""

    start: int
    end: int


def framed(marker: bytes, body: bytes) -> bytes:
    """The frame of `body`, which may have at most 4 GiB."""
    length = len(body).to_bytes(4, "big")
    return b"%b%b%b%b" % (marker, length, crc32(body, crc32(length)).to_bytes(4, "big"), body)


def frames(data: bytes, marker: bytes, start: int) -> Iterator[Frame | Gap]:
    """What stands in `data` from offset `start`, in order and without holes; two gaps never follow each other."""
    at = start
    while at < len(data):
        frame = frame_at(data, marker, at)
        if frame is None:
            end = _next_frame(data, marker, at + 1)
            yield Gap(at, end)
            at = end
        else:
            yield frame
            at = frame.end


def frame_at(data: bytes, marker: bytes, start: int) -> Frame | None:
    """The frame that begins at offset `start`; None: none does, or not all of it is there."""
    head, body_start = data[start : start + HEAD_BYTES], start + HEAD_BYTES
    length, crc = head[MARKER_BYTES:-4], head[-4:]
    end = body_start + int.from_bytes(length, "big")
    if len(head) < HEAD_BYTES or not head.startswith(marker) or end > len(data):
        return None
    body = data[body_start:end]
    return Frame(start, end, body) if crc32(body, crc32(length)).to_bytes(4, "big") == crc else None


def _next_frame(data: bytes, marker: bytes, start: int) -> int:
    """Where the next whole frame begins; the end of `data` if none does."""
    while (start := data.find(marker, start)) >= 0:
        if frame_at(data, marker, start) is not None:
            return start
        start += 1
    return len(data)
