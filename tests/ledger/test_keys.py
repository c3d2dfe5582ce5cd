"""Idempotency keys: one judgement wins and everybody answers with it."""

import asyncio
from pathlib import Path
from threading import Event

import pytest
from anyio.lowlevel import checkpoint
from msgspec.structs import replace
from sqlalchemy import Connection, make_url

from app.ledger import Ledger, Outages, RecordFilter
from tests.ledger.making import grade

pytestmark = pytest.mark.anyio


async def test_the_first_of_two_with_one_key_in_one_group_stands(ledger: Ledger) -> None:
    first, second, other = grade(idempotency_key="k"), grade(idempotency_key="k"), grade(idempotency_key="l")

    assert await ledger.add([first, other, second]) == [first, other, first]
    assert len(await ledger.search(RecordFilter(), after=None, limit=10)) == 2


async def test_a_key_belongs_to_one_caller_and_one_grader(ledger: Ledger) -> None:
    given = [
        grade(idempotency_key="k"),
        grade(idempotency_key="k", caller="alice"),
        grade(idempotency_key="k", grader="finance_qa@v2"),
    ]

    assert await ledger.add(given) == given
    assert await ledger.replay("alice", "finance_qa@v1", ["k", "none"]) == {"k": given[1]}


async def test_a_later_judgement_answers_with_the_earlier_one(ledger: Ledger) -> None:
    earlier = [grade(idempotency_key=str(n)) for n in range(70)]
    await ledger.add(earlier)
    plain = grade()

    later = [grade(idempotency_key=str(n), body_sha256=b"other") for n in range(70)]

    assert await ledger.add([*later, plain]) == [*earlier, plain]


async def test_a_record_sent_twice_is_stored_once(ledger: Ledger) -> None:
    record = grade()
    await ledger.add([record])

    assert await ledger.add([replace(record)]) == [record]
    assert await ledger.search(RecordFilter(), after=None, limit=10) == [record]


async def test_two_replicas_that_judge_the_same_keys_answer_alike(ledger: Ledger, database_url: str) -> None:
    keys = [f"key-{n}" for n in range(300)]
    replica = await Ledger.open(database_url)

    async def judge(store: Ledger, order: list[str]) -> dict[str, str]:
        given = [grade(idempotency_key=key) for key in order]
        parts = await asyncio.gather(*(store.add(given[at : at + 25]) for at in range(0, 300, 25)))
        return {record.idempotency_key: record.record for part in parts for record in part}

    mine, theirs = await asyncio.gather(judge(ledger, keys), judge(replica, keys[::-1]))

    assert mine == theirs
    assert mine == {key: record.record for key, record in (await ledger.replay("local", "finance_qa@v1", keys)).items()}
    assert len(await ledger.search(RecordFilter(), after=None, limit=1000)) == 300
    await replica.close()


async def test_a_batch_of_many_keys_is_replayed_at_once(ledger: Ledger) -> None:
    given = [grade(idempotency_key=f"batch:{n}") for n in range(1200)]
    await ledger.add(given)

    found = await ledger.replay("local", "finance_qa@v1", [f"batch:{n}" for n in range(5000)])

    assert found == {record.idempotency_key: record for record in given}


# As many as read at a time, and one more.
REPORTS = {"sqlite": 5, "postgresql": 16}


async def test_a_key_is_looked_up_while_reports_take_their_time(database_url: str, tmp_path: Path) -> None:
    ledger = await Ledger.open(database_url, outages=Outages(5.0, tmp_path, 1 << 20, True, lambda *_: None))
    held, is_over = grade(idempotency_key="k"), Event()
    await ledger.add([held])

    def report(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            is_over.wait(10)
        else:
            connection.exec_driver_sql("SELECT pg_sleep(10)")

    count = REPORTS[make_url(database_url).get_backend_name()]
    reports = [asyncio.create_task(ledger._database.run(report)) for _ in range(count)]
    await checkpoint()
    found = await ledger.replay("local", "finance_qa@v1", ["k"])
    await ledger.check()

    assert found == {"k": held}
    assert not any(task.done() for task in reports)
    is_over.set()
    for task in reports:
        task.cancel()
    await asyncio.wait(reports)
    await ledger.close()
