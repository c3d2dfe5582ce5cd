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


def test_at_least_110_programs_do_harm_unjailed() -> None:
    """That they do is shown in test_controls.py; one that has no effect there does not count."""
    effects = [hostile.control[1] for hostile in programs() if hostile.control[0]]

    assert len(effects) >= 110
    assert effects.count("forged") >= 15
    assert len(effects) - effects.count("forged") >= 30


def test_every_row_of_the_threat_list_is_covered() -> None:
    assert {hostile.row for hostile in programs()} >= set(range(1, 102))


@pytest.mark.parametrize(
    "threat",
    [
        "raw hash-collision frame against a persistent judge",
        "redefining prompt helpers",
        "hard-coding visible tests",
        "prompt-injected test names",
        "unicode homoglyph entry points",
        "zip-bomb",
        "clock skew",
    ],
)
def test_what_the_threat_list_left_open_is_covered(threat: str) -> None:
    assert any(hostile.header["threat"] == f"+ {threat}" for hostile in programs())
