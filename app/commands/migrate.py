"""`rft-graders migrate`: brings the database to this release's schema and ends."""

import asyncio

from app.commands.console import out, settings, stop
from app.errors import LedgerUnavailable
from app.ledger import migrate as to_newest_schema
from app.ledger import schema_revision


def migrate() -> None:
    """Bring the database (RFT_DATABASE_URL) to this release's schema and end; a later one stays as it is."""
    chosen = settings()
    url = chosen.database

    async def migrated() -> str | None:
        await to_newest_schema(url)
        return await schema_revision(url)

    try:
        revision = asyncio.run(migrated())
    except LedgerUnavailable as error:
        stop(f"The database cannot be migrated: {error.detail} ({chosen.database_setting})", 1)
    out.print(f"The database has schema {revision}.", markup=False, highlight=False)
