"""What an outage of PostgreSQL leaves behind is counted once: replayed, displaced and credited grades, all at once."""

import asyncio
import random

import pytest

from app.ledger import Ledger
from tests.ledger.counting import complete, disagreements
from tests.ledger.making import credit, grade, unscored
from tests.ledger.opening import Opening, drained
from tests.ledger.test_outages import opening, server, url
from tests.services import Postgres

__all__ = ["opening", "server", "url"]

pytestmark = pytest.mark.anyio


async def test_tallies_after_an_outage_are_those_of_what_counts(opening: Opening, server: Postgres, url: str) -> None:
    dice = random.Random(2)

    def some(count: int, **changes: object) -> list:
        return [
            grade(run="r", step=dice.randrange(3), item_id="q", rollout=n % 9, reward=dice.random(), **changes)
            for n in range(count)
        ]

    replica = await Ledger.open(url)
    await replica.add([*some(20), *some(1, idempotency_key="both")])
    group = some(6)
    await replica.add_credit(credit(*group, idempotency_key="group"), group)
    async with opening() as ledger:
        before = await complete(ledger, "local", "r")
        server.kill()
        await ledger.add([*some(30), *some(1, idempotency_key="both"), unscored(run="r", step=1)])
        displaced = some(6)
        await ledger.add_credit(credit(*displaced, idempotency_key="group"), displaced)
        whole = some(5)
        await ledger.add_credit(credit(*whole, idempotency_key="another"), whole)
        server.start()
        await drained(ledger)
        await asyncio.gather(ledger.add(some(10)), replica.add(some(10)))

        after = await complete(ledger, "local", "r")

        assert (before.records, after.records) == (27, 27 + 30 + 1 + 5 + 20)
        assert opening.rows["displaced"] == 7
        assert disagreements(after, await ledger.run_report(None, "r")) == []
    await replica.close()
