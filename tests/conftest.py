"""Fixtures that several test files use."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.pace import SteadyClock
from tests.schemas import new_sqlite
from tests.services import Postgres, postgres, postgres_url, redis

# Where Python is told to keep no bytecode, each of the hundreds of services started here would compile all of it anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A run of the suite tells of the tree, not of chance or of a machine that stalls; `explore` looks for what is new.
_patient = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("explore", **_patient)
hypothesis.settings.register_profile("same", **_patient, derandomize=True)
hypothesis.settings.load_profile("same")

__all__ = ["postgres", "postgres_url", "redis"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Iterator[SteadyClock]:
    with SteadyClock() as clock:
        yield clock


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the schema; each test that asks for it runs on both."""
    if request.param == "sqlite":
        return new_sqlite(tmp_path / "ledger.sqlite3")
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that was not migrated; each test that asks for it runs on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.empty_database()
