"""What one call can cost, whatever item, sample and executions hold."""

import json
from typing import Any

import pytest

from graders.api import Execution, Result
from graders.calls import Call, perform
from graders.code_tests import v1
from graders.registry import Registry
from tests.pace import paces_of

SIZE = v1.SHARED_MAX_BYTES
VERSION = Registry()["code_tests@v1"].version
ONE = {"entry_point": "f", "cases": [{"expected": 1}]}
PROGRAM = "```python\nx\n```"

PLANS = {
    "cases": ({"entry_point": "f", "cases": [{"expected": 1}] * (SIZE // 16)}, PROGRAM),
    "cases without an expected value": ({"entry_point": "f", "cases": [{}] * (SIZE // 4)}, PROGRAM),
    "checks": ({"entry_point": "f", "checks": ["a"] * (SIZE // 6)}, PROGRAM),
    "fences": (ONE, "```\n" * ((SIZE - 200) // 5)),
    "fences of two kinds": (ONE, "~~~\n```\n" * ((SIZE - 200) // 10)),
    "backticks": (ONE, "`" * (SIZE - 200)),
    "a deep value": ({"entry_point": "f", "cases": [{"expected": [[[[[[[[1]]]]]]]]}] * (SIZE // 36)}, PROGRAM),
}

UNLIKE = {
    "near numbers": ([[n + 0.5] for n in range(SIZE // 20)], [[n + 0.7] for n in range(SIZE // 20)]),
    "short lists": ([[]] * (SIZE // 12), [[[]]] * (SIZE // 12)),
    "few texts": ([[str(n % 9)] for n in range(SIZE // 20)], [[str(n % 9 + 1)] for n in range(SIZE // 20)]),
}


def is_soon_made(call: Call) -> bool:
    assert call.size_bytes <= SIZE
    config = VERSION.read_config({})
    return paces_of(lambda: perform(VERSION, config, call.value), limit=500) < 500


@pytest.mark.parametrize(("item", "sample"), PLANS.values(), ids=PLANS.keys())
def test_the_worst_plan_that_may_share_a_round_trip_is_soon_made(item: dict[str, Any], sample: str) -> None:
    call = Call.of(item, {"output_text": sample})
    call.is_plan = True

    assert is_soon_made(call)


@pytest.mark.parametrize(("expected", "got"), UNLIKE.values(), ids=UNLIKE.keys())
@pytest.mark.parametrize("unordered", ["outer", "all"])
def test_the_worst_comparison_that_may_share_a_round_trip_is_soon_made(
    expected: list[Any], got: list[Any], unordered: str
) -> None:
    rules = {"unordered": unordered, "float_rel": 0, "float_abs": 0}
    call = Call.of({"entry_point": "f", "cases": [{"expected": expected}], "comparison": rules}, PROGRAM)
    call.give([Execution("finished", results=(Result("returned", value=json.dumps(got)),))])

    assert is_soon_made(call)
