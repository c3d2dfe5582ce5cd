"""Records that a database refuses: kept in a file for the operator, one JSON object a line."""

import asyncio
import base64
import json
import logging
import os
from dataclasses import asdict
from pathlib import Path

from msgspec import structs

from app.errors import RecordRefused
from app.records import Record, StoredCredit

_log = logging.getLogger(__name__)


class Quarantine:
    """The file; None: such records are only logged, by id."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._turn = asyncio.Lock()

    async def put(self, record: Record, reason: str) -> RecordRefused:
        """Keeps `record`, on disk when this returns, and returns the error that answers for it."""
        refused = f"The database refused the record: {reason}"
        if self._file is None:
            _log.error("The database refused record %s of %s: %s", record.record, record.grader, reason)
            return RecordRefused(refused)
        if await self.keep(record, reason):
            return RecordRefused(f"{refused}. It is in quarantine as {record.record}.")
        return RecordRefused(f"{refused}. It could not be quarantined; the log says why.")

    async def keep(self, refused: Record | StoredCredit, reason: str) -> bool:
        """Keeps what was refused; whether it is on disk."""
        id = refused.record if isinstance(refused, Record) else refused.credit
        _log.error("The database refused %s of %s: %s", id, refused.grader, reason)
        if self._file is None:
            return False
        try:
            async with self._turn:
                await asyncio.to_thread(_append, self._file, _line(refused, reason))
        except OSError:
            _log.exception("%s could not be quarantined.", id)
            return False
        return True

    async def forget_before(self, created_us: int) -> int:
        """Takes out what was made before then, and returns how many.

        Raises:
            OSError: the file cannot be written; it is as it was.
        """
        if self._file is None or not self._file.exists():
            return 0
        async with self._turn:
            return await asyncio.to_thread(_keep_since, self._file, created_us)


def _keep_since(file: Path, created_us: int) -> int:
    forgotten, kept = 0, file.with_suffix(".new")
    with file.open("rb") as lines, kept.open("wb") as out:
        for line in lines:
            if _created_us(line) < created_us:
                forgotten += 1
            else:
                out.write(line)
        out.flush()
        os.fsync(out.fileno())
    if forgotten:
        kept.replace(file)
    else:
        kept.unlink()
    return forgotten


def _created_us(line: bytes) -> int:
    """When what the line holds was made; a line that a crash has cut off is as old as can be."""
    try:
        return int(json.loads(line)["created_us"])
    except (ValueError, KeyError, TypeError):
        return 0


def _line(refused: Record | StoredCredit, reason: str) -> bytes:
    # Escaped to ASCII, since a lone surrogate may be what the database refused.
    kept = structs.asdict(refused) if isinstance(refused, Record) else asdict(refused)
    return json.dumps({"reason": reason, **kept}, default=_readable).encode() + b"\n"


def _readable(value: bytes) -> str | dict[str, str]:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _append(file: Path, line: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as out:
        out.write(line if _is_whole(file) else b"\n" + line)
        out.flush()
        os.fsync(out.fileno())


def _is_whole(file: Path) -> bool:
    """Whether the last line has its end: a crash or a full disk may have cut it off."""
    with file.open("rb") as lines:
        size = lines.seek(0, os.SEEK_END)
        lines.seek(max(0, size - 1))
        return lines.read() in {b"", b"\n"}
