"""What an evaluation is asked for, and how it is read: every fault becomes an error with a code and JSON pointers."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, from_json, to_json

from evaluations.errors import BadAverage, BadBeta, BadLabel, BadPosLabel, BadZeroDivision, InvalidEvaluation
from graders.errors import Fault, json_pointer, wording

Kind = Annotated[
    Literal["binary", "multiclass", "multilabel", "flag"],
    Field(
        description="`binary`: one of two labels per row. `multiclass`: one of several. `multilabel`: a list of labels."
        " `flag`: is anything flagged? 0, 1, true, false, or a list of labels that is empty or not."
    ),
]
Average = Literal["binary", "micro", "macro", "weighted", "samples", "none"]


def _whole(sent: float) -> int:
    if not sent.is_integer():
        raise PydanticCustomError("label", "Input should be a label")
    return int(sent)


# JSON has one kind of number, and a column of pandas that has gaps holds 1.0 for 1.
Whole = Annotated[float, Field(strict=True), AfterValidator(_whole), WithJsonSchema({"type": "integer"})]
Label = StrictStr | StrictInt | StrictBool | Whole
"""`true` and `false` are 1 and 0, and so are 1.0 and 0.0."""

Gold = Label | list[Label]
Prediction = Label | list[Label] | None
"""null: there is no answer that could be read."""


def _no_bool(sent: Any) -> Any:
    if isinstance(sent, bool):
        raise PydanticCustomError("number", "Input should be a number")
    return sent


Beta = Annotated[
    Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] | Literal["inf"],
    Field(description="Weight of recall against precision; `inf`: recall alone."),
]
ZeroDivision = Annotated[
    Literal[0, 1, "nan"],
    BeforeValidator(_no_bool),
    Field(description='What 0/0 is; "nan" leaves it out of averages and answers null.'),
]

Unknown = Annotated[
    Literal["fp", "drop", "error"],
    Field(
        description="A predicted label that is not declared: `fp` counts it as a false positive of no label (in"
        " `binary` as the wrong one of the two), `drop` as if it had not been said, `error` refuses the request."
    ),
]


class Averaging(BaseModel, extra="forbid"):
    """How counts become numbers. Every answer repeats it."""

    average: Average | None = Field(
        None,
        description="How labels become one number; `none`: not at all. null: `binary` for binary and flag, `macro` for"
        " multiclass, `micro` for multilabel.",
    )
    beta: Beta = 1
    zero_division: ZeroDivision = 0
    level: float = Field(0.95, gt=0, lt=1, description="Confidence of the intervals.")


class Conventions(Averaging):
    """What decides the number apart from the predictions."""

    kind: Kind
    labels: Annotated[list[Label], Field(min_length=1)] | None = Field(
        None, description="The declared labels, in the order of the answer; null: those that occur, sorted."
    )
    unknown: Unknown = "fp"
    pos_label: Label | None = Field(None, description="The positive one of two binary labels; null: 1.")


class Bootstrap(BaseModel, extra="forbid"):
    """A percentile interval by resampling groups."""

    resamples: int = Field(2000, strict=True, ge=100, le=20_000, description="How often the groups are drawn anew.")
    seed: int = Field(0, strict=True, description="The same seed, the same interval.")


class F1Request(Conventions):
    """Predictions against gold. All columns are of one length, one row per sample."""

    y_true: list[Gold] = Field(description="What is right.")
    y_pred: list[Prediction] = Field(
        description="What was predicted. null: nothing that could be read, which is wrong once and never dropped."
    )
    known: list[list[Label] | None] | None = Field(
        None,
        description="Labels that somebody looked at, per row, for multilabel and flag; null: all. Others do not count.",
    )
    groups: list[Label] | None = Field(
        None, description="Rows that belong together (rollouts of one prompt); the bootstrap draws groups."
    )
    bootstrap: Bootstrap | None = Field(None, description="Adds an interval that holds for any average and beta.")


class Side(BaseModel, extra="forbid"):
    """One system's predictions."""

    name: str = Field("", description="Shown in the answer.")
    version: str | None = Field(
        None, description="What judged or labelled it (grader digest, taxonomy hash); must be equal on both sides."
    )
    ids: list[Label] = Field(description="One per row; both sides have the same ids, in any order.")
    y_true: list[Gold] = Field(description="As in an F1 request; must be equal on both sides, id by id.")
    y_pred: list[Prediction] = Field(description="As in an F1 request.")
    known: list[list[Label] | None] | None = Field(None, description="As in an F1 request; equal on both sides.")
    groups: list[Label] | None = Field(None, description="As in an F1 request; equal on both sides.")


class Paired(Averaging):
    """How two systems are compared."""

    swaps: int = Field(10_000, strict=True, ge=100, le=100_000, description="Of the randomization test.")
    resamples: int = Field(2000, strict=True, ge=100, le=20_000, description="Of the bootstrap.")
    seed: int = Field(0, strict=True, description="The same seed, the same answer.")
    unpaired: bool = Field(
        False,
        strict=True,
        description="Also the z test that takes A and B for different samples (one yes or no per row, beta 1).",
    )


class CompareRequest(Conventions, Paired):
    """Is B better than A? Both predicted the same samples."""

    a: Side = Field(description="The system that was there before.")
    b: Side = Field(description="The system that may be better.")


Request = TypeVar("Request", bound=Conventions)

_FAULTS_MAX = 10
_SHOWN_CHARS = 60
# Which error a fault in a field is, and how many steps of its place are the caller's: the rest are pydantic's own.
_FIELDS: dict[str, tuple[type[InvalidEvaluation], int]] = {
    "beta": (BadBeta, 1),
    "zero_division": (BadZeroDivision, 1),
    "average": (BadAverage, 1),
    "pos_label": (BadPosLabel, 1),
    "labels": (BadLabel, 2),
    "y_true": (BadLabel, 2),
    "y_pred": (BadLabel, 2),
    "known": (BadLabel, 2),
    "groups": (BadLabel, 2),
    "ids": (BadLabel, 2),
    "bootstrap": (InvalidEvaluation, 2),
}


def read(model: type[Request], value: Any) -> Request:
    """`value` as `model`.

    Raises:
        InvalidEvaluation: it is none; the subclass is that of the first fault.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _refusal(error, model) from error


def read_json(model: type[Request], body: bytes) -> Request:
    """`body`, JSON without NaN and Infinity, as `model`.

    Raises:
        InvalidEvaluation: as `read`, or because it is not JSON.
    """
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidEvaluation(f"The body is not JSON: {error}.", (Fault("", str(error)),)) from error
    return read(model, value)


def _refusal(error: ValidationError, model: type[Request]) -> InvalidEvaluation:
    kinds: list[type[InvalidEvaluation]] = []
    places: dict[str, Any] = {}
    for found in error.errors(include_url=False, include_context=False):
        kind, place = _place(found["loc"], is_missing=found["type"] in {"missing", "extra_forbidden"})
        kinds.append(kind)
        # Of the ways in which a value may be meant, the one that went deepest into it is the nearest.
        is_wanted = len(found["loc"]) > len(places[place]["loc"]) if place in places else len(places) < _FAULTS_MAX
        if is_wanted:
            places[place] = found
    faults = tuple(Fault(place, _said(found, model)) for place, found in places.items())
    return kinds[0](f"{faults[0].pointer or 'The body'}: {faults[0].detail}.", faults)


def _place(location: tuple[int | str, ...], *, is_missing: bool) -> tuple[type[InvalidEvaluation], str]:
    side, kind, steps = _field(location)
    pointer = json_pointer("", *location[: side + steps])
    return (InvalidEvaluation if is_missing else kind), pointer


def _field(location: tuple[int | str, ...]) -> tuple[int, type[InvalidEvaluation], int]:
    """How many steps lead to the field, and what `_FIELDS` says of it."""
    side = 1 if location[:1] in {("a",), ("b",)} else 0
    return side, *_FIELDS.get(str(location[side]) if len(location) > side else "", (InvalidEvaluation, 2))


def _said(found: Any, model: type[BaseModel]) -> str:
    side, kind, steps = _field(found["loc"])
    if kind is not BadLabel or len(found["loc"]) <= side + steps:
        return wording(found, model, {})
    sent = found["input"]
    detail = f"{to_json(sent).decode()[:_SHOWN_CHARS]} is no label: wanted a text, a whole number, true or false"
    if isinstance(sent, float):
        detail += ". Make labels of scores by a threshold"
    if sent is None and found["loc"][side] == "y_true":
        detail += ". Only a prediction may be null; leave out rows whose gold nobody knows"
    return detail
