"""What is older than it may become is gone from the ledger and from quarantine, and the rest is as it was."""

import json
import time
from pathlib import Path
from uuid import UUID

import pytest

from app.ledger import Ledger, Record, RecordFilter, migrate
from app.ledger.quarantine import Quarantine
from app.metrics import Metrics
from app.retention import Retention, sweep
from tests.ledger.making import grade

DAY_US = 86_400 * 1_000_000
NOW_US = time.time_ns() // 1000


def made(days_ago: float, **changes: object) -> Record:
    """A grade of that age, as its id says too."""
    created_us = NOW_US - int(days_ago * DAY_US)
    fresh = UUID(grade().record).int
    id = UUID(int=((created_us // 1000) << 80) | (fresh & ((1 << 80) - 1)))
    return grade(record=str(id), created_us=created_us, **changes)


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


@pytest.mark.anyio
async def test_a_sweep_deletes_what_is_older_and_nothing_else(database_url: str) -> None:
    ledger, metrics = await Ledger.open(database_url), Metrics()
    old = [made(8, run="r", step=1) for _ in range(1200)]
    young = [made(6, run="r", step=2), made(0)]
    await ledger.add([*old, *young])

    await sweep(ledger, NOW_US - 7 * DAY_US, metrics)

    left = await ledger.search(RecordFilter(), after=None, limit=10)
    [report] = await ledger.run_report("local", "r")
    await ledger.close()
    assert {record.record for record in left} == {record.record for record in young}
    assert (report.graded, [step.step for step in report.steps]) == (1, [2])
    assert metrics.registry.get_sample_value("rft_retention_deleted_total") == 1200
    assert metrics.registry.get_sample_value("rft_retention_swept_timestamp_seconds") > 0


@pytest.mark.anyio
async def test_a_service_sweeps_when_it_starts(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    await migrate(url)
    ledger, metrics = await Ledger.open(url), Metrics()
    await ledger.add([made(40), made(1)])

    retention = Retention(ledger, 30, metrics)
    while not metrics.registry.get_sample_value("rft_retention_swept_timestamp_seconds"):
        left = await ledger.search(RecordFilter(), after=None, limit=10)
    await retention.close()
    left = await ledger.search(RecordFilter(), after=None, limit=10)
    await ledger.close()

    assert len(left) == 1


@pytest.mark.anyio
async def test_quarantined_records_grow_no_older_and_cut_lines_go(tmp_path: Path) -> None:
    file = tmp_path / "quarantine.jsonl"
    quarantine = Quarantine(file)
    old, young = made(8), made(1)
    for record in (old, young):
        await quarantine.keep(record, "refused")
    with file.open("ab") as lines:
        lines.write(b'{"reason": "cut o\n')

    assert await quarantine.forget_before(NOW_US - 7 * DAY_US) == 2
    assert await quarantine.forget_before(NOW_US - 7 * DAY_US) == 0

    assert [json.loads(line)["record"] for line in file.read_text().splitlines()] == [young.record]
    assert names(tmp_path) == ["quarantine.jsonl"]


@pytest.mark.anyio
async def test_nothing_was_refused_so_nothing_is_forgotten(tmp_path: Path) -> None:
    assert await Quarantine(tmp_path / "none.jsonl").forget_before(NOW_US) == 0
    assert await Quarantine(None).forget_before(NOW_US) == 0
