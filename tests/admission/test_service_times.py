"""What is expected of a sample errs to the short side, is a caller's own affair, and is forgotten."""

import pytest

from app.admission.service_times import ServiceTimes


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
