"""A slip in `cases.toml` is told to its author; it neither hides a case nor stops anything else."""

from pathlib import Path

import pytest

from graders.cases import read_cases

FIRST = """[[case]]
name = "first"
why = "So it is."
item = { label = "a" }
sample = "a"
expect.v1 = { reward = 1.0, verdict = "right" }
"""


def read(folder: Path, text: str, encoding: str = "utf-8") -> str:
    """What is said of a file that holds `text`."""
    (folder / "cases.toml").write_bytes(text.encode(encoding))
    with pytest.raises(ValueError, match=r".") as fault:
        read_cases(folder)
    return str(fault.value)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('name = "first"', "name = 3", "Case 3 in cases.toml: the field 'name' is to be text."),
        ('why = "So it is."', "why = 3", "the field 'why' is to be text."),
        ('item = { label = "a" }', 'item = "a"', "the field 'item' is to be a table."),
        ('sample = "a"', "sample = 5", "the field 'sample' is to be text or a table."),
        ('sample = "a"', 'sample = "a"\nconfig = "a"', "the field 'config' is to be a table."),
        ("reward = 1.0", 'reward = "1.0"', "the field 'reward' is to be a number."),
        ("reward = 1.0", "reward = true", "the field 'reward' is to be a number."),
        ('verdict = "right"', "verdict = 1", "the field 'verdict' is to be text."),
        ("reward = 1.0, ", "", 'expect.v1 is to be { reward = 1.0, verdict = "..." } or { error = "..." }.'),
        ("reward = 1.0,", 'reward = 1.0, error = "invalid_item",', "expect.v1 is to be { reward = 1.0, "),
        ('{ reward = 1.0, verdict = "right" }', "1.0", "expect.v1 is to be { reward = 1.0, "),
        ('expect.v1 = { reward = 1.0, verdict = "right" }', 'expect = "v1"', "the field 'expect' is to be a table."),
        ("expect.v1", "expect.V1", "expect.V1 names no version; one looks like expect.v1."),
    ],
)
def test_a_value_that_cannot_be_meant_is_said_in_its_case(tmp_path: Path, old: str, new: str, why: str) -> None:
    assert old in FIRST

    said = read(tmp_path, FIRST.replace(old, new))

    assert said.startswith("Case ")
    assert why in said


def test_two_cases_of_one_name_would_hide_each_other(tmp_path: Path) -> None:
    said = read(tmp_path, FIRST + FIRST.replace('sample = "a"', 'sample = "b"'))

    assert said == "Case 'first' in cases.toml: there are 2 of this name; each needs its own."


@pytest.mark.parametrize("text", ['case = "a"\n', 'case = ["a"]\n', FIRST.replace("[[case]]", "[[cases]]")])
def test_what_is_no_case_is_not_passed_over(tmp_path: Path, text: str) -> None:
    assert "cases.toml holds tables [[case]] and nothing else; it has case" in read(tmp_path, text)


@pytest.mark.parametrize(("text", "encoding"), [("[[case]\n", "utf-8"), ('[[case]]\nname = "café"\n', "latin-1")])
def test_what_cannot_be_read_is_told_by_the_file_s_name(tmp_path: Path, text: str, encoding: str) -> None:
    assert read(tmp_path, text, encoding).startswith("cases.toml is not TOML in UTF-8: ")


def test_a_byte_order_mark_and_windows_line_ends_are_none_of_it(tmp_path: Path) -> None:
    (tmp_path / "cases.toml").write_bytes(FIRST.replace("\n", "\r\n").encode("utf-8-sig"))

    assert [case.name for case in read_cases(tmp_path)] == ["first"]
