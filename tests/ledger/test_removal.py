"""What is taken out of the ledger is gone, and nothing else is."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, text

from app.ledger import Ledger, LedgerUnavailable, Record, RecordFilter
from app.ledger.opening import open_database
from app.ledger.quarantine import Quarantine
from app.ledger.removal import some_of_run
from app.ledger.writer import Writer
from tests.ledger.counting import complete, disagreements
from tests.ledger.making import credit, grade, unscored

pytestmark = pytest.mark.anyio

OLD_MS, NEW_MS = 1_700_000_000_000, 1_800_000_000_000


async def test_a_deleted_run_is_nowhere_and_others_stay(ledger: Ledger, database_url: str) -> None:
    group = [grade(run="gone", step=1) for _ in range(3)]
    given = credit(*group)
    for record in group:
        record.grade = b'{"reason":"x","credit":%b}' % json.dumps(given.credit).encode()
    await ledger.add_credit(given, group)
    await ledger.add([*(grade(run="gone", step=2) for _ in range(700)), unscored(run="gone")])
    others = [grade(run="gone", caller="alice", step=1), grade(run="kept", step=1), grade()]
    await ledger.add(others)
    for caller, run in (("local", "gone"), ("alice", "gone"), ("local", "kept")):
        await complete(ledger, caller, run)

    told = [gone async for gone in ledger.delete_run("local", "gone")]

    assert told == [500, 704]
    assert await ledger.search(RecordFilter(), after=None, limit=9) == others[::-1]
    assert await ledger.credit(given.credit) is None
    assert [run.run for run in await ledger.runs("local", after=None, limit=9)] == ["kept"]
    assert await ledger.callers_of("gone") == ["alice"]
    assert (await complete(ledger, "local", "gone")).records == 0
    assert await _named(database_url, "local", "gone") == 0
    for caller, run in (("alice", "gone"), ("local", "kept")):
        kept = await complete(ledger, caller, run)
        assert (kept.records, kept.counted) == (1, 1)


async def test_a_run_that_begins_again_after_its_end_counts_anew(ledger: Ledger) -> None:
    await ledger.add([grade(run="r", step=1, reward=0.0) for _ in range(2)])
    await complete(ledger, "local", "r")
    assert [gone async for gone in ledger.delete_run("local", "r")] == [2]

    await ledger.add([grade(run="r", step=1) for _ in range(2)])

    [(_, _, [tally])] = (await complete(ledger, "local", "r")).steps
    assert tally.verdicts == {"accurate": 2}
    assert tally.reward is not None
    assert tally.reward.mean == 1.0


async def test_what_is_counted_while_a_run_goes_is_nothing_to_the_run_that_has_its_name_next(ledger: Ledger) -> None:
    def run(reward: float) -> list[Record]:
        return [grade(run="r", step=n // 2, item_id="i", rollout=n % 2, reward=reward) for n in range(400)]

    await ledger.add(run(0.0))
    assert not (await ledger.run_tallies("local", "r", patience_s=0.0)).is_complete
    assert [gone async for gone in ledger.delete_run("local", "r")] == [400]
    await ledger.add(run(1.0))

    tallies = await complete(ledger, "local", "r")

    assert tallies.counted == 400
    assert disagreements(tallies, await ledger.run_report(None, "r")) == []


async def test_records_older_than_they_may_become_are_gone(ledger: Ledger, database_url: str) -> None:
    old = [grade(record=_id(OLD_MS + n), created_us=1000 * (OLD_MS + n), run="r", step=n // 400) for n in range(600)]
    new = [grade(record=_id(NEW_MS + n), created_us=1000 * (NEW_MS + n), run="r", step=1) for n in range(3)]
    early = credit(credit=_id(OLD_MS + 1), created_us=OLD_MS * 1000)
    await ledger.add([*old, *new])
    await ledger.add_credit(early, [grade(record=_id(OLD_MS + 900), run="s", step=4)])
    await complete(ledger, "local", "r")

    told = [gone async for gone in ledger.delete_before(NEW_MS * 1000)]

    assert told == [500, 601]
    assert await ledger.search(RecordFilter(), after=None, limit=9) == new[::-1]
    assert await ledger.credit(early.credit) is None
    tallies = await complete(ledger, "local", "r")
    assert [(step, records) for step, records, _ in tallies.steps] == [(1, 3)]
    assert tallies.steps[0][2][0].graded == 3
    assert await _named(database_url, "local", "s") == 0


async def test_nothing_old_is_nothing_to_take_out(ledger: Ledger) -> None:
    await ledger.add([grade(run="r", step=1)])

    assert [gone async for gone in ledger.delete_before(OLD_MS * 1000)] == []
    assert (await complete(ledger, "local", "r")).records == 1


def _id(ms: int) -> str:
    """A UUIDv7 of that moment."""
    hexed = f"{ms:012x}"
    return f"{hexed[:8]}-{hexed[8:]}-7000-8000-{ms % 1000:012x}"


async def _named(url: str, caller: str, run: str) -> int:
    """In how many rows of any table the run is named."""
    database = open_database(url)
    rows = 0
    for table in ("records", "displaced", "run_steps", "step_tallies"):
        query = text(f"SELECT count(*) FROM {table} WHERE caller = :caller AND run_id = :run")
        rows += await database.run(
            lambda connection, query=query: connection.execute(query, {"caller": caller, "run": run}).scalar_one()
        )
    await database.close()
    return rows


async def test_a_run_that_goes_while_its_name_is_still_written_to_is_nobody_s_defect(database_url: str) -> None:
    database = open_database(database_url)

    async def look_up(query: Callable[[Connection], Any]) -> Any:
        """Whoever deletes the run is quicker than whoever asks why something was not stored."""
        await database.run(partial(some_of_run, caller="local", run="gone"))
        return await database.run(query)

    limits: dict[str, Any] = {"group_max": 500, "pending_max": 500, "on_group": None, "on_added": lambda records: None}
    writer = Writer(database, look_up, Quarantine(None), **limits)
    kept, again = grade(idempotency_key="kept"), grade(idempotency_key="gone")
    held, other = credit(idempotency_key="k"), credit(idempotency_key="k")
    named = b'{"reason":"x","credit":%b}' % json.dumps(held.credit).encode()

    await writer.add([kept, grade(run="gone", idempotency_key="gone")])
    with pytest.raises(LedgerUnavailable, match="was deleted at this very moment"):
        await writer.add([again])
    await writer.add_credit(held, [grade(run="gone", grade=named)])
    with pytest.raises(LedgerUnavailable, match="was deleted at this very moment"):
        await writer.add_credit(other, [])
    plain = grade(run="gone")

    assert await writer.add([plain, grade(idempotency_key="kept")]) == [plain, kept]
    assert await writer.add([again]) == [again]
    assert await writer.add_credit(other, []) == other
    await writer.close()
    await database.close()


async def test_a_run_that_goes_while_it_is_read_ends_there(ledger: Ledger) -> None:
    given = [grade(run="r", step=1) for _ in range(150)]
    await ledger.add(given)

    samples = ledger.samples_of_run("local", "r", None)
    first = await anext(samples)
    assert [gone async for gone in ledger.delete_run("local", "r")] == [150]

    # A page was in memory by then.
    assert [first, *[record async for record in samples]] == given[:100]
