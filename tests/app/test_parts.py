"""A batch of programs is graded in parts: all of it, in order, small ones at both ends."""

import pytest

from app.entries import Entry
from app.grading import _parts
from app.orders import Submission
from graders.registry import Registry

GRADERS = Registry()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 16, 17, 128, 1000])
def test_parts_hold_every_entry_in_order_and_are_small_at_both_ends(count: int) -> None:
    entries = [Entry(Submission({}, "")) for _ in range(count)]

    parts = _parts(entries, GRADERS["code_tests@v1"])

    assert [id(entry) for part in parts for entry in part] == [id(entry) for entry in entries]
    assert max(len(parts[0]), len(parts[-1])) <= 3
    assert max(map(len, parts)) <= 32


def test_what_runs_no_programs_is_one_part() -> None:
    entries = [Entry(Submission({}, "")) for _ in range(100)]

    assert _parts(entries, GRADERS["finance_qa@v1"]) == [entries]
