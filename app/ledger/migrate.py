"""Bringing a database to the schema of this release, and telling whether it has it."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import migrations
from app.errors import LedgerUnavailable
from app.ledger.database import open_database


async def migrate(url: str) -> None:
    """Upgrades the database at `url` to this release's schema; makes an SQLite file and its folder.

    Replicas that start together take turns; who finds the work done, or a later release's schema, does nothing.

    Raises:
        LedgerUnavailable: the database is away, or the URL is of none.
    """
    database = open_database(url)
    try:
        await database.exclusively(_upgrade)
    finally:
        await database.close()


async def schema_revision(url: str) -> str | None:
    """The revision of the database's schema; None: it was never migrated.

    Raises:
        LedgerUnavailable: the database is away, or the URL is of none.
    """
    database = open_database(url)
    try:
        return await database.run(current_revision)
    finally:
        await database.close()


def current_revision(connection: Connection) -> str | None:
    """The revision that `connection`'s database has; None: it was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()


def refuse_old(revision: str | None) -> None:
    """Raises LedgerUnavailable for a schema older than this release's. A newer one serves the release before it."""
    older, head = _known_revisions()
    if revision is None or revision in older:
        raise LedgerUnavailable(
            f"The database's schema is {revision or 'missing'}, this release needs {head}. Start the service with "
            "`rft-graders serve`, which migrates first."
        )


def _upgrade(connection: Connection) -> None:
    older, head = _known_revisions()
    if current_revision(connection) not in {None, head, *older}:
        return
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__path__[0])).replace("%", "%%"))
    return config


@cache
def _known_revisions() -> tuple[frozenset[str], str]:
    """The revisions before this release's, and its own."""
    head, *older = (script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())
    return frozenset(older), head
