"""Which schema a database has, and which ones this release knows, told without alembic: a service that starts, or is
asked whether it is ready, would import it for nothing where the schema is there already."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

import migrations
from app.errors import LedgerUnavailable

SCRIPTS = Path(migrations.__path__[0])
"""What alembic calls a script location."""

_VERSION_TABLE = "alembic_version"


def current_revision(connection: Connection) -> str | None:
    """The revision that `connection`'s database has; None: it was never migrated."""
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    return connection.scalar(select(column("version_num")).select_from(table(_VERSION_TABLE)))


@cache
def known_revisions() -> tuple[frozenset[str], str]:
    """The revisions before this release's, and its own. A migration's file is named by its revision."""
    *older, head = sorted(file.name.partition("_")[0] for file in (SCRIPTS / "versions").glob("[0-9]*_*.py"))
    return frozenset(older), head


def refuse_old(revision: str | None) -> None:
    """Raises LedgerUnavailable for a schema older than this release's. A newer one serves the release before it."""
    older, head = known_revisions()
    if revision is None or revision in older:
        raise LedgerUnavailable(
            f"The database's schema is {revision or 'missing'}, this release needs {head}. Start the service with "
            "`rft-graders serve`, which migrates first."
        )


def refuse_foreign(connection: Connection, revision: str) -> None:
    """Raises LedgerUnavailable where another program that uses alembic has the database: all call its table alike."""
    if not inspect(connection).has_table("records"):
        raise LedgerUnavailable(
            f"Another program migrates it: it has Alembic's revision {revision}, and no table of grades. The service "
            "needs a database of its own."
        )
