"""Databases that have the schema already. The migrations run once in a process of the tests, and copies are taken of
what they made: to run them costs a service a third of a second of CPU before it serves."""

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from app.ledger import migrate


def with_schema(url: str) -> None:
    """Runs the migrations at `url`, also where a loop is running."""
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(lambda: asyncio.run(migrate(url))).result()


def new_sqlite(file: Path) -> str:
    """The URL of a new database in `file`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_sqlite_file())
    return f"sqlite:///{file}"


@cache
def _sqlite_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "schema.sqlite3"
        with_schema(f"sqlite:///{file}")
        assert [path.name for path in file.parent.iterdir()] == [file.name]
        return file.read_bytes()
