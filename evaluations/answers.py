"""What an evaluation answers. A number that is undefined is null, and `undefined` says why, by JSON pointer."""

from typing import Literal

from pydantic import BaseModel, Field

from evaluations.requests import Average, Beta, Kind, Label, ZeroDivision

Number = float | None


class IntervalAnswer(BaseModel):
    """Where the true value lies with the asked confidence."""

    method: Literal["wilson_indirect", "bootstrap", "jackknife"]
    level: float
    low: float
    high: float
    standard_error: float
    resamples: int | None = Field(None, description="Of a bootstrap: those whose value was defined.")
    units: int | None = Field(None, description="Of a bootstrap or jackknife: independent units, groups or rows.")
    seed: int | None = None


class ScoreAnswer(BaseModel):
    precision: Number
    recall: Number
    f: Number


class LabelAnswer(ScoreAnswer):
    """One label against the rest, over the rows where it is known."""

    label: Label
    tp: int
    fp: int
    fn: int
    tn: int
    support: int = Field(description="Rows that truly have the label.")
    interval: IntervalAnswer | None = Field(description="Of F1; null if beta is not 1 or F1 is 0/0.")


class CountsAnswer(BaseModel):
    """The table behind the headline: of the positive label for `binary`, else of all labels together."""

    tp: int
    fp: int = Field(description="With unknown and unread predictions, which no label's table shows.")
    fn: int
    tn: int
    unknown: int = Field(description="Predicted labels that are not declared; distinct ones of a row.")
    invalid: int = Field(description="Predictions that were null: wrong once.")


class BaselineAnswer(ScoreAnswer):
    """What a system scores that looks at nothing."""

    name: Literal["always_positive", "never_positive", "majority_class", "all_labels", "no_label"]
    prediction: Label | None = Field(None, description="The label that it always predicts, where it is one.")


class Notice(BaseModel):
    """Something that is easily overlooked in reading the numbers."""

    code: str
    detail: str


class ConventionsAnswer(BaseModel):
    """What decided the number, defaults filled in."""

    kind: Kind
    labels: list[Label]
    average: Average
    beta: Beta
    zero_division: ZeroDivision
    unknown: Literal["fp", "drop", "error"]
    pos_label: Label | None


class F1Answer(ConventionsAnswer, ScoreAnswer):
    """Scores of one system."""

    rows: int
    support: int = Field(description="True labels that the headline stands on; rows for `samples`.")
    counts: CountsAnswer
    per_label: list[LabelAnswer]
    macro_supported: Number = Field(
        None, description="With average macro: the mean F of the labels that truly occur; others pull macro to 0/0."
    )
    interval: IntervalAnswer | None = Field(description="Wilson interval of F1, where the headline is one yes or no.")
    bootstrap: IntervalAnswer | None = Field(description="Of F, if it was asked for.")
    baselines: list[BaselineAnswer]
    warnings: list[Notice]
    undefined: dict[str, str] = Field(description="Why a number of this answer is null: JSON pointer to reason.")


class SideAnswer(ScoreAnswer):
    """One system of a comparison."""

    name: str
    version: str | None
    counts: CountsAnswer
    interval: IntervalAnswer | None


class RandomizationAnswer(BaseModel):
    """Paired approximate randomization of F, two-sided."""

    p: float
    swaps: int
    seed: int


class McnemarAnswer(BaseModel):
    """Rows on which one system is entirely right and the other is not; exact, two-sided. Rows count as independent."""

    p: float
    a_only: int = Field(description="A right, B wrong.")
    b_only: int = Field(description="B right, A wrong.")
    both_right: int
    both_wrong: int


class UnpairedAnswer(BaseModel):
    """What the same scores of two different samples would say, two-sided."""

    z: float
    p: float


class CompareAnswer(ConventionsAnswer):
    """B against A."""

    rows: int
    units: int = Field(description="Independent units: groups, or rows where there are none.")
    support: int
    a: SideAnswer
    b: SideAnswer
    difference: Number = Field(description="F of B minus F of A.")
    verdict: Literal["improved", "regressed", "not_distinguishable"] = Field(
        description="By the randomization test at 1 - level."
    )
    randomization: RandomizationAnswer
    bootstrap: IntervalAnswer | None = Field(description="Of the difference, units drawn in pairs.")
    mcnemar: McnemarAnswer
    unpaired: UnpairedAnswer | None
    needed_positives: int | None = Field(
        description="True labels at which a difference of this size is found in 80 of 100 comparisons like this one."
    )
    warnings: list[Notice]
    undefined: dict[str, str]
