"""The JSON lines that a command reads and writes: `-` is stdin or stdout, and what is read is never written over."""

import os
import sys
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, Literal

_STANDARD = Path("-")


class UnusableFile(ValueError):
    """A file that cannot be read, or not be written: which option named it, what was wanted, and why it is not."""


@contextmanager
def reading(file: Path, wanted: str, option: str = "--input ") -> Iterator[BinaryIO]:
    """The bytes of `file`, or stdin, without the byte order mark that some editors begin UTF-8 with; `wanted` says what
    they should be, and `option` how the file was named.

    Raises:
        UnusableFile: it cannot be opened.
    """
    if file == _STANDARD:
        yield _after_mark(sys.stdin.buffer)
        return
    with _opened(file, "rb", f"{option}{file}", f"{wanted}, or - for stdin") as lines:
        yield _after_mark(lines)


@contextmanager
def writing(file: Path | None, lines: BinaryIO) -> Iterator[BinaryIO | None]:
    """`file`, emptied, or stdout; None without a file. Open it last: what stood in it is gone.

    Raises:
        UnusableFile: it cannot be opened, or is what `lines` are read from, by whatever name.
    """
    if file is None:
        yield None
        return
    if _is_read_from(file, lines):
        raise UnusableFile(f"--output {file} is the input itself; name another file.")
    if is_stdout(file):
        # A file that stdout goes to is not opened again: that would empty it, and write from its start.
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with _opened(file, "wb", f"--output {file}", "a file to write, or - for stdout") as results:
        yield results


def is_stdout(file: Path | None) -> bool:
    """Whether `file` is `-`, /dev/stdout, or another name of what stdout goes to."""
    if file is None or file == _STANDARD:
        return file is not None
    try:
        return os.path.samestat(file.stat(), os.fstat(1))
    except OSError:
        return False


def size_bytes(lines: BinaryIO) -> int | None:
    """How much there is to read; None where that is not known, as of a pipe."""
    found = os.fstat(lines.fileno())
    return found.st_size if S_ISREG(found.st_mode) else None


def _after_mark(lines: BinaryIO) -> BinaryIO:
    if isinstance(lines, BufferedReader) and lines.peek(len(BOM_UTF8)).startswith(BOM_UTF8):
        lines.read(len(BOM_UTF8))
    return lines


def _opened(file: Path, mode: Literal["rb", "wb"], option: str, wanted: str) -> BinaryIO:
    try:
        return file.open(mode)
    except OSError as error:
        raise UnusableFile(f"{option}: {error.strerror}. Wanted {wanted}.") from error


def _is_read_from(file: Path, lines: BinaryIO) -> bool:
    """Of two terminals or pipes, equal ones do no harm."""
    try:
        written = os.fstat(1) if file == _STANDARD else file.stat()
        return S_ISREG(written.st_mode) and os.path.samestat(written, os.fstat(lines.fileno()))
    except OSError:
        return False
