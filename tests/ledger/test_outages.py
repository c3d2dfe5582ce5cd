"""While PostgreSQL is away, frozen or slow, grades are recorded in the spool; when it is back each is there once."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from app.ledger import Ledger, LedgerUnavailable
from tests.ledger.making import credit, grade
from tests.ledger.opening import COMMIT_TIMEOUT_S, Opening, drained, stored, until
from tests.pace import SteadyClock
from tests.services import Postgres, running_postgres

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A server that a test may kill or freeze."""
    with running_postgres() as server:
        server.write_lazily()
        yield server


@pytest.fixture
def url(server: Postgres) -> str:
    return server.new_database()


@pytest.fixture
def opening(url: str, tmp_path: Path) -> Opening:
    return Opening(url, tmp_path)


async def test_grades_of_an_outage_are_stored_once_each_when_it_ends(opening: Opening, server: Postgres) -> None:
    before, during, after = grade(), [grade() for _ in range(300)], grade()
    async with opening() as ledger:
        await ledger.add([before])
        server.kill()
        answers = await asyncio.gather(*(ledger.add([record]) for record in during))
        state = ledger.spool_state
        server.start()
        await drained(ledger)
        await ledger.add([after])

        assert answers == [[record] for record in during]
        assert (state.state, state.records, state.takes_records) == ("spooling", 300, True)
        assert await stored(ledger) == [before, *during, after]
        assert opening.rows == {"spooled": 300, "replayed": 300}
        await ledger.check()


async def test_a_process_that_starts_in_an_outage_finds_what_the_one_before_it_took(
    opening: Opening, server: Postgres
) -> None:
    first, second = grade(idempotency_key="k"), grade()
    server.kill()
    async with opening() as ledger:
        await ledger.add([first])
    async with opening() as ledger:
        assert ledger.spool_state.records == 1
        assert await ledger.replay("local", first.grader, ["k", "unknown"]) == {"k": first}
        assert await ledger.find(first.record, "local") == first
        assert await ledger.find(first.record, "another") is None
        await ledger.add([second])
        server.start()
        await drained(ledger)

        assert await stored(ledger) == [first, second]


async def test_what_is_in_the_spool_is_brought_by_the_next_process_if_the_database_is_there(
    opening: Opening, server: Postgres
) -> None:
    server.kill()
    async with opening() as ledger:
        await ledger.add([taken := grade()])
    server.start()

    async with opening() as ledger:
        await drained(ledger)
        assert await stored(ledger) == [taken]


async def test_nobody_waits_for_a_database_that_is_known_to_be_away(
    opening: Opening, server: Postgres, clock: SteadyClock
) -> None:
    async with opening() as ledger:
        await ledger.add([grade()])
        server.freeze()
        try:
            started, began = clock(), time.monotonic()
            await ledger.add([grade()])
            first_s, at_least_s = clock() - started, time.monotonic() - began

            started = clock()
            for _ in range(20):
                await ledger.add([grade(idempotency_key="k")])
                await ledger.replay("local", "finance_qa@v1", ["unknown"])
            for asking in (ledger.run_report("local", "r"), ledger.check(), ledger.recipe("r", 1)):
                with pytest.raises(LedgerUnavailable, match="The database is away: "):
                    await asking
            others_s = clock() - started
        finally:
            server.thaw()
        await drained(ledger)

        assert at_least_s >= COMMIT_TIMEOUT_S
        assert first_s < COMMIT_TIMEOUT_S + 1
        assert others_s < COMMIT_TIMEOUT_S
        assert len(await stored(ledger)) == 3


async def test_a_keyed_grade_waits_no_longer_for_a_frozen_server(
    opening: Opening, server: Postgres, clock: SteadyClock
) -> None:
    async with opening() as ledger:
        await ledger.add([grade()])
        server.freeze()
        try:
            started = clock()
            assert await ledger.replay("local", "finance_qa@v1", ["k"]) == {}
            await ledger.add([grade(idempotency_key="k")])
            waited_s = clock() - started
        finally:
            server.thaw()
        await drained(ledger)

        assert waited_s < 2 * COMMIT_TIMEOUT_S + 1


async def test_a_lock_on_the_table_delays_grades_by_the_deadline_and_leaves_no_sessions_behind(
    opening: Opening, server: Postgres, url: str, clock: SteadyClock
) -> None:
    holder = await asyncpg.connect(url)
    try:
        async with opening() as ledger, holder.transaction():
            await ledger.add([grade()])
            await holder.execute("LOCK TABLE records IN SHARE MODE")
            started, began = clock(), time.monotonic()
            await asyncio.gather(*(ledger.add([grade()]) for _ in range(50)))
            waited_s = clock() - started
            await until(lambda: time.monotonic() - began > 4 * COMMIT_TIMEOUT_S)
            sessions = await holder.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            spooled = ledger.spool_state
            await holder.execute("ROLLBACK")
            await drained(ledger)

            assert waited_s < COMMIT_TIMEOUT_S + 1
            assert (spooled.state, spooled.records) == ("spooling", 50)
            assert sessions <= 2
            assert len(await stored(ledger)) == 51
            await holder.execute("BEGIN")
    finally:
        await holder.close()


async def test_a_refused_row_is_quarantined_and_the_rest_is_stored(
    opening: Opening, server: Postgres, tmp_path: Path
) -> None:
    given = [grade() for _ in range(40)]
    poison = [given[7], given[21]]
    poison[0].step, poison[1].run = 2**63, "a\x00b"
    async with opening() as ledger:
        server.kill()
        await ledger.add(given)
        server.start()
        await drained(ledger)

        assert await stored(ledger) == [record for record in given if record not in poison]
    lines = [json.loads(line) for line in (tmp_path / "quarantine.jsonl").read_text().splitlines()]
    assert [line["record"] for line in lines] == [record.record for record in poison]
    assert opening.rows == {"spooled": 40, "quarantined": 2, "replayed": 38}


async def test_a_refused_row_that_cannot_be_quarantined_stays_on_disk(
    opening: Opening, server: Postgres, tmp_path: Path
) -> None:
    (tmp_path / "quarantine.jsonl").mkdir()
    async with opening() as ledger:
        server.kill()
        await ledger.add([grade(step=2**63, item_id="the refused one"), good := grade()])
        server.start()
        await drained(ledger)

        assert await stored(ledger) == [good]
    [kept] = (tmp_path / "spool").glob("*.damaged")
    assert b"the refused one" in kept.read_bytes()


async def test_of_two_grades_with_one_key_the_first_in_the_database_counts_and_the_other_can_be_looked_up(
    opening: Opening, server: Postgres, url: str
) -> None:
    here, there = grade(idempotency_key="k", run="r"), grade(idempotency_key="k", run="r", reward=0.0)
    other = grade(run="r")
    replica = await Ledger.open(url)
    await replica.add([there])
    async with opening() as ledger:
        server.kill()
        assert await ledger.add([here, other]) == [here, other]
        server.start()
        await drained(ledger)

        [report] = await ledger.run_report("local", "r")
        assert (report.graded, report.mean_reward) == (2, 0.5)
        assert await stored(ledger) == [there, other]
        found = await ledger.find_displaced(here.record, "local")
        assert found is not None
        assert (found.record, found.by) == (here, there.record)
        assert await ledger.find_displaced(here.record, "another") is None
        assert opening.rows == {"spooled": 2, "replayed": 2, "displaced": 1}
    await replica.close()


async def test_a_group_goes_through_an_outage_as_a_whole(opening: Opening, server: Postgres) -> None:
    members = [grade(run="r") for _ in range(30)]
    made = credit(*members, idempotency_key="k")
    async with opening() as ledger:
        server.kill()
        assert await ledger.add_credit(made, members) == made
        assert await ledger.replay_credit("local", made.grader, "k") == made
        assert await ledger.credit(made.credit) == made
        assert list(await ledger.records([record.record for record in members])) == [one.record for one in members]
        server.start()
        await drained(ledger)

        assert await stored(ledger) == members
        assert await ledger.credit(made.credit) == made


async def test_a_group_whose_key_another_holds_by_then_is_displaced_as_a_whole(
    opening: Opening, server: Postgres, url: str
) -> None:
    here, there = [grade(run="r") for _ in range(3)], [grade(run="r") for _ in range(3)]
    ours, theirs = credit(*here, idempotency_key="k"), credit(*there, idempotency_key="k")
    replica = await Ledger.open(url)
    await replica.add_credit(theirs, there)
    async with opening() as ledger:
        server.kill()
        assert await ledger.add_credit(ours, here) == ours
        server.start()
        await drained(ledger)

        assert await stored(ledger) == there
        assert await ledger.replay_credit("local", ours.grader, "k") == theirs
        kept = await ledger.credit(ours.credit)
        assert kept is not None
        assert (kept.members, kept.idempotency_key) == (ours.members, None)
        found = [await ledger.find_displaced(record.record, None) for record in here]
        assert [one and (one.record, one.by) for one in found] == [(record, theirs.credit) for record in here]
    await replica.close()


async def test_a_refused_group_is_quarantined_with_its_credit(
    opening: Opening, server: Postgres, tmp_path: Path
) -> None:
    members = [grade(), grade(step=2**63)]
    async with opening() as ledger:
        server.kill()
        await ledger.add_credit(made := credit(*members), members)
        await ledger.add([after := grade()])
        server.start()
        await drained(ledger)

        assert await stored(ledger) == [after]
    lines = [json.loads(line) for line in (tmp_path / "quarantine.jsonl").read_text().splitlines()]
    assert lines[0]["credit"] == made.credit
    assert [line["record"] for line in lines[1:]] == [record.record for record in members]


async def test_a_full_spool_refuses_and_takes_again_when_the_database_is_back(
    opening: Opening, server: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    taken = []
    async with opening(max_bytes=256 << 10) as ledger:
        server.kill()
        for _ in range(100):
            record = grade(sample=b"x" * 10_000)
            try:
                await ledger.add([record])
            except LedgerUnavailable:
                break
            taken.append(record)
        full = ledger.spool_state
        server.start()
        await drained(ledger)
        await ledger.add([after := grade()])

        assert (full.state, full.takes_records) == ("full", False)
        assert "RFT_SPOOL_MAX_MIB" in full.detail
        assert caplog.messages.count(f"Grades are refused: {full.detail}") == 1
        assert await stored(ledger) == [*taken, after]


@pytest.mark.parametrize("how", [{"lasts": False}, {"max_bytes": 0}], ids=["ephemeral", "off"])
async def test_without_a_lasting_spool_nothing_is_taken_and_nobody_waits(
    opening: Opening, server: Postgres, how: dict[str, Any], clock: SteadyClock
) -> None:
    async with opening(**how) as ledger:
        assert ledger.spool_state.state == ("off" if "max_bytes" in how else "ephemeral")
        server.freeze()
        try:
            with pytest.raises(LedgerUnavailable):
                await ledger.add([grade()])
            started = clock()
            for _ in range(10):
                with pytest.raises(LedgerUnavailable, match="The database is away"):
                    await ledger.add([grade()])
                with pytest.raises(LedgerUnavailable):
                    await ledger.replay("local", "finance_qa@v1", ["k"])
            waited_s = clock() - started
        finally:
            server.thaw()
        await until(lambda: not ledger.is_away)

        assert waited_s < COMMIT_TIMEOUT_S
        assert ledger.spool_state.takes_records is False
        await ledger.add([grade()])


async def test_an_ephemeral_spool_that_holds_records_is_emptied(opening: Opening, server: Postgres) -> None:
    server.kill()
    async with opening() as ledger:
        await ledger.add([taken := grade()])
    server.start()

    async with opening(lasts=False) as ledger:
        await until(lambda: ledger.spool_state.records == 0 and not ledger.is_away)
        assert await stored(ledger) == [taken]


async def test_a_database_that_was_never_migrated_is_when_it_is_back(server: Postgres, tmp_path: Path) -> None:
    opening = Opening(server.empty_database(), tmp_path)
    server.kill()
    async with opening() as ledger:
        await ledger.add([taken := grade()])
        server.start()
        await drained(ledger)
        assert await stored(ledger) == [taken]


async def test_what_reaches_the_spool_when_the_database_is_just_back_follows_at_once(
    opening: Opening, server: Postgres
) -> None:
    async with opening() as ledger:
        assert ledger._guarded is not None
        assert ledger._guarded.spool is not None
        server.freeze()
        try:
            # As if the disk took its time.
            async with ledger._guarded.spool._turn:
                adding = asyncio.create_task(ledger.add([given := grade()]))
                await until(lambda: ledger.is_away)
                server.thaw()
                await until(lambda: not ledger.is_away)
        finally:
            server.thaw()
        await adding
        await drained(ledger)

        assert await stored(ledger) == [given]
