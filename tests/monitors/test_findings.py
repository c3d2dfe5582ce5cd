"""Each monitor finds what it is for, names what to look at, and is silent about an ordinary run."""

import pytest

from app.monitors.findings import findings_of
from tests.monitors.making import found, mixed, step


def test_an_ordinary_run_has_no_findings() -> None:
    assert found(12, lambda _: mixed()) == {}


def test_too_few_grades_say_nothing() -> None:
    assert found(3, lambda _: [{"reward": 1.0}] * 5) == {}


@pytest.mark.parametrize(("reward", "why"), [(1.0, "too easy"), (0.0, "too hard")])
def test_groups_without_variance_are_a_warning_that_says_which_way(reward: float, why: str) -> None:
    finding = found(3, lambda _: mixed(reward=reward))["zero_variance"]

    assert (finding.severity, finding.value) == ("warning", 1.0)
    assert why in finding.detail
    assert (finding.from_step, finding.to_step) == (0, 2)


def test_a_reward_at_its_maximum_is_a_notice() -> None:
    finding = found(3, lambda _: mixed(reward=1.0))["saturated"]

    assert finding.look_at.min_reward == 1.0
    assert "saturated" not in found(3, lambda _: mixed(reward=0.9))


def test_a_jump_to_the_maximum_is_found_where_it_was() -> None:
    finding = found(12, lambda number: mixed(reward=1.0 if number >= 6 else 0.3))["jump_to_max"]

    assert (finding.from_step, finding.look_at.step, finding.value) == (6, 6, 1.0)


def test_a_slow_rise_to_the_maximum_is_no_jump() -> None:
    def rising(number: int) -> list[dict]:
        return [{**row, "reward": float(n < number * 32 // 29)} for n, row in enumerate(mixed())]

    assert "jump_to_max" not in found(30, rising)


def test_a_reward_that_fell_is_held_against_its_best() -> None:
    finding = found(12, lambda number: mixed(reward=0.8 if number < 6 else 0.4))["reward_fell"]

    assert finding.value == pytest.approx(0.4)
    assert "0.800" in finding.detail
    assert "reward_fell" not in found(12, lambda number: mixed(reward=0.8 - number / 100))


@pytest.mark.parametrize(("rewards", "steps"), [([0.9, 0.6], "step 1"), ([0.9, 0.9, 0.6, 0.6], "steps 2 to 3")])
def test_a_fall_in_a_short_run_is_not_blurred_by_the_steps_before_it(rewards: list[float], steps: str) -> None:
    finding = found(len(rewards), lambda number: mixed(reward=rewards[number]))["reward_fell"]

    assert finding.value == pytest.approx(0.3)
    assert f"The mean reward of {steps} is 0.600" in finding.detail


def test_a_few_grades_are_no_fall() -> None:
    assert "reward_fell" not in found(12, lambda number: mixed() if number < 9 else [{"reward": 0.0}] * 2)


def test_the_median_of_two_steps_lies_between_them() -> None:
    finding = found(4, lambda number: mixed(sample_bytes=[100, 100, 100, 500][number]))["length"]

    assert "The median sample has 300 bytes" in finding.detail


def test_sub_rewards_that_diverge_are_named() -> None:
    def diverging(number: int) -> list[dict]:
        return mixed(sub_rewards={"format": number / 11, "correct": 1 - number / 11})

    finding = found(12, diverging)["sub_rewards_diverge"]

    assert "format rose" in finding.detail
    assert "correct fell" in finding.detail
    assert "sub_rewards_diverge" not in found(
        12, lambda number: mixed(sub_rewards={"a": number / 11, "b": number / 11})
    )


def test_groups_with_one_answer_are_found() -> None:
    finding = found(3, lambda _: [{**row, "answer": row["item_id"]} for row in mixed()])["identical_answers"]

    assert finding.value == 1.0


def test_one_answer_to_everything_is_found_once_it_spreads() -> None:
    finding = found(10, lambda number: mixed(answer="42") if number >= 5 else mixed())["one_answer"]

    assert finding.value > 0.9
    assert "one_answer" not in found(10, lambda _: mixed(answer="42"))


@pytest.mark.parametrize(("late", "title"), [(200, "Longer samples"), (50, "Shorter samples")])
def test_samples_that_became_longer_or_shorter_are_found(late: int, title: str) -> None:
    finding = found(10, lambda number: mixed(sample_bytes=late if number >= 5 else 100))["length"]

    assert finding.title == title
    assert "length" not in found(10, lambda number: mixed(sample_bytes=100 + 5 * number))


def test_repeated_tool_calls_are_found() -> None:
    assert found(3, lambda _: mixed(tools=["a", "a", "b"]))["tool_repeats"].value == pytest.approx(1 / 3)
    assert "tool_repeats" not in found(3, lambda _: mixed(tools=["a", "b", "c", "c"]))


def test_more_tool_calls_are_found() -> None:
    finding = found(10, lambda number: mixed(tools=list("abcd") if number >= 5 else ["a"]))["more_tool_calls"]

    assert finding.value == 4.0
    assert "more_tool_calls" not in found(10, lambda _: mixed(tools=["a"]))


@pytest.mark.parametrize(("every", "severity"), [(20, "notice"), (4, "warning")])
def test_unscored_samples_are_found_with_their_code(every: int, severity: str) -> None:
    def failing(_: int) -> list[dict]:
        lost = [{"reward": None, "code": "deadline_exceeded"}] * (40 // every)
        return [*mixed(40), *lost]

    finding = found(3, failing)["unscored"]

    assert finding.severity == severity
    assert (finding.look_at.code, finding.look_at.scored) == ("deadline_exceeded", False)


@pytest.mark.parametrize("graded_steps", [1, 20])
def test_steps_of_which_nothing_is_graded_any_more_are_found(graded_steps: int) -> None:
    def broken(number: int) -> list[dict]:
        return mixed() if number < graded_steps else [{"reward": None, "code": "invalid_item"}] * 32

    finding = found(graded_steps + 10, broken)["unscored"]

    assert (finding.severity, finding.value) == ("warning", 1.0)
    assert (finding.from_step, finding.to_step) == (graded_steps + 5, graded_steps + 9)


def test_a_few_grades_among_many_unscored_samples_do_not_hide_them() -> None:
    lost = [{"reward": None, "code": "invalid_item"}] * 90

    assert found(1, lambda _: [*mixed(10), *lost])["unscored"].value == 0.9
    assert found(1, lambda _: [*mixed(10), *lost[:5]]) == {}


def test_a_run_in_which_nothing_is_graded_says_so() -> None:
    assert found(2, lambda _: [{"reward": None, "code": "invalid_item"}] * 3)["unscored"].value == 1.0


def test_a_verdict_that_spreads_while_the_reward_does_not_rise_is_found() -> None:
    def shifting(number: int) -> list[dict]:
        return [{**row, "verdict": "no_answer" if number >= 5 and n % 2 else "wrong"} for n, row in enumerate(mixed())]

    assert found(10, shifting)["verdict_shift"].look_at.verdict == "no_answer"
    assert "verdict_shift" not in found(10, lambda _: mixed(verdict="wrong"))


def test_grades_that_became_slow_are_found() -> None:
    assert found(10, lambda number: mixed(duration_us=4_000_000 if number >= 5 else 1_000_000))["slower"].value == 4.0
    assert "slower" not in found(10, lambda number: mixed(duration_us=9000 if number >= 5 else 1000))


def test_grades_that_replace_others_are_found() -> None:
    assert found(3, lambda _: [*mixed(), *mixed(16)])["superseded"].value == pytest.approx(1 / 3)
    assert "superseded" not in found(3, lambda _: [*mixed(), *mixed(4)])


def test_records_without_a_step_are_looked_at_only_where_there_is_nothing_else() -> None:
    flat = step(None, mixed(reward=1.0))

    assert {one.code for one in findings_of("r", "g@v1", [flat], (0.0, 1.0))} >= {"saturated", "zero_variance"}
    assert findings_of("r", "g@v1", [step(1, mixed()), step(2, mixed()), flat], (0.0, 1.0)) == []


def test_warnings_come_first() -> None:
    severities = [one.severity for one in found(3, lambda _: mixed(reward=1.0)).values()]

    assert severities == sorted(severities, key=lambda severity: severity == "notice")
