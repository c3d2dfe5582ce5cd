"""An open ledger on either database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.ledger import Ledger


@pytest.fixture
async def ledger(database_url: str, quarantine: Path) -> AsyncIterator[Ledger]:
    ledger = await Ledger.open(database_url, quarantine=quarantine)
    yield ledger
    await ledger.close()


@pytest.fixture
def quarantine(tmp_path: Path) -> Path:
    return tmp_path / "data" / "quarantine.jsonl"
