"""What people write about keys, read and refused."""

import pytest

from app.keys.notation import read_expiry_us, read_name, read_rate, read_scopes, read_span_s, shown_rate, shown_time

NOW_US = 1_900_000_000_000_000


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        *[("500/s", 500), ("500", 500), ("30000/min", 500), ("1.5/h", 1.5 / 3600)],
        *[("2000000/s", 2e6), ("0.00005/h", 0.00005 / 3600)],
    ],
)
def test_a_rate_is_samples_per_second(text: str, rate: float) -> None:
    assert read_rate(text) == pytest.approx(rate)
    assert read_rate(shown_rate(rate)) == pytest.approx(rate)


@pytest.mark.parametrize("text", ["", "0/s", "-1/s", "500/d", "fast", "1e3/s", "500/s\n", "/s"])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match="no rate"):
        read_rate(text)


@pytest.mark.parametrize(("text", "seconds"), [("90d", 7_776_000), ("12h", 43_200), ("1.5min", 90), ("0s", 0)])
def test_a_span_is_seconds(text: str, seconds: float) -> None:
    assert read_span_s(text) == seconds


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2030-04-01", "2030-04-01T00:00:00Z"),
        ("2030-04-01T12:30:00Z", "2030-04-01T12:30:00Z"),
        ("2030-04-01T12:30:00", "2030-04-01T12:30:00Z"),
        ("2030-04-01T12:30:00+02:00", "2030-04-01T10:30:00Z"),
        ("10s", shown_time(NOW_US + 10_000_000)),
    ],
)
def test_an_expiry_is_a_span_a_day_or_a_moment(text: str, shown: str) -> None:
    assert shown_time(read_expiry_us(text, NOW_US)) == shown


@pytest.mark.parametrize("text", ["2020-01-01", "0s", "soon", "", "31.01.2030"])
def test_what_is_no_time_to_come(text: str) -> None:
    with pytest.raises(ValueError, match=r"future|no time"):
        read_expiry_us(text, NOW_US)


def test_scopes_come_in_their_own_order_and_once() -> None:
    assert read_scopes(["admin", "grade", "admin"]) == ("grade", "admin")


@pytest.mark.parametrize("written", [[], [""], ["grade", "root"]])
def test_what_is_no_scope(written: list[str]) -> None:
    with pytest.raises(ValueError, match="the scopes are grade, admin, trusted_tests"):
        read_scopes(written)


@pytest.mark.parametrize("name", ["a", "Trainer-7", "team.run@host", "a" * 64])
def test_a_name(name: str) -> None:
    assert read_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "a b", "-a", "a\n", "a\nINFO all is well", "a" * 65, "ä", "a/b", "\x1b[31m", "{}"]
)
def test_what_could_pass_for_something_else_in_a_log_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="no caller's name"):
        read_name(name)
