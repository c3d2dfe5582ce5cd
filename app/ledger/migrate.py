"""Bringing a database to the schema of this release."""

from sqlalchemy import Connection

from app.ledger.opening import open_database
from app.ledger.revision import SCRIPTS, current_revision, known_revisions


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


def upgrade(connection: Connection, revision: str) -> None:
    """Runs the migrations up to `revision` on `connection`."""
    # Imported here because alembic costs a third of a second of CPU and 20 MB, and most starts have nothing to migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _upgrade(connection: Connection) -> None:
    older, head = known_revisions()
    if current_revision(connection) in {None, *older}:
        upgrade(connection, head)
