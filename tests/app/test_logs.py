"""Log lines: one JSON object each, whatever they are about, and no API key in any."""

import json
import logging

import pytest

from app.logs import JsonFormatter
from app.redaction import redacted

KEY = "rft_" + "Zx9" * 14 + "q"


def line(message: str, *arguments: object, error: BaseException | None = None) -> str:
    problem = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("app", logging.INFO, "f.py", 1, message, arguments, problem)
    return JsonFormatter().format(record)


@pytest.mark.parametrize(
    "broken", ["a\nINFO b", "a\r\nINFO b", "a\x1b[2Kb", "a\u2028b", "a\x85b", "a\x00b", "a\x7fb", 'a"},{"b']
)
def test_a_message_cannot_begin_a_line_of_its_own_nor_leave_its_field(broken: str) -> None:
    shown = line("Host %s", broken)

    assert len(shown.splitlines()) == 1
    assert shown.isprintable()
    assert json.loads(shown)["message"] == f"Host {broken}"


def test_what_is_no_unicode_is_shown_all_the_same() -> None:
    assert json.loads(line("cut \ud83d"))["message"] == "cut \\ud83d"


def test_a_line_says_when_how_serious_and_by_whom() -> None:
    shown = json.loads(line("said"))

    assert (shown["level"], shown["logger"], shown["message"]) == ("info", "app", "said")
    assert shown["time"].endswith("Z")


def test_a_traceback_keeps_its_lines_and_loses_keys() -> None:
    try:
        int(KEY)
    except ValueError as error:
        shown = line("failed", error=error)

    assert len(shown.splitlines()) == 1
    assert len(json.loads(shown)["exception"].splitlines()) > 2
    assert KEY not in shown
    assert "rft_Zx9Zx9[redacted]" in shown


@pytest.mark.parametrize("text", [KEY, f"/k/{KEY}/v1", f"{KEY}{KEY}", f"a{KEY}b", KEY + "x" * 20, KEY[:-9], KEY[:30]])
def test_a_key_is_cut_wherever_it_stands(text: str) -> None:
    assert KEY[11:] not in redacted(text)
    assert KEY[:10] in redacted(text)


def test_other_texts_stay_as_they_are() -> None:
    assert redacted("rft_grades_total rft_short rft-graders") == "rft_grades_total rft_short rft-graders"
