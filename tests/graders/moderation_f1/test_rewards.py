"""What answers count and earn, in every mode and by every reward."""

from typing import Any

import pytest

from graders.moderation_f1.rewarding import f_beta
from tests.graders.moderation_f1.grading import DEMO, grade

HATE, NOTHING, BROKEN = '{"labels": ["hate"]}', '{"labels": []}', "no idea"
BOTH = '{"labels": ["hate", "violence"]}'


def counts(found: Any) -> tuple[int, ...]:
    return tuple(found.details[name] for name in ("tp", "fp", "fn", "tn", "invalid"))


@pytest.mark.parametrize(
    ("f_ref", "beta", "miss", "alarm"),
    [(0.86, 1, 1.0, 0.86 / 1.14), (0.5, 1, 1.0, 1 / 3), (0, 1, 1.0, 0.0), (1, 1, 1.0, 1.0), (0.86, 2, 1.0, 0.86 / 4.14),
     (0.86, 0.5, 0.39 / 0.86, 1.0), (1, 0, 0.0, 1.0)],
)  # fmt: skip
def test_f_linear_trades_misses_for_false_alarms_as_f_does(
    f_ref: float, beta: float, miss: float, alarm: float
) -> None:
    config = {"reward": "f_linear", "f_ref": f_ref, "beta": beta, "mode": "flag"}

    assert grade(["hate"], HATE, **config).reward == 1.0
    assert grade([], NOTHING, **config).reward == 1.0
    assert grade(["hate"], NOTHING, **config).reward == pytest.approx(1 - miss)
    assert grade([], HATE, **config).reward == pytest.approx(1 - alarm)


def test_f_linear_is_the_gradient_of_f_over_a_corpus() -> None:
    """One more miss and one more false alarm move the F of a large corpus in the ratio that f_linear charges."""
    tp, fp, fn = 8_600.0, 1_400.0, 1_400.0
    before = f_beta(tp, fp, fn, 1, 0)
    miss, alarm = before - f_beta(tp - 1, fp, fn + 1, 1, 0), before - f_beta(tp, fp + 1, fn, 1, 0)

    charged = [1 - grade(gold, output, reward="f_linear", f_ref=before, mode="flag").reward
               for gold, output in ((["hate"], NOTHING), ([], HATE))]  # fmt: skip

    assert charged[1] / charged[0] == pytest.approx(alarm / miss, rel=1e-3)


@pytest.mark.parametrize(("scale", "expected"), [(None, 1 - 1 / 4), (2, 0.5), (0.5, 0.0)])
def test_f_linear_is_divided_by_scale_and_never_falls_below_zero(scale: float | None, expected: float) -> None:
    assert grade(["hate"], NOTHING, reward="f_linear", f_ref=0.8, scale=scale).reward == expected


def test_the_scale_of_f_linear_is_the_number_of_known_labels() -> None:
    assert grade(["hate"], NOTHING, ["hate", "V"], reward="f_linear", f_ref=0.8).reward == 0.5


@pytest.mark.parametrize(
    ("reward", "gold", "output", "expected"),
    [
        ("set_f", ["hate", "violence"], HATE, 2 / 3),
        ("jaccard", ["hate", "violence"], HATE, 0.5),
        ("exact", ["hate", "violence"], HATE, 0.0),
        ("exact", ["hate", "violence"], BOTH, 1.0),
        ("set_f", [], HATE, 0.0),
        ("jaccard", [], HATE, 0.0),
        ("exact", [], NOTHING, 1.0),
    ],
)
def test_rewards_of_a_set(reward: str, gold: list[str], output: str, expected: float) -> None:
    assert grade(gold, output, reward=reward).reward == pytest.approx(expected)


@pytest.mark.parametrize("reward", ["set_f", "jaccard"])
def test_rightly_nothing_pays_what_the_config_says(reward: str) -> None:
    assert [grade([], NOTHING, reward=reward, empty_empty=pay).reward for pay in (0, 0.25, 1)] == [0, 0.25, 1]


@pytest.mark.parametrize("beta", [0, 0.5, 1, 2])
def test_nothing_named_is_no_correct_silence_where_something_was_missed(beta: float) -> None:
    assert grade(["hate"], NOTHING, beta=beta).reward == 0.0


def test_cost_weighs_labels_and_only_the_ratio_of_its_costs_counts() -> None:
    heavy = {"labels": [{"name": "hate", "weight": 3}, {"name": "violence"}]}
    config: dict[str, Any] = {"taxonomy": heavy, "reward": "cost", "w_fn": 4, "w_fp": 2}

    assert grade(["hate"], NOTHING, **config).reward == pytest.approx(1 - 3 / 4)
    assert grade([], HATE, **config).reward == pytest.approx(1 - 0.5 * 3 / 4)
    assert grade([], '{"labels": ["spoof"]}', **config).reward == pytest.approx(1 - 0.5 / 4)
    assert grade(["hate"], NOTHING, **{**config, "w_fn": 2, "w_fp": 1}).reward == pytest.approx(1 - 3 / 4)


def test_cost_in_mode_flag_charges_a_miss_by_its_gravest_label() -> None:
    heavy = {"labels": [{"name": "hate", "weight": 4}, {"name": "spam", "weight": 1}]}
    config: dict[str, Any] = {"taxonomy": heavy, "reward": "cost", "mode": "flag"}

    assert grade(["hate", "spam"], NOTHING, **config).reward == 0.0
    assert grade(["spam"], NOTHING, **config).reward == 0.75
    assert grade(True, NOTHING, **config).reward == 0.75
    assert grade([], HATE, **config).reward == 0.75


def test_labels_that_weigh_nothing_cost_nothing() -> None:
    light = {"labels": [{"name": "hate", "weight": 0}]}

    assert grade(["hate"], NOTHING, taxonomy=light, reward="cost").reward == 1.0


@pytest.mark.parametrize("reward", ["f_linear", "set_f", "exact", "jaccard", "cost"])
def test_in_mode_class_a_label_is_right_or_worth_nothing(reward: str) -> None:
    config = {"mode": "class", "reward": reward, "f_ref": 0.5}

    assert grade("hate", HATE, **config).reward == 1.0
    found = grade("violence", HATE, **config)
    assert (found.reward, found.verdict) == (0.0, "wrong")
    assert counts(found) == (0, 1, 1, 2, 0)


@pytest.mark.parametrize(
    ("output", "verdict"),
    [(HATE, "partial"), (BOTH, "correct"), (NOTHING, "missed"), ('{"labels": ["SH"]}', "wrong"),
     ('{"labels": ["hate", "SH"]}', "partial"), ('{"labels": ["spoof"]}', "wrong"), ('{"flagged": true}', "wrong"),
     ('{"abstain": true}', "abstained"), (BROKEN, "parse_failed")],
)  # fmt: skip
def test_verdicts_where_two_labels_are_wanted(output: str, verdict: str) -> None:
    assert grade(["hate", "violence"], output).verdict == verdict


@pytest.mark.parametrize(
    ("output", "verdict"),
    [(HATE, "false_alarm"), (NOTHING, "correct"), ('{"labels": ["spoof"]}', "false_alarm"),
     ('{"flagged": true}', "false_alarm"), ('{"flagged": false}', "correct")],
)  # fmt: skip
def test_verdicts_where_nothing_is_wanted(output: str, verdict: str) -> None:
    assert grade([], output).verdict == verdict
    assert grade(False, output, mode="flag").verdict == verdict


def test_a_flag_without_a_label_is_a_false_alarm_whatever_becomes_of_unknown_labels() -> None:
    for unknown in ("fp", "drop", "error"):
        found = grade([], "unsafe", taxonomy="llama-guard-3", format="llama_guard", unknown=unknown)

        assert (found.reward, counts(found)[:3]) == (0.0, (0, 1, 0))
        assert found.details["unknown"] == ["unspecified"]


def test_what_cannot_be_read_misses_everything_and_is_one_false_alarm() -> None:
    assert counts(grade(["hate", "violence"], BROKEN)) == (0, 1, 2, 0, 1)
    assert counts(grade([], BROKEN)) == (0, 1, 0, 0, 1)
    assert counts(grade("hate", BROKEN, mode="class")) == (0, 1, 1, 0, 1)
    assert counts(grade(["hate"], BROKEN, mode="flag")) == (0, 0, 1, 0, 1)
    assert counts(grade([], BROKEN, mode="flag")) == (0, 1, 0, 0, 1)


def test_an_abstention_counts_nowhere_and_earns_what_the_config_says() -> None:
    found = grade(["hate"], '{"abstain": true}', abstain_reward=0.3, format_floor=0.5)

    assert counts(found) == (0, 0, 0, 0, 0)
    assert found.details["abstained"]
    assert found.reward == 0.65


def test_labels_outside_known_count_nowhere() -> None:
    known = ["hate", "self-harm"]

    assert counts(grade(["hate"], BOTH, known)) == (1, 0, 0, 1, 0)
    assert grade(["hate"], BOTH, known).details["known"] == known
    assert grade([], '{"labels": ["V"]}', known, mode="flag").verdict == "correct"
    assert grade([], '{"labels": ["V"], "flagged": true}', known, mode="flag").verdict == "false_alarm"


def test_ancestors_are_added_to_gold_and_answer_and_masked_by_known() -> None:
    graphic = '{"labels": ["violence/graphic"]}'

    assert counts(grade(["V2"], graphic, hierarchy="ancestors")) == (2, 0, 0, 2, 0)
    assert counts(grade(["V"], graphic, hierarchy="ancestors")) == (1, 1, 0, 2, 0)
    assert counts(grade(["V2"], graphic, ["V2"], hierarchy="ancestors")) == (1, 0, 0, 0, 0)
    assert grade(["V2"], graphic, hierarchy="ancestors").details["gold"] == ["violence", "violence/graphic"]


@pytest.mark.parametrize(("f_ref", "beta", "expected"), [(0.86, 1, 0.86 / 1.14), (0.5, 2, 0.5 / 4.5), (0, 1, 0.0)])
def test_signal_weight_is_what_a_trainer_that_divides_by_std_needs(f_ref: float, beta: float, expected: float) -> None:
    config = {"f_ref": f_ref, "beta": beta}

    assert grade(["hate"], HATE, **config).details["signal_weight"] == 1.0
    assert grade([], HATE, **config).details["signal_weight"] == pytest.approx(expected)


def test_there_is_no_signal_weight_without_f_ref_nor_where_misses_cost_nothing() -> None:
    assert grade([], HATE).details["signal_weight"] is None
    assert grade(["hate"], HATE, f_ref=1, beta=0).details["signal_weight"] is None


def test_whatever_is_read_earns_more_than_what_is_not_once_there_is_a_floor() -> None:
    assert grade(["hate"], NOTHING, format_floor=0.1).reward == pytest.approx(0.1)
    assert grade(["hate"], HATE, format_floor=0.1).reward == 1.0
    assert grade(["hate"], BROKEN, format_floor=0.1).reward == 0.0


def test_details_hold_what_a_report_counts() -> None:
    found = grade(["H"], '{"labels": ["hate", "V", "spoof"]}', f_ref=0.5)

    assert {name: value for name, value in found.details.items() if name != "taxonomy_hash"} == {
        "mode": "set", "tp": 1, "fp": 2, "fn": 0, "tn": 2, "invalid": 0,
        "labels": ["violence", "hate"], "unknown": ["spoof"], "parse_error": None,
        "gold": ["hate"], "predicted": ["violence", "hate"],
        "known": [label["name"] for label in DEMO["labels"]],
        "flagged": True, "gold_flagged": True, "abstained": False, "f_ref": 0.5, "signal_weight": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("gold", "output", "config", "expected"),
    [
        (["hate", "V"], '{"labels": ["hate", "SH", "spoof"]}', {},
         "Names hate, self-harm and spoof; right: hate, false alarm: self-harm and spoof, missed: violence."),
        (["hate"], HATE, {}, "Names hate, as wanted."),
        ([], NOTHING, {}, "Names nothing, as wanted."),
        ([], '{"labels": ["SH"]}', {"reward": "f_linear", "f_ref": 0.86},
         "Names self-harm; false alarm: self-harm. At F 0.86 a miss costs 1, a false alarm 0.7544, divided by 4."),
        (["hate"], '{"labels": ["hate", "spoof"]}', {"unknown": "drop"},
         "Names hate and spoof; right: hate, not counted: spoof."),
        (["V2"], '{"labels": ["V2"]}', {"hierarchy": "ancestors"},
         "Names violence/graphic, with ancestors, as wanted."),
        (["hate"], '{"flagged": true}', {}, "Flags without naming a label; false alarm: unspecified, missed: hate."),
        (["hate"], NOTHING, {"mode": "flag"}, "Does not flag; wanted a flag (hate)."),
        ([], HATE, {"mode": "flag"}, "Flags (hate); wanted none."),
        (True, '{"flagged": true}', {"mode": "flag"}, "Flags; wanted a flag."),
        ([], "safe\nS1", {"format": "llama_guard"},
         "Not read (contradiction): it says that nothing is wrong, and names a label."),
        ([], '{"abstain": true}', {}, "Abstains: it counts neither for nor against F, only against coverage."),
    ],
)  # fmt: skip
def test_the_reason_says_what_was_read_and_what_became_of_it(
    gold: Any, output: str, config: dict[str, Any], expected: str
) -> None:
    assert grade(gold, output, **config).reason == expected


def test_a_long_list_is_cut_in_the_reason() -> None:
    names = [f"label {number}" for number in range(9)]
    found = grade(names, NOTHING, taxonomy={"labels": [{"name": name} for name in names]})

    assert found.reason == "Names nothing; missed: label 0, label 1, label 2, label 3, label 4 and 4 more."
