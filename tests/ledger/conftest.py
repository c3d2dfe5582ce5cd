"""An open ledger on either database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.ledger import Ledger, migrate


@pytest.fixture
async def migrated_url(database_url: str, anyio_backend: str) -> str:
    """A database with the schema, on either of the two."""
    await migrate(database_url)
    return database_url


@pytest.fixture
async def ledger(migrated_url: str, quarantine: Path) -> AsyncIterator[Ledger]:
    ledger = await Ledger.open(migrated_url, quarantine=quarantine)
    yield ledger
    await ledger.close()


@pytest.fixture
def quarantine(tmp_path: Path) -> Path:
    return tmp_path / "data" / "quarantine.jsonl"
