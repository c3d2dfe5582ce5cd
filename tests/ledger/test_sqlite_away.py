"""The embedded database locked or full: grades are refused soon, nobody hangs, and it goes on when it can."""

import asyncio
import os
import resource
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from app.ledger import Ledger, LedgerUnavailable, Outages, RecordFilter, migrate
from app.ledger.opening import open_database
from tests.ledger.making import grade
from tests.ledger.test_spool import largest_file
from tests.pace import SteadyClock
from tests.processes import below

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ledger(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'rft.sqlite3'}"
    await migrate(url)
    outages = Outages(2.0, tmp_path / "spool", 1 << 20, True, lambda *_: None)
    ledger = await Ledger.open(url, outages=outages)
    yield ledger
    await ledger.close()


async def until_back(ledger: Ledger) -> None:
    async with asyncio.timeout(60):
        while ledger.is_away:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)


async def test_there_is_no_spool(ledger: Ledger, tmp_path: Path) -> None:
    assert (ledger.spool_state.state, ledger.spool_state.takes_records) == ("off", False)
    assert not (tmp_path / "spool").exists()


async def test_a_locked_file_is_waited_for_once_and_then_refused_at_once(
    ledger: Ledger, tmp_path: Path, clock: SteadyClock
) -> None:
    await ledger.add([grade()])
    other = sqlite3.connect(tmp_path / "rft.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started = clock()
    answers = await asyncio.gather(*(ledger.add([grade()]) for _ in range(50)), return_exceptions=True)
    first_s = clock() - started
    started = clock()
    for _ in range(20):
        with pytest.raises(LedgerUnavailable, match="database is locked"):
            await ledger.add([grade()])
    others_s = clock() - started
    other.execute("COMMIT")
    other.close()
    await until_back(ledger)
    await ledger.add([grade()])

    assert {type(answer) for answer in answers} == {LedgerUnavailable}
    assert first_s < 12
    assert others_s < 1
    assert len(await ledger.search(RecordFilter(), after=None, limit=99)) == 2


async def test_a_full_disk_is_refused_at_once_and_used_again_when_there_is_room(
    ledger: Ledger, tmp_path: Path, clock: SteadyClock
) -> None:
    await ledger.add([grade()])
    [writer] = writers_of(tmp_path)
    hard = resource.prlimit(writer, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(writer, resource.RLIMIT_FSIZE, (4096, hard))
    started = clock()
    for _ in range(20):
        with pytest.raises(LedgerUnavailable):
            await ledger.add([grade()])
    waited_s = clock() - started
    resource.prlimit(writer, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))
    await until_back(ledger)
    await ledger.add([grade()])

    assert waited_s < 2
    assert len(await ledger.search(RecordFilter(), after=None, limit=99)) == 2


async def test_a_disk_without_room_is_not_taken_for_a_database_that_is_back(ledger: Ledger, tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'rft.sqlite3'}", 2.0)
    with largest_file(4096), pytest.raises(LedgerUnavailable, match=r"Nothing can be written beside .*rft\.sqlite3"):
        await database.probe()
    await database.probe()
    await database.close()

    assert all("rft.sqlite3" in path.name for path in tmp_path.iterdir())  # noqa: ASYNC240 - a folder of three files


def writers_of(folder: Path) -> list[int]:
    """The process that writes to the file in `folder`; the servers of other tests have theirs."""
    file = str(folder / "rft.sqlite3").encode()
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in below(os.getpid())}
    return [pid for pid, command in commands.items() if b"sqlite_writer" in command and file in command]


async def test_whoever_had_the_file_for_itself_leaves_nobody_to_wait_longer_for_a_lock(ledger: Ledger) -> None:
    def longest_wait(connection: Connection) -> object:
        return connection.exec_driver_sql("PRAGMA busy_timeout").scalar()

    before = await ledger._database.run(longest_wait)
    await ledger.add([grade(run="r")])
    assert [gone async for gone in ledger.delete_run("local", "r")] == [1]

    assert await ledger._database.run(longest_wait) == before == 5000
