"""Data care: what is older than RFT_RETENTION_DAYS is deleted, with its samples, wherever this service keeps it."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Protocol

from app.errors import LedgerUnavailable

_log = logging.getLogger(__name__)

_DAY_US = 86_400 * 1_000_000
_EVERY_S = 3600.0
# After a part, so many times as long as it took: whoever stores grades is to notice nothing.
_REST = 4


class Kept(Protocol):
    """What is kept, and can be deleted by age; times are microseconds since the epoch, UTC."""

    def delete_before(self, created_us: int) -> AsyncIterator[int]: ...
    async def forget_refused_before(self, created_us: int) -> int: ...


class Meters(Protocol):
    def retained(self, deleted: int, *, is_done: bool) -> None: ...


class Retention:
    """Sweeps now and every hour from then on. Replicas may do so at the same time.

    Args:
        ledger: what is kept.
        days: how long.
        meters: told of rows that were deleted, and of every sweep that came to its end.
    """

    def __init__(self, ledger: Kept, days: int, meters: Meters) -> None:
        self._ledger, self._days, self._meters = ledger, days, meters
        self._task = asyncio.create_task(self._sweep_forever(), name="retention")

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _sweep_forever(self) -> None:
        while True:
            try:
                await sweep(self._ledger, time.time_ns() // 1000 - self._days * _DAY_US, self._meters)
            except LedgerUnavailable as error:
                _log.warning("Old records are deleted in an hour: %s", error.detail)
            except OSError:
                _log.exception("Old records in quarantine are still there.")
            await asyncio.sleep(_EVERY_S)


async def sweep(ledger: Kept, created_us: int, meters: Meters) -> None:
    """Deletes what was made before then.

    Raises:
        LedgerUnavailable: the database is away; some may have been deleted.
        OSError: the file of quarantined records cannot be written.
    """
    gone, began = 0, time.monotonic()
    async for so_far in ledger.delete_before(created_us):
        meters.retained(so_far - gone, is_done=False)
        gone = so_far
        await asyncio.sleep(_REST * (time.monotonic() - began))
        began = time.monotonic()
    refused = await ledger.forget_refused_before(created_us)
    meters.retained(refused, is_done=True)
    if gone + refused:
        _log.info("Deleted %d records that were older than they may become, %d in quarantine", gone, refused)
