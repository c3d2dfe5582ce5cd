"""What is expected of a sample errs to the short side, is a caller's own affair, and is forgotten."""

import random

import pytest

from app.admission.service_times import Delays, ServiceTimes


def test_nothing_is_expected_of_what_was_never_seen() -> None:
    assert ServiceTimes().expected_s("a", "grader", 0.0) == 0.0


def test_a_shorter_time_counts_at_once_and_a_longer_one_little_by_little() -> None:
    times = ServiceTimes()
    times.observe("a", "grader", 1.0, 0.0)
    times.observe("a", "grader", 9.0, 0.0)
    after_longer = times.expected_s("a", "grader", 0.0)
    times.observe("a", "grader", 0.1, 0.0)

    assert after_longer == pytest.approx(1.5)
    assert times.expected_s("a", "grader", 0.0) == pytest.approx(0.8)


def test_slow_samples_of_one_caller_say_nothing_of_another_s() -> None:
    times = ServiceTimes()
    times.observe("a", "grader", 60.0, 0.0)

    assert times.expected_s("b", "grader", 0.0) == 0.0


def test_what_was_not_seen_for_a_while_is_not_known() -> None:
    times = ServiceTimes()
    times.observe("a", "grader", 60.0, 0.0)

    assert times.expected_s("a", "grader", 9.0) == 60.0
    assert times.expected_s("a", "grader", 11.0) == 0.0


def test_what_must_be_left_is_enough_for_nearly_all_that_take_about_the_same() -> None:
    times, chance = ServiceTimes(), random.Random(7)
    seen = [chance.gauss(0.045, 0.003) for _ in range(500)]
    for seconds in seen:
        times.observe("a", "grader", seconds, 0.0)

    needed_s = times.needed_s("a", "grader", 0.0)
    assert sum(seconds <= needed_s for seconds in seen) >= 0.97 * len(seen)
    assert needed_s < 1.3 * 0.045


def test_slow_ones_among_them_do_not_keep_quick_ones_from_being_begun() -> None:
    times = ServiceTimes()
    for _ in range(200):
        times.observe("a", "grader", 10.0, 0.0)
        times.observe("a", "grader", 0.1, 0.0)

    assert times.needed_s("a", "grader", 0.0) < 1.5


def test_what_passes_beside_the_time_in_a_slot_is_known_from_others_that_it_passed_for() -> None:
    delays, chance = Delays(), random.Random(7)
    seen = [chance.gauss(0.03, 0.005) for _ in range(500)]
    for seconds in seen:
        delays.observe(seconds, 0.0)

    assert sum(seconds <= delays.expected_s(1.0) for seconds in seen) >= 0.97 * len(seen)
    assert delays.expected_s(1.0) < 0.06


def test_a_delay_is_forgotten_soon_and_is_never_taken_for_much() -> None:
    delays = Delays()
    assert delays.expected_s(0.0) == 0.0
    delays.observe(60.0, 0.0)
    assert 0.0 < delays.expected_s(1.0) < 0.2
    assert delays.expected_s(3.0) == 0.0
    delays.observe(0.01, 3.0)

    assert delays.expected_s(3.0) == pytest.approx(0.01)
