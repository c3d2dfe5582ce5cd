"""A judgement costs time that is linear in the sample, whatever the sample."""

import json
from functools import partial

import pytest

from bench.finance_cost import HOSTILE_ITEMS, hostile_outputs
from graders.finance_qa import v1
from tests.graders.finance_qa.grading import grade
from tests.pace import cpu_s_of, paces_of

LONG = dict(hostile_outputs(200_000))
# Beside the long ones, the most that a sample of that size can ask: every reference against every value.
MANY = ["1", "2%", "$3", "4 million", "5x", "1/3", "7.5", "8", "9", "10"]
CROWDED = [
    ({"reference_set": MANY, "spec": {"answer_only": True}}, " ".join(f"{number}.5%" for number in range(20))),
    ({"reference_set": MANY}, ", ".join(MANY)),
    ({"references": MANY}, "1% (1%) " * 6),
]


@pytest.mark.parametrize("output", LONG.values(), ids=LONG.keys())
def test_the_worst_text_of_any_kind_costs_less_than_60_paces(output: str) -> None:
    """The bench holds 50 ms on a quiet machine."""
    for item in HOSTILE_ITEMS:
        assert paces_of(partial(grade, item, output), limit=60) < 60


def test_what_may_share_a_round_trip_costs_less_than_3_paces() -> None:
    calls = [(item, output) for _, output in hostile_outputs(v1.SMALL_MAX_BYTES) for item in HOSTILE_ITEMS] + CROWDED

    for item, output in calls:
        room = v1.SMALL_MAX_BYTES - len(json.dumps(item))
        text = output.encode(errors="replace")[:room].decode(errors="ignore")

        assert paces_of(partial(grade, item, text), limit=3) < 3


@pytest.mark.parametrize(
    "name", ["digits", "nested boxes", "1,0001,000", "answer: 1", "open JSON", "signed numbers", "1 or"]
)
def test_four_times_the_text_takes_about_four_times_as_long(name: str) -> None:
    """A quadratic scan would take sixteen times as long; the bound between leaves room for a busy machine."""
    short, long = (dict(hostile_outputs(size))[name] for size in (50_000, 200_000))

    for item in HOSTILE_ITEMS[:2]:
        short_s = min(cpu_s_of(partial(grade, item, short)) for _ in range(7))
        long_s = min(cpu_s_of(partial(grade, item, long)) for _ in range(7))
        assert long_s < 9 * short_s + 0.001
