"""Ledgers that may lose their database, and waiting for what they do then."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from app.ledger import Ledger, Outages, Record, RecordFilter

# A machine that stalls for a second is no outage.
COMMIT_TIMEOUT_S = 1.5


class Opening:
    """Opens ledgers on one database and one folder, one after the other."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.rows: dict[str, int] = {}

    @asynccontextmanager
    async def __call__(self, *, max_bytes: int = 64 << 20, lasts: bool = True) -> AsyncIterator[Ledger]:
        outages = Outages(COMMIT_TIMEOUT_S, self.folder / "spool", max_bytes, lasts, self._count)
        ledger = await Ledger.open(self.url, quarantine=self.folder / "quarantine.jsonl", outages=outages)
        try:
            yield ledger
        finally:
            await ledger.close()

    def _count(self, what: str, rows: int) -> None:
        self.rows[what] = self.rows.get(what, 0) + rows


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what happens in the background."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def drained(ledger: Ledger) -> None:
    await until(lambda: ledger.spool_state.state == "empty" and not ledger.is_away)


async def stored(ledger: Ledger) -> list[Record]:
    return (await ledger.search(RecordFilter(), after=None, limit=9999))[::-1]
