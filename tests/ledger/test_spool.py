"""The spool: what it took is there after any end of the process, and what it has no room for it refuses."""

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from msgspec import msgpack

from app.ledger import LedgerUnavailable, Record
from app.ledger.database import Row, RowsRefused
from app.ledger.frames import framed
from app.ledger.inserts import record_of, rows_of
from app.ledger.segments import Segment
from app.ledger.spool import COLUMNS, Spool, SpoolInUse, SpoolTooNew, Unit
from tests.ledger.making import credit, grade

pytestmark = pytest.mark.anyio

MIB = 1 << 20


def unit(*given: Record) -> Unit:
    return Unit(None, rows_of(given))


def opened(folder: Path, max_bytes: int = 8 * MIB) -> Spool:
    return Spool.open(folder, max_bytes)


def waiting(spool: Spool) -> list[Row]:
    return list(chain.from_iterable(each.rows for each in spool.next(10**6, 1 << 30)))


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.spool"))


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = opened(tmp_path)
    yield spool
    spool.close()


async def test_units_come_back_in_order_and_are_forgotten_once(spool: Spool, tmp_path: Path) -> None:
    given = [grade() for _ in range(50)]
    for record in given:
        await spool.append([unit(record)])

    first = spool.next(20, MIB)
    assert [record_of(row) for each in first for row in each.rows] == given[:20]
    await spool.forget(first)
    assert [record_of(row) for row in waiting(spool)] == given[20:]
    assert spool.rows == 30

    await spool.forget(spool.next(30, MIB))
    assert (spool.rows, spool.size_bytes, segments(tmp_path)) == (0, 0, [])


async def test_every_value_of_a_record_comes_back_as_it_was(spool: Spool) -> None:
    given = grade(
        run="r", step=-(2**63), item_id="\x00ä\U0001f600", rollout=0, group="", reward=-0.1, sample=bytes(range(256)),
        idempotency_key="k", body_sha256=b"\xff" * 32,
    )  # fmt: skip
    await spool.append([unit(given)])

    assert waiting(spool) == rows_of([given])


async def test_another_process_finds_all_that_was_taken(tmp_path: Path) -> None:
    given = [grade(idempotency_key=str(n)) for n in range(100)]
    first = opened(tmp_path)
    await first.append([unit(record) for record in given])
    first.close()

    second = opened(tmp_path)

    assert waiting(second) == rows_of_each(given)
    assert second.judgement("local", "finance_qa@v1", "42") == rows_of([given[42]])[0]
    second.close()


def rows_of_each(given: list[Record]) -> list[Row]:
    return [rows_of([record])[0] for record in given]


async def test_records_and_credits_are_found_by_id_and_by_key_until_they_are_forgotten(spool: Spool) -> None:
    lone, members = grade(idempotency_key="k"), [grade(), grade()]
    made = credit(*members, idempotency_key="g")
    await spool.append([unit(lone), Unit(astuple(made), rows_of(members))])

    assert spool.record(members[1].record) == rows_of(members)[1]
    assert spool.judgement(lone.caller, lone.grader, "k") == rows_of([lone])[0]
    assert spool.credit(made.credit) == spool.credit_of_key("local", made.grader, "g") == astuple(made)
    assert spool.judgement("another", lone.grader, "k") is None
    assert spool.credit_of_key("local", made.grader, "k") is None

    await spool.forget(spool.next(10, MIB))
    await spool.forget(spool.next(10, MIB))
    assert spool.record(members[1].record) is None
    assert spool.judgement(lone.caller, lone.grader, "k") is None
    assert spool.credit(made.credit) is None


async def test_a_credit_comes_alone_and_whole(spool: Spool) -> None:
    members = [grade() for _ in range(30)]
    group = Unit(astuple(credit(*members)), rows_of(members))
    await spool.append([unit(grade()), group, unit(grade())])

    for expected in (1, 30, 1):
        found = spool.next(10, MIB)
        assert sum(len(each.rows) for each in found) == expected
        await spool.forget(found)


async def test_a_torn_end_is_cut_and_what_stands_before_it_stays(tmp_path: Path) -> None:
    first = opened(tmp_path)
    kept = [grade() for _ in range(3)]
    for record in kept:
        await first.append([unit(record)])
    whole = segments(tmp_path)[0].read_bytes()
    await first.append([unit(grade(sample=b"x" * 5000))])
    torn = segments(tmp_path)[0].read_bytes()
    first.close()

    for cut in range(len(whole), len(torn), 97):
        segments(tmp_path)[0].write_bytes(torn[:cut])
        again = opened(tmp_path)
        assert waiting(again) == rows_of_each(kept)
        again.close()


async def test_a_damaged_frame_costs_no_other_and_its_file_is_kept(tmp_path: Path) -> None:
    first = opened(tmp_path)
    given = [grade(sample=f"sample {n}".encode()) for n in range(3)]
    for record in given:
        await first.append([unit(record)])
    first.close()
    [path] = segments(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"sample 1", b"sample 7"))

    again = opened(tmp_path)

    assert waiting(again) == rows_of_each([given[0], given[2]])
    await again.forget(again.next(10, MIB))
    assert segments(tmp_path) == []
    assert b"sample 7" in path.with_name(f"{path.name}.damaged").read_bytes()
    again.close()


async def test_a_file_that_was_being_made_when_the_process_ended_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "00000007.spool").write_bytes(b"rft-sp")

    spool = opened(tmp_path)
    await spool.append([unit(grade())])

    assert [path.name for path in segments(tmp_path)] == ["00000008.spool"]
    spool.close()


async def test_a_file_that_becomes_unreadable_is_set_aside_and_the_others_go_on(tmp_path: Path) -> None:
    first = opened(tmp_path)
    await first.append([unit(grade()), unit(grade())])
    first.close()
    second, last = opened(tmp_path), grade()
    await second.append([unit(last)])
    segments(tmp_path)[0].write_bytes(b"")

    with pytest.raises(OSError, match="damaged at offset") as caught:
        second.next(10, MIB)
    await second.skip_unreadable(caught.value)

    assert waiting(second) == rows_of([last])
    assert second.rows == 1
    second.close()


async def test_a_file_that_becomes_unreadable_costs_nothing_of_the_one_before_it(tmp_path: Path) -> None:
    first, given = opened(tmp_path), [grade(), grade()]
    await first.append([unit(given[0])])
    first.close()
    second = opened(tmp_path)
    await second.append([unit(given[1])])
    segments(tmp_path)[1].write_bytes(b"")

    units = second.next(10, MIB)

    assert list(units[0].rows) == rows_of([given[0]])
    await second.forget(units)
    with pytest.raises(OSError, match="damaged at offset"):
        second.next(10, MIB)
    second.close()


async def test_a_folder_belongs_to_one_process(spool: Spool, tmp_path: Path) -> None:
    with pytest.raises(SpoolInUse, match="RFT_SPOOL_DIR"):
        opened(tmp_path)


async def test_what_is_over_the_limit_is_refused_and_what_was_taken_stays(tmp_path: Path) -> None:
    spool = opened(tmp_path, MIB)
    taken = [grade(sample=b"x" * 50_000) for _ in range(20)]
    for record in taken:
        await spool.append([unit(record)])
    with pytest.raises(LedgerUnavailable, match="RFT_SPOOL_MAX_MIB"):
        await spool.append([unit(grade(sample=b"x" * 50_000))])

    assert spool.size_bytes <= MIB
    assert waiting(spool) == rows_of_each(taken)
    await spool.forget(spool.next(10, MIB))
    await spool.append([unit(grade())])
    spool.close()


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """What this process writes beyond it is refused by the kernel, as on a full disk: in the middle of a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_disk_that_fills_up_amid_a_write_takes_nothing_away(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    taken = [grade(sample=b"x" * 1000) for _ in range(10)]
    for record in taken:
        await spool.append([unit(record)])

    with largest_file(spool.size_bytes + 700), pytest.raises(LedgerUnavailable, match="cannot be written to"):
        await spool.append([unit(grade(sample=b"y" * 1000))])

    assert waiting(spool) == rows_of_each(taken)
    later = grade()
    await spool.append([unit(later)])
    spool.close()
    again = opened(tmp_path)
    assert waiting(again) == rows_of_each([*taken, later])
    again.close()


@pytest.mark.parametrize("changes", [{"item_id": "\ud800"}, {"step": 2**70}, {"sample": object()}])
async def test_a_row_that_no_disk_can_take_is_refused_by_itself(spool: Spool, changes: dict[str, Any]) -> None:
    with pytest.raises(RowsRefused):
        await spool.append([unit(grade(**changes))])

    assert spool.rows == 0


async def test_appending_goes_on_while_the_oldest_are_forgotten(spool: Spool) -> None:
    given = [grade() for _ in range(300)]
    seen: list[Row] = []

    async def drain() -> None:
        while len(seen) < len(given):
            found = spool.next(7, MIB)
            seen.extend(chain.from_iterable(each.rows for each in found))
            await spool.forget(found)
            await asyncio.sleep(0)

    await asyncio.gather(drain(), *(spool.append([unit(record)]) for record in given))

    assert seen == rows_of_each(given)
    assert spool.rows == spool.size_bytes == 0


async def test_rows_of_an_earlier_release_get_the_columns_that_came_since(tmp_path: Path) -> None:
    given = grade(run="r")
    first = opened(tmp_path)
    first.close()
    [row] = rows_of([given])
    without = [name for name in COLUMNS["records"] if name != "group_crc"]
    segment = Segment.create(tmp_path / "00000001.spool", {**COLUMNS, "records": without})
    segment.append(framed(segment.marker, msgpack.encode((None, [row[:-1]]))))
    segment.close()

    again = opened(tmp_path)
    assert waiting(again) == [row]
    again.close()


async def test_rows_of_a_later_release_are_left_to_it(tmp_path: Path) -> None:
    Segment.create(tmp_path / "00000001.spool", {"records": ["record", "mood"]}).close()

    with pytest.raises(SpoolTooNew, match="mood"):
        opened(tmp_path)
