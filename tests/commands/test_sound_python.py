"""A Python whose regular expressions would change rewards is refused, whatever the command."""

import re

import pytest

from app import cli


def test_a_python_that_misreads_possessive_groups_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # What Python 3.11.2 makes of the pattern in its place.
    monkeypatch.setattr(cli, "_WHOLE_GROUPS", re.compile(r"[0-9]++,?"))

    with pytest.raises(SystemExit, match="would change rewards"):
        cli.main()
