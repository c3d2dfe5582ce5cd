"""What an evaluation answers. A number that is undefined is null, and `undefined` says why, by JSON pointer."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from evaluations.requests import Average, Beta, Kind, Label, Unknown, ZeroDivision

Number = float | None


class IntervalAnswer(BaseModel):
    """Where the true value lies with the asked confidence."""

    method: Literal["wilson_indirect", "bootstrap", "jackknife"] = Field(
        description="`wilson_indirect`: a formula for F1 of one yes or no per row, rows independent; `bootstrap`: "
        "percentiles of the values of resampled units; `jackknife`: from what each left-out unit changes."
    )
    level: float = Field(description="The confidence, between 0 and 1, as it was asked for.")
    low: float = Field(description="Lower end.")
    high: float = Field(description="Upper end.")
    standard_error: float = Field(description="Of the value that the interval is about.")
    resamples: int | None = Field(None, description="Of a bootstrap: those whose value was defined.")
    units: int | None = Field(
        None,
        description="Of a bootstrap or jackknife: what is drawn or left out at a time: rows, groups, or of a "
        "moderation report items (of more than 200, that many lots of them).",
    )
    seed: int | None = Field(None, description="Of a bootstrap: the same seed, the same interval.")


class ScoreAnswer(BaseModel):
    precision: Number = Field(
        description='Of what is predicted, the share that is true. Null: it is 0/0 and zero_division "nan", or average '
        "is none."
    )
    recall: Number = Field(description="Of what is true, the share that is predicted. Null: as for `precision`.")
    f: Number = Field(description="Both in one number, recall weighted by `beta`. Null: as for `precision`.")


class LabelAnswer(ScoreAnswer):
    """One label against the rest, over the rows where it is known."""

    label: Label = Field(description="Its name.")
    tp: int = Field(description="Rows that have the label and are predicted to.")
    fp: int = Field(description="Rows that do not have the label and are predicted to.")
    fn: int = Field(description="Rows that have the label and are not predicted to.")
    tn: int = Field(
        description="Rows that neither have the label nor are predicted to; what could not be read is none."
    )
    support: int = Field(description="Rows that truly have the label.")
    interval: IntervalAnswer | None = Field(description="Of F1; null if beta is not 1 or F1 is 0/0.")


class CountsAnswer(BaseModel):
    """The table behind the headline: of the positive label for `binary`, else of all labels together."""

    tp: int = Field(description="Cells (a row and a label) that are true and predicted.")
    fp: int = Field(
        description="Cells that are predicted and not true. Of several labels with unknown and unread predictions, "
        "which no label's table shows."
    )
    fn: int = Field(description="Cells that are true and not predicted.")
    tn: int = Field(description="Cells that are neither true nor predicted; what could not be read has none.")
    unknown: int = Field(description="Predicted labels that are not declared; distinct ones of a row.")
    invalid: int = Field(description="Predictions that were null: wrong once.")


class BaselineAnswer(ScoreAnswer):
    """What a system scores that looks at nothing."""

    name: Literal["always_positive", "never_positive", "majority_class", "all_labels", "no_label"] = Field(
        description="What it does: for `binary` and flag it says always or never yes, for multiclass the label with the"
        " most true rows, for multilabel all labels or none."
    )
    prediction: Label | None = Field(None, description="The label that it always predicts, where it is one.")


class Notice(BaseModel):
    """Something that is easily overlooked in reading the numbers."""

    code: str = Field(description="What it is about, in one word; stable.")
    detail: str = Field(description="The same in a sentence, with its numbers.")


class ConventionsAnswer(BaseModel):
    """What decided the number, defaults filled in."""

    kind: Kind
    labels: list[Label] = Field(
        description="The labels that were evaluated: as declared, else those that occur, sorted; for flag `flagged`."
    )
    average: Average = Field(description="How labels become one number; `none`: not at all.")
    beta: Beta
    zero_division: ZeroDivision
    unknown: Unknown
    pos_label: Label | None = Field(description="The positive one of two binary labels; null: there is none.")


Rows = Annotated[int, Field(description="How many rows were evaluated.")]
HeadlineInterval = Annotated[
    IntervalAnswer | None, Field(description="Wilson interval of F1, where the headline is one yes or no.")
]
Warnings = Annotated[list[Notice], Field(description="What is easily overlooked in reading these numbers.")]
Undefined = Annotated[
    dict[str, str],
    Field(
        description="Why a number of this answer is null: JSON pointer to reason. Not of those whose own words say it."
    ),
]


class F1Answer(ConventionsAnswer, ScoreAnswer):
    """Scores of one system."""

    rows: Rows
    support: int = Field(description="True labels that the headline stands on.")
    counts: CountsAnswer
    per_label: list[LabelAnswer] = Field(description="One per label, in the order of `labels`.")
    macro_supported: Number = Field(
        None, description="With average macro: the mean F of the labels that truly occur; others pull macro to 0/0."
    )
    interval: HeadlineInterval
    bootstrap: IntervalAnswer | None = Field(description="Of F, if it was asked for.")
    baselines: list[BaselineAnswer] = Field(description="What trivial systems score on the same rows.")
    warnings: Warnings
    undefined: Undefined


class SideAnswer(ScoreAnswer):
    """One system of a comparison."""

    name: str = Field(description="As it was sent; of a run its name.")
    version: str | None = Field(
        description="What judged or labelled it, as it was sent; of a run its digest, taxonomy and mode. Null: not "
        "said."
    )
    counts: CountsAnswer
    interval: HeadlineInterval


class RandomizationAnswer(BaseModel):
    """Paired approximate randomization of F, two-sided."""

    p: float = Field(
        description="How often a difference at least as large arises by chance, if A and B are equally good; never 0."
    )
    swaps: int = Field(description="How often A and B were swapped at random.")
    seed: int = Field(description="The same seed, the same p.")


class McnemarAnswer(BaseModel):
    """Rows on which one system is entirely right and the other is not; exact, two-sided. Rows count as independent."""

    p: float = Field(
        description="How probable a split as uneven as that of `a_only` and `b_only` is, if A and B are equally good."
    )
    a_only: int = Field(description="A right, B wrong.")
    b_only: int = Field(description="B right, A wrong.")
    both_right: int = Field(description="Rows on which both are entirely right.")
    both_wrong: int = Field(description="Rows on which neither is entirely right.")


class UnpairedAnswer(BaseModel):
    """What the same scores of two different samples would say, two-sided."""

    z: float = Field(description="F1 of B less F1 of A, in standard errors.")
    p: float = Field(description="How probable a difference at least as large is, if A and B are equally good.")


class CompareAnswer(ConventionsAnswer):
    """B against A."""

    rows: Rows
    units: int = Field(description="Independent units: groups, or rows where there are none.")
    support: int = Field(description="True labels that the headline stands on, the same for A and B.")
    a: SideAnswer = Field(description="The system that was there before.")
    b: SideAnswer = Field(description="The system that may be better.")
    difference: Number = Field(description="F of B minus F of A.")
    verdict: Literal["improved", "regressed", "not_distinguishable"] = Field(
        description="By the randomization test at 1 - level."
    )
    randomization: RandomizationAnswer
    bootstrap: IntervalAnswer | None = Field(description="Of the difference, units drawn in pairs.")
    mcnemar: McnemarAnswer
    unpaired: UnpairedAnswer | None = Field(description="Null: not asked for, or it says nothing here: `undefined`.")
    needed_positives: int | None = Field(
        description="True labels at which a difference of this size is found in 80 of 100 comparisons like this one."
    )
    warnings: Warnings
    undefined: Undefined
