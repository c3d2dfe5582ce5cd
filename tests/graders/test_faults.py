"""What is said of a name that is not known: the ones that are, and where it may have been meant to stand."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from graders.errors import Fault, faults_of, nearest
from tests.pace import paces_of


class Spec(BaseModel, extra="forbid"):
    scale: int = 0
    mode: Literal["strict", "loose"] = "strict"


class Item(BaseModel):
    spec: Annotated[Spec | None, Field(description="The form.")] = None
    rows: list[Spec] = []
    label: str


class Nested(BaseModel, extra="forbid"):
    rows: list[str] = []


class Row(BaseModel):
    nested: str | Nested = ""
    gold: bool | list[str] = []
    one: Annotated[Spec | None, Field(description="Of one type.")] = None
    by_name: dict[str, int | list[int]] = {}


class Config(BaseModel, extra="forbid"):
    reward: float = 1.0


def said(shape: type[BaseModel], value: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        shape.model_validate(value)
    return {fault.pointer: fault.detail for fault in faults_of(caught.value, "", shape, {"/item": Item})}


@pytest.mark.parametrize(
    ("shape", "value", "pointer", "detail"),
    [
        (Config, {"rewad": 1}, "/rewad", "There is no such field. Did you mean 'reward'? Known: reward"),
        (Config, {"zzz": 1}, "/zzz", "There is no such field. Known: reward"),
        (Config, {"mode": 1}, "/mode", "There is no such field. There is one at /item/spec/mode. Known: reward"),
        (Item, {"lable": "a"}, "/label", "Field required; there is 'lable' instead"),
        (Item, {"x": "a"}, "/label", "Field required"),
        (
            Item, {"label": "a", "spec": {"scal": 1}}, "/spec/scal",
            "There is no such field. Did you mean 'scale'? Known: mode, scale",
        ),
        (
            Item, {"label": "a", "rows": [{"modus": 1}]}, "/rows/0/modus",
            "There is no such field. Did you mean 'mode'? Known: mode, scale",
        ),
    ],
)  # fmt: skip
def test_a_wrong_name_is_told_with_the_right_ones(
    shape: type[BaseModel], value: Any, pointer: str, detail: str
) -> None:
    assert said(shape, value)[pointer] == detail


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"gold": ["a", None]}, {"/gold/1": "Input should be a valid string"}),
        ({"gold": "hate"}, {"/gold": "Input should be a valid boolean, unable to interpret input or a valid list"}),
        (
            {"nested": {"rows": [1], "x": 1}},
            {"/nested/rows/0": "Input should be a valid string", "/nested/x": "There is no such field. Known: rows"},
        ),
        ({"one": {"mode": 1}}, {"/one/mode": "Input should be 'strict' or 'loose'"}),
        ({"by_name": {"list[int]": [1, []]}}, {"/by_name/list[int]/1": "Input should be a valid integer"}),
    ],
)  # fmt: skip
def test_a_value_of_several_types_is_at_fault_where_it_was_sent(value: Any, expected: dict[str, str]) -> None:
    assert said(Row, value) == expected


def test_thousands_of_unknown_names_cost_no_time() -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate({f"rewad{number}": 1 for number in range(5000)})

    def name() -> tuple[Fault, ...]:
        return faults_of(caught.value, "/config", Config, {"/item": Item})

    faults = name()
    assert paces_of(name, limit=500) < 500
    assert len(faults) == 5000
    assert "Did you mean 'reward'?" in faults[0].detail


def test_only_what_is_near_is_offered_and_a_name_of_any_length_is_compared_at_once() -> None:
    assert nearest("nope", ["openai_omni", "finance_qa"]) is None
    assert nearest("finance_aq", ["openai_omni", "finance_qa"]) == "finance_qa"
    assert nearest("mode" * 1_000_000, ["mode"]) is None
