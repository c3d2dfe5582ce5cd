"""How calls come to outcomes, and what of a grade is stored."""

import gc
import json
import weakref
from typing import Any

import pytest
from pydantic import BaseModel

from graders.api import Grade
from graders.calls import Call, judged, may_be_deeper, perform, perform_all
from graders.errors import GraderCrashed
from graders.registry import ConfigInForce, Registry

FINANCE = Registry()["finance_qa@v1"].version


def test_calls_that_are_judged_in_a_row_come_to_what_they_come_to_alone() -> None:
    config = FINANCE.read_config({})
    calls = [
        Call.of(item, sample).value
        for item, sample in (
            ({"reference": "94"}, "94"),
            ({"reference": "no number at all"}, "94"),
            ({"reference": "94"}, {"output_text": 5}),
            ({"reference": "94", "spec": {"unit": "percent", "currency": "USD"}}, "94"),
            ({"reference": "94"}, "93"),
        )
    ]

    together = perform_all(FINANCE, config, calls)

    assert [type(outcome).__name__ for outcome in together] == [
        "Judged", "InvalidItem", "GraderCrashed", "InvalidItem", "Judged",
    ]  # fmt: skip
    assert list(map(str, together)) == [str(perform(FINANCE, config, call)) for call in calls]


@pytest.mark.parametrize("brackets", ["[", "{", "[{", '{"[":', '"a":[1,{'])
@pytest.mark.parametrize("levels", [0, 1, 5, 150])
def test_what_could_be_nested_deeper_has_more_brackets(brackets: str, levels: int) -> None:
    for times in range(levels + 3):
        data = (brackets * times).encode()
        assert may_be_deeper(data, levels) == (data.count(b"[") + data.count(b"{") > levels)


@pytest.mark.parametrize("item", [{}, {"reference": "94", "spec": {"unit": "percent", "currency": "USD"}}])
def test_what_could_not_be_judged_is_not_kept(item: dict[str, Any]) -> None:
    class Held(dict[str, Any]):
        """A dict that can be watched."""

    call = Call.of(item, "94").value
    call["item"] = held = Held(item)
    seen = weakref.ref(held)
    gc.disable()
    try:
        [outcome] = perform_all(FINANCE, FINANCE.read_config({}), [call])
        del call, held
        is_gone = seen() is None
    finally:
        gc.enable()

    assert type(outcome).__name__ == "InvalidItem"
    assert is_gone


def test_the_order_of_a_config_s_fields_decides_nothing() -> None:
    moderation = Registry()["openai_omni@v1"]
    # Two spellings of one label: the last one counts.
    thresholds = [("hate", 0.1), ("HATE", 0.9)]

    one, other = (
        ConfigInForce.of({**moderation.config, "thresholds": dict(pairs)}, moderation.version)
        for pairs in (thresholds, reversed(thresholds))
    )

    assert one.json == other.json
    assert [*one.model.model_dump()["thresholds"].items()] == [*other.model.model_dump()["thresholds"].items()]


class Seen(BaseModel):
    n: int


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (float("inf"), None),
        ((1, 2.0, "é\u2028"), [1, 2.0, "é\u2028"]),
        # These only the slower of the two writers takes.
        (Seen(n=3), {"n": 3}),
        ({None: 1}, {"None": 1}),
        (2**64, 2**64),
    ],
)
def test_details_are_stored_as_json(value: Any, stored: Any) -> None:
    assert json.loads(judged(Grade(1.0, "right", "So it is.", details={"v": value})).json)["details"] == {"v": stored}


@pytest.mark.parametrize("value", [object(), 10**5000], ids=["object", "huge"])
def test_details_that_are_no_json_are_the_grader_s_fault(value: Any) -> None:
    with pytest.raises(GraderCrashed, match="The grade's details are no JSON values"):
        judged(Grade(1.0, "right", "So it is.", details={"v": value}))
