"""What a moderation report says. A number that is undefined is null, and `undefined` says why, by JSON pointer."""

from typing import Literal

from pydantic import BaseModel, Field

from evaluations.answers import BaselineAnswer, CountsAnswer, IntervalAnswer, LabelAnswer, Notice, ScoreAnswer

Share = float | None


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
    baselines: list[BaselineAnswer]


class LabelRow(LabelAnswer):
    """One label against the rest, over the samples where it was looked for."""

    predicted: int = Field(description="Samples that name the label.")
    invalid: int = Field(description="Of `fn`: outputs that could not be read.")


class Stretch(BaseModel):
    """Some of the samples, for curves and for drift."""

    n: int
    f: float | None = Field(description="Micro F, or in mode flag the F of the flag.")
    positives: int = Field(description="True labels; in mode flag samples to be flagged.")
    parse_fail_rate: Share
    coverage: Share
    predicted_positive_rate: Share = Field(description="Share of flagged samples among those that could be read.")


class Window(Stretch):
    """So many samples in the order in which they were graded."""

    first_step: int | None
    last_step: int | None
    interval: IntervalAnswer | None = Field(description="Of F, by items.")


class Step(Stretch):
    """The samples of one policy update."""

    step: int | None


class UnknownName(BaseModel):
    name: str
    samples: int


class ModerationReport(BaseModel):
    """One grader id, digest, taxonomy and mode; nothing is pooled over these."""

    grader: str
    digest: str
    taxonomy_hash: str
    mode: Literal["set", "class", "flag"]
    labels: list[str] = Field(description="Those that somebody looked for.")
    n: int = Field(description="Grades that count: per step, item and rollout the last one.")
    superseded: int = Field(description="Of this grader id and digest: grades that a later one replaced.")
    unscored: dict[str, int] = Field(description="Of this grader id and digest: samples without a grade, by code.")
    parse_failed: int
    parse_fail_rate: Share = Field(description="Of all: read no F without it, macro does not see failures.")
    parse_errors: dict[str, int]
    abstained: int = Field(description="They count nowhere below.")
    coverage: Share = Field(description="Share that does not abstain: no F without it.")
    predicted_positive_rate: Share
    counts: CountsAnswer = Field(description="In cells, sample and label; in mode flag one cell per sample.")
    micro: Block | None
    macro: Block | None = Field(description="Over all `labels`; one that never occurs counts as 0/0.")
    macro_supported: float | None = Field(description="Macro F over the labels that truly occur.")
    weighted: Block | None
    samples: SamplesBlock | None
    per_label: list[LabelRow]
    baselines: list[BaselineAnswer] = Field(description="By micro average.")
    flag: FlagBlock | None
    unknown_names: list[UnknownName] = Field(description="What was named and is no label, the ten most frequent.")
    steps: list[Step]
    windows: list[Window] = Field(description="The last of `window` samples each, up to 20, the newest last.")
    alarms: list[Notice] = Field(description="What the newest window shows of drift against all before it.")
    f_ref: float | None = Field(description="The one that the newest sample was graded with.")
    suggested_f_ref: float | None = Field(
        description="F of the newest window if that has 50 positives, else of all: pin it in the next config."
    )
    undefined: dict[str, str] = Field(description="Why a number of this report is null: JSON pointer to reason.")


class RunModeration(BaseModel):
    """F1 of one training run, with the conventions that decided the numbers."""

    run: str
    beta: float | Literal["inf"]
    zero_division: Literal[0, 1, "nan"]
    level: float
    window: int
    reports: list[ModerationReport]
