"""The suite is as large and as complete as it says."""

import pytest

from tests.hostile.corpus import Hostile, programs
from tests.hostile.listing import README, written


@pytest.mark.parametrize("hostile", programs(), ids=lambda hostile: hostile.name)
def test_a_program_is_short_and_expects_no_pass(hostile: Hostile) -> None:
    assert hostile.source.count("\n") <= 48
    for key in ("structured", "judged", "stdio"):
        assert "right" not in hostile.header[key]


def test_names_are_unique() -> None:
    assert len({hostile.name for hostile in programs()}) == len(programs())


def test_the_readme_lists_every_program() -> None:
    text = README.read_text("utf-8")

    assert text == written(text), "Run: python -m tests.hostile.listing"
