"""Wrong keys per address: the guesser is shut out for a minute, its neighbours behind a proxy never."""

import logging

import pytest

from app.keys.guesses import _ADDRESSES_MAX, BLOCKED_S, MOST, WINDOW_S, Guesses


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guesses(clock: Clock) -> Guesses:
    return Guesses(clock)


def guess(guesses: Guesses, address: str, times: int) -> None:
    for _ in range(times):
        guesses.wrong(address)


def test_a_guesser_is_not_listened_to_for_a_while(guesses: Guesses, clock: Clock) -> None:
    guess(guesses, "10.0.0.1", MOST - 1)
    assert not guesses.is_blocked("10.0.0.1")

    guess(guesses, "10.0.0.1", 1)
    assert guesses.is_blocked("10.0.0.1")
    assert not guesses.is_blocked("10.0.0.2")

    clock.now = BLOCKED_S
    assert not guesses.is_blocked("10.0.0.1")
    assert guesses.blocked == {}


def test_a_wrong_key_now_and_then_is_no_guessing(guesses: Guesses, clock: Clock) -> None:
    for _ in range(10):
        guess(guesses, "10.0.0.1", MOST - 1)
        clock.now += WINDOW_S

    assert not guesses.is_blocked("10.0.0.1")


def test_an_address_with_right_keys_is_never_shut_out(guesses: Guesses, clock: Clock) -> None:
    guesses.right("10.0.0.1")
    clock.now = 3601.0

    guess(guesses, "10.0.0.1", 5 * MOST)

    assert not guesses.is_blocked("10.0.0.1")


def test_trust_ends_two_hours_after_the_last_right_key(guesses: Guesses, clock: Clock) -> None:
    guesses.right("10.0.0.1")
    for clock.now in (3600.0, 7200.0):
        guesses.right("10.0.0.9")

    guess(guesses, "10.0.0.1", MOST)

    assert guesses.is_blocked("10.0.0.1")


def test_an_ipv6_guesser_is_its_network(guesses: Guesses) -> None:
    for host in range(MOST):
        guesses.wrong(f"2001:db8:1:2::{host:x}")

    assert guesses.is_blocked("2001:db8:1:2:ffff::1")
    assert not guesses.is_blocked("2001:db8:1:3::1")


def test_what_is_kept_of_addresses_is_bounded(guesses: Guesses) -> None:
    for number in range(_ADDRESSES_MAX + 10):
        guess(guesses, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1)
        guesses.right(f"11.{number >> 16}.{number >> 8 & 255}.{number & 255}")

    assert len(guesses._wrong) <= _ADDRESSES_MAX
    assert len(guesses._trusted) <= _ADDRESSES_MAX


def test_a_guesser_costs_two_log_lines_a_minute(guesses: Guesses, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        guess(guesses, "10.0.0.1", MOST)

    assert len(caplog.records) == 2
