"""All keys of the service in memory, refreshed beside the requests: none waits for a database to be let in."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from hmac import compare_digest
from pathlib import Path
from typing import Protocol

from app.auth import Caller
from app.errors import LedgerUnavailable
from app.keys.held import NO_KEY, HeldKey, held
from app.keys.key_file import KeyFileError, read_key_file
from app.keys.secret import hash_of
from app.keys.snapshot import Snapshot
from app.ledger import StoredKey

_log = logging.getLogger(__name__)

REFRESH_S = 2.0
_READ_TIMEOUT_S = 5.0


class Keys(Protocol):
    """Where keys are stored: the ledger."""

    async def every(self) -> list[StoredKey]: ...


class Keyring:
    """Who holds which key. Closed to everybody until `start` knows the keys.

    Args:
        file: RFT_API_KEYS_FILE; None: keys are in the ledger only. With one, keys are needed whatever it holds.
        keyless: whom a service without any key serves; None: nobody.
        snapshot: where the ledger's keys are kept for a start without it.
        on_refreshed: told when the ledger's keys were read.

    Raises:
        KeyFileError: the file cannot be used.
    """

    def __init__(
        self, *, file: Path | None, keyless: Caller | None, snapshot: Snapshot, on_refreshed: Callable[[], None]
    ) -> None:
        self.open_caller: Caller | None = None
        """Whom a request without a key comes from; None: it needs one."""
        self._file, self._keyless, self._snapshot = file, keyless, snapshot
        self._on_refreshed = on_refreshed
        self._from_file = () if file is None else read_key_file(file)
        self._stored: Sequence[StoredKey] | None = None
        self._held: dict[bytes, HeldKey] = held(self._from_file)
        self._complaint = ""
        self._refreshing: asyncio.Task[None] | None = None

    def find(self, key: bytes) -> HeldKey:
        """What is known of `key`, whether it has ended or not; NO_KEY: it is none.

        How long this takes says nothing about the keys there are: whoever presents a key does not choose its hash, and
        whole hashes are compared in constant time.
        """
        digest = hash_of(key)
        found = self._held.get(digest[:16], NO_KEY)
        return found if compare_digest(found.sha256, digest) else NO_KEY

    async def start(self, keys: Keys) -> None:
        """Reads the keys, from the snapshot if the ledger is away, and begins to keep them fresh."""
        await self.refresh(keys)
        if self._stored is None and (kept := await asyncio.to_thread(self._snapshot.read)) is not None:
            _log.warning("API keys are those of the snapshot, until the database is back")
            self._stored = kept
            self._arrange()
        elif self._stored is None:
            _log.error("Which API keys there are is not known until the database is back; nobody else is let in")
        self._refreshing = asyncio.create_task(self._keep_fresh(keys), name="keyring")
        self._refreshing.add_done_callback(_tell)

    async def close(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait([self._refreshing])

    async def refresh(self, keys: Keys) -> None:
        """Reads the file and the ledger again; what cannot be read now stays as it was."""
        complaint = ""
        try:
            if self._file is not None:
                self._from_file = await asyncio.to_thread(read_key_file, self._file)
        except KeyFileError as error:
            complaint = f"{error} Its keys stay as they were."
        try:
            async with asyncio.timeout(_READ_TIMEOUT_S):
                stored = await keys.every()
        except (LedgerUnavailable, TimeoutError) as error:
            why = str(error) or f"The database does not answer within {_READ_TIMEOUT_S:g} s."
            complaint = f"{complaint} API keys stay as they were: {why}".lstrip()
        else:
            self._on_refreshed()
            if stored != self._stored:
                self._stored = stored
                await self._keep(stored)
        self._arrange()
        if complaint and complaint != self._complaint:
            _log.error("%s", complaint)
        self._complaint = complaint

    def _arrange(self) -> None:
        """Puts what is known into the form in which requests ask for it."""
        # A stored key wins over the file's, so that one can be revoked at once everywhere.
        self._held = held([*self._from_file, *(self._stored or ())])
        is_keyless = self._file is None and self._stored is not None and not self._stored
        self.open_caller = self._keyless if is_keyless else None

    async def _keep(self, stored: Sequence[StoredKey]) -> None:
        try:
            await asyncio.to_thread(self._snapshot.write, stored)
        except OSError as error:
            _log.warning("API keys are not kept for a start without the database: %s", error)

    async def _keep_fresh(self, keys: Keys) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            await self.refresh(keys)


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("API keys are no longer refreshed; restart the service", exc_info=error)
