"""A record that the database refuses is split off and quarantined; its neighbours never notice."""

import asyncio
import json
import resource
from pathlib import Path
from typing import Any

import pytest

from app.ledger import Ledger, RecordFilter, RecordRefused
from tests.ledger.making import grade

pytestmark = pytest.mark.anyio

REFUSED: dict[str, dict[str, Any]] = {
    "nan": {"reward": float("nan")},
    "infinity": {"reward": float("inf")},
    "int65": {"step": 2**63},
    "surrogate": {"item_id": "\ud800"},
    "no verdict": {"verdict": None},
    "neither grade nor code": {"reward": None, "verdict": None},
    "both grade and code": {"code": "invalid_item"},
    "no caller": {"caller": None},
    "no bytes": {"sample": {"text": "12"}},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
async def test_a_refused_record_is_quarantined_and_its_neighbours_are_stored(
    ledger: Ledger, quarantine: Path, changes: dict[str, Any]
) -> None:
    given = [grade() for _ in range(50)]
    given[17] = grade(**changes)

    answers = await asyncio.gather(*(ledger.add([record]) for record in given))

    assert isinstance(refused := answers.pop(17)[0], RecordRefused)
    bad = given.pop(17)
    assert answers == [[record] for record in given]
    assert bad.record in refused.detail
    stored = await ledger.search(RecordFilter(), after=None, limit=100)
    assert {record.record for record in stored} == {record.record for record in given}
    kept = _lines(quarantine)
    assert [line["record"] for line in kept] == [bad.record]
    assert kept[0]["item"] == '{"reference":"12"}'
    assert kept[0]["reason"]


async def test_a_batch_of_bad_and_good_is_answered_in_its_order(ledger: Ledger, quarantine: Path) -> None:
    given = [grade(step=2**63) if n % 10 == 3 else grade() for n in range(100)]

    answers = await ledger.add(given)

    assert [isinstance(answer, RecordRefused) for answer in answers] == [n % 10 == 3 for n in range(100)]
    assert [line["step"] for line in _lines(quarantine)] == [2**63] * 10


async def test_bytes_that_are_no_text_are_quarantined_whole(ledger: Ledger, quarantine: Path) -> None:
    await ledger.add([grade(step=2**63, sample=b"\xff\x00")])

    assert [line["sample"] for line in _lines(quarantine)] == [{"base64": "/wA="}]


async def test_postgresql_refuses_nul_in_a_name(postgres_url: str) -> None:
    ledger = await Ledger.open(postgres_url)

    answers = await ledger.add([grade(), grade(run="a\x00b")])

    assert [type(answer).__name__ for answer in answers] == ["Record", "RecordRefused"]
    await ledger.close()


async def test_the_longest_names_are_no_reason_to_refuse(ledger: Ledger) -> None:
    # 512 characters of four bytes each, none of which compresses: the worst that the wire lets through.
    names = ["".join(chr(0x10000 + (n * 7919 + seed * 104729) % 0xFFFF) for n in range(512)) for seed in range(3)]
    record = grade(run=names[0], item_id=names[1], group=names[2], step=1, rollout=1, idempotency_key="k" * 255)

    assert await ledger.add([record]) == [record]
    assert await ledger.search(RecordFilter(caller="local", group=names[2]), after=None, limit=2) == [record]


async def test_a_quarantine_that_cannot_be_written_is_said_in_the_answer(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ledger = await Ledger.open(database_url, quarantine=tmp_path / "file" / "quarantine.jsonl")

    (answer,) = await ledger.add([grade(step=2**63)])

    assert isinstance(answer, RecordRefused)
    assert "could not be quarantined" in answer.detail
    await ledger.close()


async def test_a_line_that_a_full_disk_cut_off_costs_none_after_it(ledger: Ledger, quarantine: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    huge, given = grade(step=2**63, sample=b"x" * 400_000), [grade(step=2**63) for _ in range(2)]
    await ledger.add([given[0]])
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        (cut,) = await ledger.add([huge])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    await ledger.add([given[1]])

    assert isinstance(cut, RecordRefused)
    assert "could not be quarantined" in cut.detail
    first, _, last = _raw_lines(quarantine)
    assert [json.loads(line)["record"] for line in (first, last)] == [record.record for record in given]


def _lines(quarantine: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _raw_lines(quarantine)]


def _raw_lines(quarantine: Path) -> list[str]:
    return quarantine.read_text().splitlines()
