"""What a moderation report says. A number that is undefined is null, and `undefined` says why, by JSON pointer."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from evaluations.answers import BaselineAnswer, CountsAnswer, IntervalAnswer, LabelAnswer, Notice, ScoreAnswer

Share = float | None
PredictedPositiveRate = Annotated[
    Share, Field(description="Share of flagged samples among those that could be read and do not abstain; null: none.")
]


class Block(ScoreAnswer):
    """Precision, recall and F of one average."""

    wilson: IntervalAnswer | None = Field(
        description="Of F1, for one yes or no per sample, where samples are independent: one rollout per item."
    )
    jackknife: IntervalAnswer | None = Field(description="Of F, by items: it holds with several rollouts per item.")
    bootstrap: IntervalAnswer | None = Field(description="Of F, by items, if it was asked for.")


class SamplesBlock(Block):
    """The mean of the samples' own scores."""

    empty_samples: int = Field(
        description="Samples with nothing to name and nothing named: 0/0. With zero_division 1 each of them counts 1."
    )


class FlagBlock(Block):
    """Is anything flagged? One decision per sample."""

    counts: CountsAnswer
    baselines: list[BaselineAnswer] = Field(description="What flagging always and never would score.")


class LabelRow(LabelAnswer):
    """One label against the rest, over the samples where it was looked for."""

    predicted: int = Field(description="Samples that name the label.")
    invalid: int = Field(description="Of `fn`: outputs that could not be read.")


class Stretch(BaseModel):
    """Some of the samples, for curves and for drift."""

    n: int = Field(description="How many there are, with those that abstain or could not be read.")
    f: float | None = Field(description="Micro F, or in mode flag the F of the flag.")
    positives: int = Field(description="True labels; in mode flag samples to be flagged.")
    parse_fail_rate: Share = Field(description="Share of samples whose output could not be read; null: there are none.")
    coverage: Share = Field(description="Share of samples that do not abstain; null: there are none.")
    predicted_positive_rate: PredictedPositiveRate


class Window(Stretch):
    """So many samples in the order in which they were graded."""

    first_step: int | None = Field(description="The least step of its samples; null: none of them names one.")
    last_step: int | None = Field(description="The greatest step of its samples; null: none of them names one.")
    interval: IntervalAnswer | None = Field(
        description="Of F: Wilson's for independent samples of one flag at beta 1, else a jackknife over items."
    )


class Step(Stretch):
    """The samples of one policy update."""

    step: int | None = Field(description="The policy update; null: the caller did not say.")


class UnknownName(BaseModel):
    """A label that was predicted and is none of the taxonomy."""

    name: str = Field(
        description="The name as labels are compared: without case, one blank for a gap, cut where it is long."
    )
    samples: int = Field(description="How many samples named it.")


class ModerationReport(BaseModel):
    """One grader id, digest, taxonomy and mode; nothing is pooled over these."""

    grader: str = Field(description="Id of the grader or recipe that was called.")
    digest: str = Field(description="sha256 of what decides the reward: equal digests, comparable rewards.")
    taxonomy_hash: str = Field(description="Tells taxonomies apart: counts of two must not be added.")
    mode: Literal["set", "class", "flag"] = Field(
        description="`set`: any number of labels per sample; `class`: exactly one; `flag`: only whether anything is "
        "flagged."
    )
    labels: list[str] = Field(description="Those that somebody looked for.")
    n: int = Field(description="Grades that count: per step, item and rollout the last one.")
    superseded: int = Field(description="Of this grader id and digest: grades that a later one replaced.")
    unscored: dict[str, int] = Field(description="Of this grader id and digest: samples without a grade, by code.")
    parse_failed: int = Field(description="Samples whose output could not be read.")
    parse_fail_rate: Share = Field(description="Of all: read no F without it, macro does not see failures.")
    parse_errors: dict[str, int] = Field(description="Of `parse_failed`: samples per code that says why.")
    abstained: int = Field(description="They count nowhere below.")
    coverage: Share = Field(description="Share that does not abstain: no F without it.")
    predicted_positive_rate: PredictedPositiveRate
    counts: CountsAnswer = Field(description="In cells, sample and label; in mode flag one cell per sample.")
    micro: Block | None = Field(
        description="Of all `counts` together. Null, as the averages below: mode flag, or all samples abstain."
    )
    macro: Block | None = Field(description="Over all `labels`; one that never occurs counts as 0/0.")
    macro_supported: float | None = Field(description="Macro F over the labels that truly occur.")
    weighted: Block | None = Field(description="The mean of the labels' scores, weighted by their `support`.")
    samples: SamplesBlock | None = Field(description="The mean of the samples' own scores.")
    per_label: list[LabelRow] = Field(description="One per label, in the order of `labels`; empty in mode flag.")
    baselines: list[BaselineAnswer] = Field(description="By micro average.")
    flag: FlagBlock | None = Field(description="Is anything flagged? Null: mode class, or all samples abstain.")
    unknown_names: list[UnknownName] = Field(description="What was named and is no label, the ten most frequent.")
    steps: list[Step] = Field(description="In order; samples of no step come last.")
    windows: list[Window] = Field(description="The last of `window` samples each, up to 20, the newest last.")
    alarms: list[Notice] = Field(description="What the newest window shows of drift against all before it.")
    f_ref: float | None = Field(description="The one that the newest sample was graded with.")
    suggested_f_ref: float | None = Field(
        description="F of the newest window if that has 50 positives, else of all: pin it in the next config."
    )
    undefined: dict[str, str] = Field(
        description="Why a number of this report is null: JSON pointer to reason. Not inside of steps, windows and "
        "baselines, where an F is null if it is 0/0."
    )


class RunModeration(BaseModel):
    """F1 of one training run, with the conventions that decided the numbers."""

    run: str = Field(description="The training run, as `run.id` named it.")
    beta: float | Literal["inf"] = Field(description="Weight of recall against precision; `inf`: recall alone.")
    zero_division: Literal[0, 1, "nan"] = Field(description="What 0/0 is; nan leaves it out of averages.")
    level: float = Field(description="Confidence of the intervals.")
    window: int = Field(description="Samples per window.")
    reports: list[ModerationReport] = Field(description="One per grader id, digest, taxonomy and mode.")
