"""A credit and the records of its group are stored together or not at all; one credit wins a key, in every replica."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from app.ledger import Ledger, LedgerUnavailable, Record, RecordFilter, RecordRefused, StoredCredit
from tests.ledger.making import credit, grade, unscored

pytestmark = pytest.mark.anyio


async def stored(ledger: Ledger) -> list[Record]:
    return await ledger.search(RecordFilter(), after=None, limit=5000)


async def test_a_credit_is_stored_with_its_records(ledger: Ledger) -> None:
    given = [grade(run="r"), unscored(run="r"), grade(item_id="q", group="g")]
    made = credit(*given)

    assert await ledger.add_credit(made, given) == made
    assert await ledger.credit(made.credit) == made
    assert await stored(ledger) == given[::-1]
    assert await ledger.search(RecordFilter(item_id="q", group="g"), after=None, limit=9) == [given[2]]


async def test_an_unknown_credit_is_none(ledger: Ledger) -> None:
    assert await ledger.credit("none") is None
    assert await ledger.replay_credit("local", "finance_qa@v1", "none") is None


async def test_the_second_credit_of_a_key_stands_for_the_first_and_stores_nothing(ledger: Ledger) -> None:
    given, again = [grade(), grade()], [grade(), grade()]
    first, second = credit(*given, idempotency_key="k"), credit(*again, idempotency_key="k")

    assert await ledger.add_credit(first, given) == first
    assert await ledger.add_credit(second, again) == first
    assert await ledger.replay_credit("local", "finance_qa@v1", "k") == first
    assert await stored(ledger) == given[::-1]


async def test_a_key_belongs_to_one_caller_and_one_grader(ledger: Ledger) -> None:
    changes: list[dict[str, Any]] = [{}, {"caller": "alice"}, {"grader": "finance_qa@v2"}]
    made = [credit(idempotency_key="k", **change) for change in changes]

    assert [await ledger.add_credit(one, [grade()]) for one in made] == made
    assert await ledger.replay_credit("alice", "finance_qa@v1", "k") == made[1]


async def test_a_credit_that_is_stored_again_is_stored_once(ledger: Ledger) -> None:
    """Its connection may break after the commit."""
    given = [grade()]
    made = credit(*given)
    await ledger.add_credit(made, given)

    assert await ledger.add_credit(made, given) == made
    assert await stored(ledger) == given


@pytest.mark.parametrize("bad", [{"reward": float("nan")}, {"step": 2**63}, {"code": "both"}])
async def test_a_refused_record_refuses_the_whole_group(ledger: Ledger, quarantine: Path, bad: dict[str, Any]) -> None:
    given = [grade(), replace(grade(), **bad), grade()]

    with pytest.raises(RecordRefused, match="refused a record of the group"):
        await ledger.add_credit(made := credit(*given), given)

    assert await stored(ledger) == []
    assert await ledger.credit(made.credit) is None
    kept = await asyncio.to_thread(quarantine.read_text)
    assert len(kept.splitlines()) == 3
    assert len(await ledger.add([grade()])) == 1


async def test_replicas_that_credit_the_same_key_answer_alike(ledger: Ledger, database_url: str) -> None:
    replica = await Ledger.open(database_url)

    async def make(store: Ledger, key: str) -> StoredCredit:
        given = [grade() for _ in range(40)]
        return await store.add_credit(credit(*given, idempotency_key=key), given)

    keys = [str(n) for n in range(12)]
    made = await asyncio.gather(*(make(store, key) for key in keys for store in (ledger, replica)))

    assert made[0::2] == made[1::2]
    assert len(await stored(ledger)) == 12 * 40
    await replica.close()


async def test_credits_and_grades_are_written_beside_each_other(ledger: Ledger) -> None:
    groups = [[grade() for _ in range(30)] for _ in range(20)]
    singles = [grade() for _ in range(200)]

    await asyncio.gather(
        *(ledger.add_credit(credit(*group), group) for group in groups), *(ledger.add([one]) for one in singles)
    )

    assert len(await stored(ledger)) == 800


async def test_a_database_without_the_table_takes_no_credit(empty_database_url: str) -> None:
    ledger = await Ledger.open(empty_database_url)

    with pytest.raises(LedgerUnavailable):
        await ledger.add_credit(credit(), [grade()])

    await ledger.close()
