"""What the service does while its database is away: built from settings."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.errors import LedgerUnavailable
from app.ledger.database import Database
from app.ledger.guarded import Guarded, Refuge
from app.ledger.lasting import is_container, mounts, why_it_ends
from app.ledger.migrate import migrate
from app.ledger.opening import open_database
from app.ledger.quarantine import Quarantine
from app.ledger.replaying import Replaying
from app.ledger.spool import Spool

_log = logging.getLogger(__name__)

# A group of the spool may take so many times as long as one that a request waits for.
_REPLAY_PATIENCE = 5
# After what part of the time for a commit a lookup makes the service ask whether the database is there.
_SUSPICION = 0.5
# Longer than SQLite waits for a lock.
_EMBEDDED_PROBE_S = 10.0
_MIGRATION_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Outages:
    """How to go on without the database.

    Args:
        commit_timeout_s: longest wait for PostgreSQL to store a group.
        folder: of the spool.
        max_bytes: of the spool; 0: there is none.
        lasts: whether the folder outlives the container; None: find out.
        on_rows: told how many rows were `spooled`, `replayed`, of those `displaced`, and `quarantined`.
    """

    commit_timeout_s: float
    folder: Path
    max_bytes: int
    lasts: bool | None
    on_rows: Callable[[str, int], None]


async def guarded(url: str, outages: Outages, quarantine: Quarantine) -> Guarded:
    """The database at `url` with a breaker, and a spool where that makes sense; not started.

    Raises:
        SpoolInUse: another process has the spool's folder.
        SpoolTooNew: a later release wrote it.
    """
    database = open_database(url, outages.commit_timeout_s)
    if not database.is_remote:
        probed, asked = database, open_database(url)
        refuge = Refuge(None, "off", "The embedded database is on the same disk.", None)
    else:
        probed = asked = open_database(url, _REPLAY_PATIENCE * outages.commit_timeout_s)
        refuge = await asyncio.to_thread(_refuge, probed, outages, quarantine)

    async def prepare() -> None:
        try:
            async with asyncio.timeout(_MIGRATION_TIMEOUT_S):
                await migrate(url)
        except TimeoutError:
            raise LedgerUnavailable(f"It could not be migrated within {_MIGRATION_TIMEOUT_S:g} s.") from None

    return Guarded(
        database,
        probed=probed,
        asked=asked,
        refuge=refuge,
        suspect_after_s=_SUSPICION * outages.commit_timeout_s,
        probe_timeout_s=outages.commit_timeout_s if database.is_remote else _EMBEDDED_PROBE_S,
        on_rows=outages.on_rows,
        prepare=prepare,
    )


def _refuge(database: Database, outages: Outages, quarantine: Quarantine) -> Refuge:
    if outages.max_bytes == 0:
        return Refuge(None, "off", "RFT_SPOOL_MAX_MIB is 0.", None)
    try:
        spool = Spool.open(outages.folder, outages.max_bytes)
    except OSError as error:
        _log.warning("There is no spool: %s cannot be used: %s", outages.folder, error.strerror)
        return Refuge(None, "off", f"{outages.folder} cannot be used: {error.strerror}", None)
    replaying = Replaying(database, spool, quarantine, outages.on_rows)
    if (why := _why_it_ends(outages)) != "":
        _log.warning("While the database is away grades will be refused: %s (RFT_SPOOL_DIR)", why)
        return Refuge(spool, "ephemeral", why, replaying)
    return Refuge(spool, "in use", "", replaying)


def _why_it_ends(outages: Outages) -> str:
    if outages.lasts is None:
        mounted = mounts()
        return why_it_ends(outages.folder, mounted, is_container(mounted))
    return "" if outages.lasts else "RFT_SPOOL_LASTS is 0"
