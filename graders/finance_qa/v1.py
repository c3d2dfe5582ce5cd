"""Financial QA with one number as the answer: 1.0 accurate, 0.8 right but in the wrong format, 0.6 nearly right.

An answer is read without a look at the reference (`reading`), compared with it in the unit and scale that the item asks
for (`target`, `tiers`), and paid by tier (`policy`). Numbers are bounded decimals, nothing is evaluated, and every scan
is linear in the sample.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, ValidationInfo, model_validator

from graders.api import Executions, Grade, Sample
from graders.errors import Fault, InvalidItem
from graders.finance_qa.explain import Details, details_of_word
from graders.finance_qa.judgement import judge_any, judge_set, judge_word
from graders.finance_qa.policy import Config
from graders.finance_qa.reading import text_of
from graders.finance_qa.spec import Spec, contradiction, merged
from graders.finance_qa.target import Reference, ReferenceFault, Target, read_reference, target_of

__all__ = ["SMALL_MAX_BYTES", "VERDICTS", "Config", "Details", "Item", "grade"]

VERDICTS = ("accurate", "wrong_format", "minor_difference", "large_error", "no_answer", "hedged")
SMALL_MAX_BYTES = 2_048

_MAX_TEXT = 200_000
_MAX_REFERENCES = 10  # Each costs a comparison with every value of the answer.
_MAX_REFERENCE_TEXT = 500


def _read(value: Any, info: ValidationInfo) -> Reference:
    """A reference from a string or a JSON number, read in the language of the item's spec."""
    if isinstance(value, str):
        text = value.strip()
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        text = str(value).removesuffix(".0")
    else:
        raise ValueError("a reference is a string or a number")  # noqa: TRY004 - pydantic reports only ValueError
    if len(text) > _MAX_REFERENCE_TEXT:
        raise ValueError(f"a reference has at most {_MAX_REFERENCE_TEXT} characters")
    spec = info.data.get("spec")
    return read_reference(text, spec is not None and spec.comma_is_decimal)


def _shown(reference: Reference) -> str:
    return reference.text


ReferenceText = Annotated[
    Reference, PlainValidator(_read, json_schema_input_type=str | int | float), PlainSerializer(_shown)
]


class Item(BaseModel):
    """The right answer and how it was asked for. One of `reference`, `references`, `reference_set` is needed.

    Null stands for a field that is left out: a table of items has it where a row has no such field.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    spec: Spec | None = Field(None, description="What the question asks of the answer's form. Default null: nothing.")
    reference: ReferenceText | None = Field(
        None,
        description="The right answer, as text or number. The digits shown count: they set the precision asked for.",
    )
    reference_exact: Decimal | None = Field(
        None,
        max_digits=60,
        description="The value before it was rounded for display, in the unit of `reference` or as a fraction. Default "
        "null: not known.",
    )
    references: Annotated[list[ReferenceText], Field(max_length=_MAX_REFERENCES)] | None = Field(
        None, description="Further right answers: any one will do. Default null: none."
    )
    reference_set: Annotated[list[ReferenceText], Field(max_length=_MAX_REFERENCES)] | None = Field(
        None, description="Several answers that are all asked for, in any order. Default null: none."
    )
    question: str | None = Field(
        None, description="The question; read only for whether it asks for a decrease. Default null."
    )

    @model_validator(mode="after")
    def _has_reference(self) -> Self:
        if not self.reference_set:
            if self.reference is None and not self.references:
                raise ValueError("one of `reference`, `references`, `reference_set` is needed")
        elif len({reference.text for reference in self.reference_set}) < len(self.reference_set):
            raise ValueError("`reference_set` names a value twice: nobody can tell the two apart in an answer")
        return self


def grade(sample: Sample, item: Item, config: Config, results: Executions) -> Grade:
    """The grade of one answer.

    Raises:
        InvalidItem: the spec contradicts itself or the reference.
    """
    spec = _spec(item, config)
    references = _references(item, spec)
    text = text_of(sample)
    if len(text) > _MAX_TEXT:
        why = f"The output is longer than {_MAX_TEXT:,} characters."
        return Grade(config.scores.wrong, "no_answer", why, details=details_of_word(spec, "whole"))
    if item.reference_set:
        judged = judge_set(text, [_target(*named, item, spec) for named in references], spec, config)
    else:
        judged = _judge_any(text, references, item, spec, config)
    return judged if sample.output_text is not None else replace(judged, answer_span=None)


def _spec(item: Item, config: Config) -> Spec:
    spec = merged(config.spec, item.spec)
    if found := contradiction(spec):
        field, detail = found
        raise InvalidItem(f"The spec contradicts itself: {detail}.", (Fault(f"/item/spec/{field}", detail),))
    return spec


def _references(item: Item, spec: Spec) -> list[tuple[str, Reference]]:
    """The references that count, each with its field, read again if the config's language is not the item's."""
    if item.reference_set:
        named = [(f"reference_set/{index}", reference) for index, reference in enumerate(item.reference_set)]
    else:
        named = [("reference", item.reference)] if item.reference else []
        if item.references:
            named += [(f"references/{index}", reference) for index, reference in enumerate(item.references)]
    if spec is item.spec or spec.comma_is_decimal == (item.spec is not None and item.spec.comma_is_decimal):
        return named
    return [(field, _read_again(field, reference.text, spec)) for field, reference in named]


def _read_again(field: str, text: str, spec: Spec) -> Reference:
    try:
        return read_reference(text, spec.comma_is_decimal)
    except ValueError as error:
        raise _invalid(field, str(error)) from error


def _target(field: str, reference: Reference, item: Item, spec: Spec) -> Target:
    if reference.quantity is None:
        raise _invalid(field, "yes or no cannot be part of a `reference_set`: ask for one of them alone")
    exact = item.reference_exact if field == "reference" else None
    try:
        return target_of(reference.text, reference.quantity, spec, item.question, exact)
    except ReferenceFault as error:
        raise _invalid(field if error.field == "reference" else error.field, str(error)) from error


def _invalid(field: str, detail: str) -> InvalidItem:
    return InvalidItem(f"The item has no usable answer: {detail}.", (Fault(f"/item/{field}", detail),))


def _judge_any(text: str, references: list[tuple[str, Reference]], item: Item, spec: Spec, config: Config) -> Grade:
    """The best grade that any of the references gives."""
    numbers = [_target(field, reference, item, spec) for field, reference in references if reference.quantity]
    if len(numbers) == len(references):
        return judge_any(text, numbers, spec, config)
    grades = [
        judge_word(text, reference.text, reference.word, spec, config) for _, reference in references if reference.word
    ]
    if numbers:
        grades.append(judge_any(text, numbers, spec, config))
    return max(grades, key=lambda judged: judged.reward)
