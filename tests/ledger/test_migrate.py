"""The schema: made once whoever comes first, equal to the tables in the code, and looked at by readiness."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import migrations
from app.ledger import Ledger, LedgerUnavailable, RecordFilter, migrate, schema_revision
from app.ledger.opening import open_database
from app.ledger.revision import known_revisions
from app.ledger.tables import metadata
from tests.ledger.making import grade
from tests.ledger.test_spool import largest_file

pytestmark = pytest.mark.anyio

SCRIPTS = ScriptDirectory(migrations.__path__[0])
HEAD = SCRIPTS.get_current_head()


def test_the_names_of_the_files_tell_the_revisions_that_alembic_reads() -> None:
    head, *older = (script.revision for script in SCRIPTS.walk_revisions())

    assert known_revisions() == (frozenset(older), head)


async def test_replicas_that_start_at_once_migrate_once(empty_database_url: str) -> None:
    await asyncio.gather(*(migrate(empty_database_url) for _ in range(4)))

    assert await schema_revision(empty_database_url) == HEAD


async def test_migrating_again_keeps_what_is_there(ledger: Ledger, database_url: str) -> None:
    record = grade()
    await ledger.add([record])

    await migrate(database_url)

    assert await ledger.search(RecordFilter(), after=None, limit=2) == [record]


async def test_the_migrations_make_what_the_code_expects(database_url: str) -> None:
    def differences(connection: Connection) -> Any:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    database = open_database(database_url)
    assert await database.run(differences) == []
    await database.close()


async def test_readiness_says_that_a_database_was_not_migrated(empty_database_url: str) -> None:
    ledger = await Ledger.open(empty_database_url)

    assert await schema_revision(empty_database_url) is None
    with pytest.raises(LedgerUnavailable, match=f"schema is missing, this release needs {HEAD}"):
        await ledger.check()
    with pytest.raises(LedgerUnavailable, match="records"):
        await ledger.add([grade()])

    await migrate(empty_database_url)
    await ledger.check()
    assert len(await ledger.add([grade()])) == 1
    await ledger.close()


async def test_a_release_works_on_the_schema_of_the_next_one_and_says_so(
    ledger: Ledger, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    def upgrade(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    database = open_database(database_url)
    await database.run(upgrade)
    await migrate(database_url)

    assert f"The database has schema 9999, of a later release, and keeps it; this release's is {HEAD}." in caplog.text
    await ledger.check()
    assert await schema_revision(database_url) == "9999"
    await database.close()


async def test_a_database_that_another_program_migrates_is_left_alone(empty_database_url: str) -> None:
    def make(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('0a8213491aaa')"))

    database = open_database(empty_database_url)
    await database.run(make)
    await database.close()

    with pytest.raises(LedgerUnavailable, match="Another program migrates it: it has Alembic's revision 0a8213491aaa"):
        await migrate(empty_database_url)


async def test_who_waits_for_another_to_migrate_says_so(
    empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    holding, enough = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        holding.set()
        enough.wait()

    other = threading.Thread(target=lambda: asyncio.run(_exclusively(empty_database_url, hold)))
    other.start()
    await asyncio.to_thread(holding.wait)
    waiting = asyncio.create_task(migrate(empty_database_url, told_after_s=0.2))
    async with asyncio.timeout(20):
        while "still not migrated after 0.2 s: another process migrates it" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    enough.set()
    await waiting
    await asyncio.to_thread(other.join)

    assert await schema_revision(empty_database_url) == HEAD


async def _exclusively(url: str, work: Callable[[Connection], None]) -> None:
    database = open_database(url)
    await database.exclusively(work)
    await database.close()


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://root:secret@localhost/rft", "sqlite://", "sqlite:///:memory:"]
)
async def test_a_url_of_no_known_database_is_answered_with_what_is_wanted(url: str) -> None:
    with pytest.raises(LedgerUnavailable, match=r"sqlite:///FILE or postgresql://") as caught:
        await migrate(url)

    assert "secret" not in caught.value.detail


async def test_a_url_may_name_the_driver(postgres_url: str) -> None:
    await migrate(postgres_url.replace("postgresql://", "postgresql+asyncpg://"))

    assert await schema_revision(postgres_url) == HEAD


async def test_the_folder_of_an_sqlite_file_is_made(tmp_path: Path) -> None:
    await migrate(f"sqlite:///{tmp_path / 'new' / 'folder' / 'rft.sqlite3'}")

    assert (tmp_path / "new" / "folder" / "rft.sqlite3").is_file()


async def test_a_disk_that_takes_nothing_is_said_to_be_what_keeps_a_database_from_being_migrated(
    tmp_path: Path,
) -> None:
    # SQLite itself says "disk I/O error" here, and "unable to open database file" of a disk that may only be read.
    with largest_file(0), pytest.raises(LedgerUnavailable, match=r"Nothing can be written beside .*rft\.sqlite3: "):
        await migrate(f"sqlite:///{tmp_path / 'rft.sqlite3'}")
