"""`rft-graders migrate` on both databases."""

import asyncio

from sqlalchemy import Connection
from typer.testing import CliRunner

from app.cli import cli
from app.ledger import KeyStore, schema_revision
from app.ledger.migrate import upgrade
from app.ledger.opening import open_database
from app.ledger.revision import known_revisions
from tests.command_line import rft
from tests.ports import free_port

OLDER, NEWEST = known_revisions()


def at_first_schema(connection: Connection) -> None:
    upgrade(connection, min(OLDER))


async def first_release(url: str) -> None:
    database = open_database(url)
    try:
        await database.exclusively(at_first_schema)
    finally:
        await database.close()


def test_a_database_of_the_first_release_gets_the_newest_schema(empty_database_url: str) -> None:
    asyncio.run(first_release(empty_database_url))
    assert asyncio.run(schema_revision(empty_database_url)) == min(OLDER) != NEWEST

    shown, _ = rft("migrate", RFT_DATABASE_URL=empty_database_url)

    assert shown.strip() == f"The database has schema {NEWEST}."
    assert asyncio.run(schema_revision(empty_database_url)) == NEWEST


def run(*arguments: str, url: str, expect: int = 0) -> str:
    """What the command prints, without a process of its own."""
    done = CliRunner().invoke(cli, arguments, env={"RFT_DATABASE_URL": url, "COLUMNS": "200"})
    assert done.exit_code == expect, done.output
    return done.output


async def caller_names(url: str) -> list[str]:
    store = KeyStore.open(url)
    try:
        return [key.name for key in await store.every()]
    finally:
        await store.close()


def test_an_empty_database_gets_the_schema_and_a_second_migration_changes_nothing(empty_database_url: str) -> None:
    run("migrate", url=empty_database_url)
    run("keys", "create", "trainer", url=empty_database_url)

    run("migrate", url=empty_database_url)

    assert asyncio.run(caller_names(empty_database_url)) == ["trainer"]


def test_a_database_that_is_away_fails_the_command_so_that_its_job_is_tried_again() -> None:
    url = f"postgresql://rft:secret@127.0.0.1:{free_port()}/rft"

    told = run("migrate", url=url, expect=1)

    assert "The database cannot be migrated" in told
    assert "RFT_DATABASE_URL" in told
    assert "secret" not in told
