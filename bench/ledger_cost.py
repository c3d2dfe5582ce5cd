"""What a record costs: rows a second and process CPU per row, by size of the group that is committed together.

    python bench/ledger_cost.py [--postgres URL] [--core]

`--core` measures SQLAlchemy Core's executemany beside the ledger, the usual way to write such a thing. The last
lines are of the spool, which takes the records while PostgreSQL is away. Fails if groups of 32 do not bring several
times the rows of lone records.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uuid_utils
from msgspec import structs
from sqlalchemy import Connection

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.ledger import Ledger, Outages, Record, migrate
from app.ledger.database import Database
from app.ledger.inserts import insert_new
from app.ledger.opening import open_database
from app.ledger.tables import records

GROUP_ROWS = (1, 16, 32, 200)
# Rows per measurement, and the number of groups that it has at least.
ROWS, GROUPS_MIN = 6400, 200
TARGET_GAIN = 3.0

Store = Callable[[Sequence[Record]], Awaitable[object]]


def main() -> None:
    """Prints a table per database; exits with 1 below the target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", metavar="URL", help="an empty database; its records stay in it")
    parser.add_argument("--core", action="store_true", help="measure SQLAlchemy Core's executemany too")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        gains = [asyncio.run(measure(f"sqlite:///{folder}/ledger.sqlite3", chosen.core))]
    if chosen.postgres:
        gains.append(asyncio.run(measure(chosen.postgres, chosen.core)))
    asyncio.run(measure_spool())
    if min(gains) < TARGET_GAIN:
        sys.exit(1)


async def measure(url: str, core: bool) -> float:
    """Prints the costs of the database at `url`; returns what groups of 32 gain over lone records."""
    await migrate(url)
    ledger, database = await Ledger.open(url), open_database(url)
    scheme = url.partition(":")[0]
    costs = {}
    for keyed in (False, True):
        for rows in GROUP_ROWS:
            costs[rows] = await cost(ledger.add, rows, keyed)
            print(f"{scheme}, {'keyed' if keyed else 'plain'}, groups of {rows:3}: {costs[rows]}", flush=True)
    if core:
        for rows in GROUP_ROWS:
            print(f"{scheme}, keyed, Core executemany of {rows:3}: {await cost(core_insert(database), rows, True)}")
    await database.close()
    await ledger.close()
    gain = costs[32].rows_per_s / costs[1].rows_per_s
    print(f"{scheme}: groups of 32 bring {gain:.1f} times the rows of lone records, target {TARGET_GAIN:g}")
    return gain


async def measure_spool() -> None:
    """Prints the costs of the spool, with a database that refuses connections."""
    with tempfile.TemporaryDirectory() as folder:
        outages = Outages(2.0, Path(folder) / "spool", 1 << 30, True, lambda *_: None)
        ledger = await Ledger.open("postgresql://127.0.0.1:1/none", outages=outages)
        for rows in GROUP_ROWS:
            print(f"spool, keyed, groups of {rows:3}: {await cost(ledger.add, rows, True)}", flush=True)
        await ledger.close()


@dataclass(frozen=True)
class Cost:
    rows_per_s: float
    cpu_us: float
    group_ms: float

    def __str__(self) -> str:
        return f"{self.rows_per_s:7.0f} rows/s, {self.cpu_us:6.1f} us CPU per row, p50 {self.group_ms:6.2f} ms a group"


async def cost(store: Store, rows: int, keyed: bool) -> Cost:
    """The cost of groups of `rows`, over several thousand rows."""
    groups = [made(rows, keyed) for _ in range(max(GROUPS_MIN, ROWS // rows))]
    await store(made(rows, keyed))
    times_s = []
    started, cpu = time.perf_counter(), time.process_time()
    for group in groups:
        begun = time.perf_counter()
        await store(group)
        times_s.append(time.perf_counter() - begun)
    stored = rows * len(groups)
    return Cost(
        rows_per_s=stored / (time.perf_counter() - started),
        cpu_us=(time.process_time() - cpu) * 1e6 / stored,
        group_ms=statistics.median(times_s) * 1e3,
    )


def core_insert(database: Database) -> Store:
    """Inserts a group as SQLAlchemy would, in one transaction."""
    names = [field.name for field in structs.fields(Record)]

    async def store(group: Sequence[Record]) -> None:
        values = [{name: getattr(record, name) for name in names} for record in group]

        def insert(connection: Connection) -> None:
            writing = connection.execution_options(isolation_level=connection.default_isolation_level)
            writing.execute(insert_new(connection.dialect, records), values)
            writing.commit()

        await database.run(insert)

    return store


def made(rows: int, keyed: bool) -> list[Record]:
    """Records of 1.2 KB from 8 rollouts an item, as a trainer's burst makes them."""
    return [
        Record(
            record=str(uuid_utils.uuid7()), created_us=time.time_ns() // 1000, caller="local", grader="finance_qa@v1",
            digest="d" * 64, contract="native", run="run-7", step=3, item_id=f"item-{row // 8}", rollout=row % 8,
            group=f"3-{row // 8}", reward=1.0, verdict="accurate", code=None, grade=b"g" * 160, config=b"{}",
            item=b"i" * 300, sample=b"s" * 500, executions=b"[]",
            idempotency_key=str(uuid_utils.uuid4()) if keyed else None, body_sha256=b"h" * 32 if keyed else None,
            duration_us=900,
        )
        for row in range(rows)
    ]  # fmt: skip


if __name__ == "__main__":
    main()
