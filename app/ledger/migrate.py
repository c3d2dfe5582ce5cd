"""Bringing a database to the schema of this release."""

import asyncio
import logging

from sqlalchemy import Connection

from app.ledger.opening import open_database
from app.ledger.revision import SCRIPTS, current_revision, known_revisions, refuse_foreign

_log = logging.getLogger(__name__)

_WAITS = (
    "The database is still not migrated after %g s: another process migrates it, or keeps a lock on it (in PostgreSQL, "
    "pg_stat_activity shows who), or it is large. Waiting."
)
_LATER = (
    "The database has schema %s, of a later release, and keeps it; this release's is %s. The release before that one "
    "works with it, an older one may not."
)


async def migrate(url: str, *, told_after_s: float = 5.0) -> None:
    """Upgrades the database at `url` to this release's schema; makes an SQLite file and its folder.

    Replicas that start together take turns; who finds the work done, or a later release's schema, does nothing.

    Args:
        url: sqlite:///FILE or postgresql://...
        told_after_s: after how long the log says that it still waits.

    Raises:
        LedgerUnavailable: the database is away or another program's, or the URL is of none.
    """
    database = open_database(url)
    telling = asyncio.get_running_loop().call_later(told_after_s, _log.warning, _WAITS, told_after_s)
    try:
        await database.exclusively(_upgrade)
    finally:
        telling.cancel()
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
    revision = current_revision(connection)
    if revision is not None:
        refuse_foreign(connection, revision)
    if revision in {None, *older}:
        upgrade(connection, head)
    elif revision != head:
        _log.warning(_LATER, revision, head)
