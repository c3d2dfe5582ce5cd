"""What two processes delete at the same time is gone when either says so."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg  # type: ignore[import-untyped]
import pytest

from app.ledger import Ledger, RecordFilter
from tests.ledger.making import grade

pytestmark = pytest.mark.anyio

_OLDEST = "SELECT record FROM records ORDER BY record LIMIT 500"
_WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.mark.parametrize(
    "deleting",
    [lambda ledger: ledger.delete_run("local", "r"), lambda ledger: ledger.delete_before(2_000_000_000_000_000)],
    ids=["a run", "what is old"],
)
async def test_a_part_that_another_process_was_quicker_to_delete_is_not_the_last(
    postgres_url: str, deleting: Callable[[Ledger], AsyncIterator[int]]
) -> None:
    ledger = await Ledger.open(postgres_url)
    await ledger.add([grade(run="r", step=1) for _ in range(1200)])
    other = await asyncpg.connect(postgres_url)
    watch = await asyncpg.connect(postgres_url)
    async with other.transaction():
        await other.execute(f"DELETE FROM records WHERE record IN ({_OLDEST})")
        told = asyncio.create_task(_all(deleting(ledger)))
        async with asyncio.timeout(20):
            while not await watch.fetchval(_WAITS):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)

    assert await told == [0, 500, 700]
    assert await ledger.search(RecordFilter(), after=None, limit=1) == []
    for connection in (other, watch):
        await connection.close()
    await ledger.close()


async def _all(told: AsyncIterator[int]) -> list[int]:
    return [gone async for gone in told]
