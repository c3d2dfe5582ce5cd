"""What is counted of a step is what numpy makes of its rows, however they come."""

import json
from collections import Counter, defaultdict
from itertools import groupby
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ledger.tallies import StepCount, TallyRow
from app.monitors.answers import Numbers, Step
from app.monitors.report import step_of
from tests.monitors.making import row

Rows = list[dict[str, Any]]

_NAMES = st.none() | st.sampled_from(["a", "b"])
_REWARDS = st.sampled_from([-1.0, 0.0, 0.1, 1 / 3, 1.0]) | st.floats(-1, 1)
_WHERE = {"item_id": _NAMES, "rollout": st.none() | st.integers(0, 2), "group": _NAMES}
_GRADED = st.fixed_dictionaries({
    **_WHERE,
    "reward": _REWARDS,
    "verdict": st.sampled_from(["right", "wrong"]),
    "answer": st.none() | st.sampled_from(["x", "é", "long " * 20]),
    "sub_rewards": st.dictionaries(st.sampled_from(["f", "g"]), _REWARDS),
    "tools": st.none() | st.lists(st.sampled_from("mn"), max_size=3),
    "sample_bytes": st.integers(2, 90),
})  # fmt: skip
_UNSCORED = st.fixed_dictionaries({**_WHERE, "reward": st.none(), "code": st.sampled_from(["late", "broken"])})


@settings(max_examples=300)
@given(st.lists(_GRADED | _UNSCORED, min_size=1, max_size=40))
def test_a_step_is_what_its_rows_are(changes: Rows) -> None:
    made = [row(index, **one) for index, one in enumerate(changes)]
    count = StepCount()
    count.add(made[::-1])
    [tally] = count.tallies()
    step = step_of(7, tally, 1.0)
    samples = _by_sample(made)
    graded = sorted((grades[-1] for grades, _ in samples if grades), key=lambda one: one.record)
    sent = [changes[int(one.record)] for one in graded]

    assert step.graded == len(graded)
    assert step.superseded == sum(max(0, len(grades) - 1) for grades, _ in samples)
    assert step.unscored == Counter(errors[-1].code for grades, errors in samples if not grades)
    assert step.verdicts == Counter(one["verdict"] for one in sent)
    _is_spread(step.reward, [one["reward"] for one in sent])
    _is_spread(step.sample_bytes, [one["sample_bytes"] for one in sent])
    _is_spread(step.answer_chars, [len(one["answer"]) for one in sent if one["answer"] is not None])
    assert step.at_max_share == (sum(one["reward"] == 1.0 for one in sent) / len(sent) if sent else None)
    _are_groups(step, sent)
    _are_parts(step, sent)


def _by_sample(made: list[TallyRow]) -> list[tuple[list[TallyRow], list[TallyRow]]]:
    """The grades and the errors of each sample, in order; a row that does not say of which is one of its own."""

    def sample(one: TallyRow) -> str:
        is_own = one.item_id is None or one.rollout is None
        return one.record if is_own else f"{one.item_id} {one.rollout}"

    apart = [list(rows) for _, rows in groupby(sorted(made, key=sample), key=sample)]
    return [([r for r in rows if r.reward is not None], [r for r in rows if r.reward is None]) for rows in apart]


def _is_spread(found: Numbers | None, values: list[float]) -> None:
    assert (found is None) is (not values)
    if found is None:
        return
    quantiles = (found.p5, found.p25, found.p50, found.p75, found.p95)
    assert quantiles == pytest.approx(numpy.percentile(values, [5, 25, 50, 75, 95]))
    assert (found.mean, found.least, found.greatest) == pytest.approx((numpy.mean(values), min(values), max(values)))
    assert found.sd == (pytest.approx(numpy.std(values, ddof=1)) if len(values) > 1 else None)


def _are_groups(step: Step, sent: Rows) -> None:
    together: dict[str, Rows] = defaultdict(list)
    for one in sent:
        if (name := one["group"] or one["item_id"]) is not None:
            together[name].append(one)
    groups = [some for some in together.values() if len(some) > 1]
    answers = [{one["answer"] for one in some} for some in groups]

    assert step.groups == len(groups)
    assert step.zero_variance_groups == sum(len({one["reward"] for one in some}) == 1 for some in groups)
    assert step.answers.same_groups == sum(len(said) == 1 and None not in said for said in answers)


def _are_parts(step: Step, sent: Rows) -> None:
    parts: dict[str, list[float]] = defaultdict(list)
    for one in sent:
        for name, value in one["sub_rewards"].items():
            parts[name].append(value)
    assert {name: (part.count, part.mean) for name, part in step.sub_rewards.items()} == {
        name: (len(values), pytest.approx(numpy.mean(values))) for name, values in parts.items()
    }
    answers = Counter(one["answer"] for one in sent if one["answer"] is not None)
    told = (step.answers.answered, step.answers.distinct, step.answers.most_common)
    assert told == (answers.total(), len(answers), max(answers.values(), default=0))
    calls = [one["tools"] for one in sent if one["tools"]]
    assert (None if step.tools is None else (step.tools.samples, step.tools.calls, step.tools.repeats)) == (
        (len(calls), sum(map(len, calls)), sum(len(some) - len(set(some)) for some in calls)) if calls else None
    )
    assert json.loads(step.model_dump_json())["step"] == 7
