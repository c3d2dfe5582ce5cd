"""What `Ledger.add` promises: durable, in groups, in order, whatever becomes of the task that waits."""

import asyncio

import pytest
from anyio.lowlevel import checkpoint

from app.ledger import Ledger, LedgerUnavailable, Record, RecordFilter
from tests.ledger.making import grade, unscored

pytestmark = pytest.mark.anyio

EVERY_BYTE = bytes(range(256))
EVERY_CONTROL = "".join(map(chr, range(32))).encode() + "\x7f\u2028\ufeff\U0001f600".encode()


@pytest.mark.parametrize("sample", [b"", b"\x00", b"a\x00b", EVERY_BYTE, EVERY_CONTROL, b"x" * 3_000_000], ids=len)
async def test_a_record_reads_back_as_it_was_written(ledger: Ledger, sample: bytes) -> None:
    record = grade(
        run="r \N{SNOWMAN}'\"", step=-(2**63), item_id="i", rollout=2**63 - 1, group="g", reward=-0.1,
        config=b"c" + sample, item=b"i" + sample, sample=sample, executions=b"e" + sample, grade=b"g" + sample,
        idempotency_key="k", body_sha256=EVERY_BYTE[:32],
    )  # fmt: skip

    assert await ledger.add([record]) == [record]
    assert await ledger.find(record.record, "local") == record


async def test_a_record_is_its_callers_own(ledger: Ledger) -> None:
    record = grade(caller="alice")
    await ledger.add([record])

    assert await ledger.find(record.record, "bob") is None
    assert await ledger.find(record.record, None) == record


async def test_five_hundred_at_once_share_a_few_commits(database_url: str) -> None:
    groups: list[tuple[int, float]] = []
    ledger = await Ledger.open(database_url, on_group=lambda rows, seconds: groups.append((rows, seconds)))
    given = [grade() for _ in range(500)]

    answers = await asyncio.gather(*(ledger.add([record]) for record in given))

    assert answers == [[record] for record in given]
    assert {record.record for record in await _all(ledger)} == {record.record for record in given}
    assert sum(rows for rows, _ in groups) == 500
    assert len(groups) <= 3
    assert all(seconds > 0 for _, seconds in groups)
    await ledger.close()


async def test_a_batch_larger_than_a_group_is_answered_in_its_order(database_url: str) -> None:
    groups: list[int] = []
    ledger = await Ledger.open(database_url, group_max=10, on_group=lambda rows, _: groups.append(rows))
    given = [grade() for _ in range(95)]

    answers = await asyncio.gather(ledger.add(given[:35]), ledger.add(given[35:]))

    assert answers == [given[:35], given[35:]]
    assert max(groups) == 10
    assert len(await _all(ledger)) == 95
    await ledger.close()


async def test_nothing_to_add_is_no_commit(ledger: Ledger) -> None:
    assert await ledger.add([]) == []


async def test_a_caller_that_hangs_up_takes_nothing_back(ledger: Ledger) -> None:
    given = [grade() for _ in range(20)]
    tasks = [asyncio.create_task(ledger.add([record])) for record in given]
    await checkpoint()
    for task in tasks[::2]:
        task.cancel()

    answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::2])
    assert answers[1::2] == [[record] for record in given[1::2]]
    assert {record.record for record in await _all(ledger)} == {record.record for record in given}


async def test_closing_settles_what_waits_and_takes_no_more(database_url: str) -> None:
    ledger = await Ledger.open(database_url, group_max=2)
    given = [grade() for _ in range(9)]
    tasks = [asyncio.create_task(ledger.add([record])) for record in given]
    await checkpoint()

    await ledger.close()

    assert await asyncio.gather(*tasks) == [[record] for record in given]
    with pytest.raises(LedgerUnavailable, match="closed"):
        await ledger.add([grade()])


async def test_what_is_over_the_limit_of_waiting_records_is_refused_whole(database_url: str) -> None:
    ledger = await Ledger.open(database_url, pending_max=10)

    answers = await asyncio.gather(
        ledger.add([grade() for _ in range(8)]), ledger.add([grade() for _ in range(3)]), return_exceptions=True
    )

    assert len(answers[0]) == 8
    assert isinstance(answers[1], LedgerUnavailable)
    assert "8 records wait for the database; with 3 more they are over the limit of 10" in answers[1].detail
    assert len(await _all(ledger)) == 8
    assert len(await ledger.add([grade() for _ in range(10)])) == 10
    await ledger.close()


async def test_a_defect_leaves_nobody_waiting(database_url: str) -> None:
    failures = [ZeroDivisionError("a broken meter")]

    def meter(rows: int, seconds: float) -> None:
        if failures:
            raise failures.pop()

    ledger = await Ledger.open(database_url, group_max=1, on_group=meter)

    answers = await asyncio.gather(ledger.add([grade()]), ledger.add([grade()]), return_exceptions=True)

    assert [type(answer) for answer in answers] == [ZeroDivisionError, ZeroDivisionError]
    assert len(await ledger.add([grade()])) == 1
    await ledger.close()


async def test_an_unscored_row_holds_no_key(ledger: Ledger) -> None:
    failed, judged = unscored(idempotency_key="k"), grade(idempotency_key="k")

    assert await ledger.add([failed]) == [failed]
    assert await ledger.replay("local", failed.grader, ["k"]) == {}
    assert await ledger.add([judged]) == [judged]
    assert await ledger.replay("local", failed.grader, ["k"]) == {"k": judged}


async def _all(ledger: Ledger) -> list[Record]:
    return await ledger.search(RecordFilter(), after=None, limit=10_000)
