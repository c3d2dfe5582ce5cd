"""The keys as they were last read, in a file: a service that starts while the database is away knows its callers.

It holds hashes only. It is written and read for one database and by one user, and left alone where others could have
written to it.
"""

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from app.ledger import StoredKey

_log = logging.getLogger(__name__)


class Snapshot:
    """A file for the keys of one database.

    Args:
        file: where; its folder is made when it is written.
        database: tells one database from another.
    """

    def __init__(self, file: Path, database: str) -> None:
        self._file, self._database = file, database

    def read(self) -> tuple[StoredKey, ...] | None:
        """The keys; None: none were ever written for this database, or the file cannot be trusted."""
        try:
            descriptor = os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as opened:
            status = os.fstat(descriptor)
            if status.st_uid != os.geteuid() or status.st_mode & 0o077:
                _log.warning("%s is not used: it must be this user's own, with mode 600", self._file)
                return None
            return self._parsed(opened.read())

    def write(self, keys: Sequence[StoredKey]) -> None:
        """Puts `keys` in the place of what was there, on disk when this returns.

        Raises:
            OSError: it cannot be written; what was there stays.
        """
        entries = [{**asdict(key), "sha256": key.sha256.hex()} for key in keys]
        body = json.dumps({"database": self._database, "keys": entries}).encode()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(body)
            opened.flush()
            os.fsync(descriptor)
        fresh.replace(self._file)

    def _parsed(self, body: bytes) -> tuple[StoredKey, ...] | None:
        try:
            content = json.loads(body)
            if content["database"] != self._database:
                return None
            return tuple(_key(entry) for entry in content["keys"])
        except (ValueError, KeyError, TypeError) as error:
            _log.warning("%s is not used: it is damaged (%s)", self._file, type(error).__name__)
            return None


def _key(entry: dict[str, object]) -> StoredKey:
    scopes: list[str] = entry["scopes"]  # type: ignore[assignment]
    sha256 = bytes.fromhex(str(entry["sha256"]))
    return StoredKey(**{**entry, "sha256": sha256, "scopes": tuple(scopes)})  # type: ignore[arg-type]
