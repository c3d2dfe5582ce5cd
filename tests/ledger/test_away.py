"""While the database is away nothing is answered, and all works again when it is back."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from app.ledger import Ledger, LedgerUnavailable, RecordFilter, migrate
from app.ledger.postgres import PostgresDatabase
from tests.ledger.making import grade
from tests.pace import SteadyClock
from tests.services import Postgres, running_postgres

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A server that a test may stop."""
    with running_postgres() as server:
        yield server


@pytest.fixture
async def ledger(server: Postgres, anyio_backend: str) -> AsyncIterator[Ledger]:
    url = server.new_database()
    ledger = await Ledger.open(url)
    yield ledger
    await ledger.close()


async def test_a_stopped_server_is_said_to_be_away_and_used_again_when_it_is_back(
    ledger: Ledger, server: Postgres
) -> None:
    before, after = grade(), grade()
    await ledger.add([before])

    server.stop()
    answers = await asyncio.gather(
        ledger.add([grade()]),
        ledger.add([grade()]),
        ledger.find(before.record, None),
        ledger.replay("local", "finance_qa@v1", ["k"]),
        ledger.run_report("local", "r"),
        ledger.check(),
        return_exceptions=True,
    )
    server.start()

    assert [type(answer) for answer in answers] == [LedgerUnavailable] * 6
    await ledger.check()
    assert await ledger.add([after]) == [after]
    assert await ledger.search(RecordFilter(), after=None, limit=10) == [after, before]


async def test_a_restart_between_two_grades_costs_none(ledger: Ledger, server: Postgres) -> None:
    await ledger.add([grade()])
    server.stop()
    server.start()

    assert len(await ledger.add([grade()])) == 1
    server.stop()
    server.start()
    assert len(await ledger.search(RecordFilter(), after=None, limit=10)) == 2


async def test_a_server_stopped_amid_a_burst_loses_no_answered_grade(ledger: Ledger, server: Postgres) -> None:
    given = [grade() for _ in range(3000)]
    tasks = [asyncio.create_task(ledger.add([record])) for record in given]
    await tasks[0]
    await asyncio.to_thread(server.stop)

    answers = await asyncio.gather(*tasks, return_exceptions=True)
    server.start()

    answered = {record.record for record, answer in zip(given, answers, strict=True) if answer == [record]}
    assert {type(answer) for answer in answers} <= {list, LedgerUnavailable}
    assert answered
    assert answered <= {record.record for record in await ledger.search(RecordFilter(), after=None, limit=9999)}


async def test_a_server_that_ends_our_session_is_asked_again(ledger: Ledger, server: Postgres) -> None:
    await ledger.add([grade()])
    await ledger.check()
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rft-graders'")

    assert len(await ledger.add([grade()])) == 1
    await ledger.check()


async def test_a_server_that_says_nothing_is_not_waited_for_long(clock: SteadyClock) -> None:
    held: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    ledger = await Ledger.open(f"postgresql://rft:secret@127.0.0.1:{silent.sockets[0].getsockname()[1]}/rft")
    started = clock()

    with pytest.raises(LedgerUnavailable, match="does not answer within 2 s") as caught:
        await ledger.check()

    assert clock() - started < 4
    assert "secret" not in caught.value.detail
    await ledger.close()
    for writer in held:
        writer.close()
    silent.close()


async def test_an_sqlite_file_that_is_not_there_yet_is_used_once_it_is(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'later' / 'rft.sqlite3'}"
    ledger = await Ledger.open(url)

    with pytest.raises(LedgerUnavailable, match="unable to open database file"):
        await ledger.add([grade()])
    with pytest.raises(LedgerUnavailable, match="unable to open database file"):
        await ledger.check()

    await migrate(url)
    assert len(await ledger.add([grade()])) == 1
    await ledger.close()


async def test_an_sqlite_file_that_another_process_holds_is_waited_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rft.sqlite3'}"
    await migrate(url)
    ledger = await Ledger.open(url)
    other = sqlite3.connect(tmp_path / "rft.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(ledger.add([grade()]))
    # Reads go on meanwhile, and by the time one has answered the write is under way.
    assert await ledger.search(RecordFilter(), after=None, limit=1) == []
    assert not waiting.done()

    other.execute("COMMIT")
    assert len(await waiting) == 1
    other.close()
    await ledger.close()


async def test_commits_survive_power_loss_on_both(ledger: Ledger, server: Postgres, tmp_path: Path) -> None:
    await migrate(f"sqlite:///{tmp_path / 'rft.sqlite3'}")
    embedded = await Ledger.open(f"sqlite:///{tmp_path / 'rft.sqlite3'}")

    assert await _setting(embedded, "PRAGMA synchronous") == 2
    assert await _setting(embedded, "PRAGMA journal_mode") == "wal"
    assert await _setting(ledger, "SHOW synchronous_commit") == "on"
    await embedded.close()


async def _setting(ledger: Ledger, sql: str) -> object:
    return await ledger._database.run(lambda connection: connection.exec_driver_sql(sql).scalar())


async def test_a_connection_that_ends_between_preparing_and_running_is_a_database_away(postgres_url: str) -> None:
    database = PostgresDatabase(make_url(postgres_url), 5.0)

    async def end_amid(driver) -> None:
        # The server remarks on the long name while it prepares; who hears that hangs up.
        driver.add_log_listener(lambda connection, _: connection.terminate())
        await driver.execute(f'SELECT $1::int AS "{70 * "a"}"', 1)

    # Whether it is told of before or after the statement is ready is the network's choice.
    for _ in range(12):
        with pytest.raises(LedgerUnavailable):
            await database._written(end_amid)

    await database.probe()
    await database.close()
