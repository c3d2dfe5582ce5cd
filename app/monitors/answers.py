"""What the reports of runs look like, as JSON and in the terminal."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Share = Annotated[float, Field(ge=0, le=1)]


class Numbers(BaseModel):
    """How numbers are spread."""

    mean: float
    sd: float | None = Field(description="Sample standard deviation (ddof 1); null for a single number.")
    least: float
    greatest: float
    p5: float = Field(description="Quantile, by linear interpolation, as are the others.")
    p25: float
    p50: float
    p75: float
    p95: float


class SubReward(BaseModel):
    count: int = Field(description="Grades that have it.")
    mean: float
    sd: float | None


class Answers(BaseModel):
    """What graders read out of the samples."""

    answered: int = Field(description="Grades for which an answer was found.")
    distinct: int
    most_common: int = Field(description="How many grades share the most frequent answer.")
    most_common_share: Share = Field(description="The same as a share of `answered`.")
    example: str | None = Field(description="A record with the most frequent answer.")
    same_groups: int = Field(description="Groups in which all answers are the same.")
    same_share: Share | None = Field(description="The same as a share of `groups`; null: there are none.")


class Tools(BaseModel):
    """Tool calls, where the samples carry them."""

    samples: int = Field(description="Samples that carry tool calls.")
    calls: int
    repeats: int = Field(description="Calls that repeat an earlier one of the same sample, arguments and all.")
    calls_per_sample: float
    repeat_share: Share


class Counts(BaseModel):
    """What is counted over a step, or over all steps."""

    graded: int = Field(description="Grades that count: per step, item and rollout the last one.")
    superseded: int = Field(description="Grades that a later one of the same step, item and rollout replaced.")
    unscored: dict[str, int] = Field(description="Samples without a grade, per last error's code; outside every mean.")
    unscored_share: Share | None = Field(description="Of all samples; null: there are none.")
    verdicts: dict[str, int]
    at_max_share: Share | None = Field(
        description="Share of grades exactly at the greatest reward of the grader (of the run, if the grader is gone)."
    )
    groups: int = Field(description="Groups (items, where no group is named) with two grades or more.")
    zero_variance_groups: int = Field(description="Groups whose rewards are all the same: they give no gradient.")
    zero_variance_share: Share | None = Field(description="The same as a share of `groups`.")
    sub_rewards: dict[str, SubReward]
    tools: Tools | None = Field(description="Null: no sample carries tool calls.")


class Step(Counts):
    """One policy update as one grader saw it."""

    step: int | None = Field(description="Null: the caller did not say.")
    reward: Numbers | None = Field(description="Null: nothing was graded.")
    answers: Answers
    duration_ms: Numbers | None = Field(description="Time that a grade took.")
    sample_bytes: Numbers | None = Field(description="Size of the samples as JSON.")
    answer_chars: Numbers | None = Field(description="Length of the answers that were found.")
    first_us: int = Field(description="When its first record was made, microseconds since the epoch, UTC.")
    last_us: int


class Total(Counts):
    """All steps together."""

    steps: int = Field(description="Those that the caller named; grades of no step are in the other figures.")
    mean_reward: float | None
    sd_reward: float | None
    least_reward: float | None
    greatest_reward: float | None


class LookAt(BaseModel):
    """Parameters of `GET /v1/grades` that show what a finding is about."""

    run: str
    grader: str
    step: int | None = None
    verdict: str | None = None
    code: str | None = None
    scored: bool | None = None
    min_reward: float | None = None
    max_reward: float | None = None


class Finding(BaseModel):
    """Something in a run that a person should look at."""

    code: str = Field(description="Which monitor says so.")
    severity: Literal["warning", "notice"]
    title: str
    detail: str = Field(description="What was seen, against what, and what to look at.")
    from_step: int | None = Field(description="The steps that it is about.")
    to_step: int | None
    value: float = Field(description="What was measured.")
    limit: float = Field(description="From where on it is a finding.")
    look_at: LookAt


class GraderMonitor(BaseModel):
    """A run as one grader id and digest saw it. Nothing is pooled over graders."""

    grader: str
    digest: str
    reward_range: tuple[float, float] | None = Field(
        description="Least and greatest reward that the grader declares; in groups, where some of these rewards are "
        "beyond those of a sample alone. Null: the grader is gone."
    )
    findings: list[Finding] = Field(description="Warnings first.")
    total: Total
    steps: list[Step] = Field(
        description="In order; a step that the caller did not name is the last. Evenly chosen where there are more "
        "than `points`: the first and the last are always among them."
    )


class RunMonitor(BaseModel):
    """A training run, step by step, and what its monitors found."""

    run: str
    caller: str
    records: int = Field(description="All its rows now: grades, superseded ones and unscored ones.")
    counted: int = Field(description="How many of them this report has.")
    complete: bool = Field(description="False: it is being counted, ask again.")
    graders: list[GraderMonitor]


class Side(BaseModel):
    """One of two runs that are compared."""

    run: str
    digest: str = Field(
        description="Of several, the one that has grades in both runs, else the one with the most grades."
    )
    total: Total
    other_grades: int = Field(description="Grades by this grader with other digests: they are left out.")


class Difference(BaseModel):
    """B less A, of two means, as Welch has it."""

    difference: float
    low: float | None = Field(description="95 % interval; null: a side has fewer than two grades.")
    high: float | None


class ComparedStep(BaseModel):
    """The same step of both runs; null: the run has none, or no grade in it."""

    step: int | None
    a: float | None = Field(description="Mean reward.")
    b: float | None


class ComparedVerdict(BaseModel):
    verdict: str
    a: Share
    b: Share


class GraderComparison(BaseModel):
    """Two runs as one grader id saw them."""

    grader: str
    same_digest: bool = Field(description="False: another version of the grader judged B, so rewards may differ by it.")
    a: Side
    b: Side
    mean_reward: Difference | None = Field(
        description="Over all grades. The rollouts of an item are alike, so the interval is narrower than the truth; "
        "POST /v1/evaluations/compare-runs compares item by item."
    )
    verdicts: list[ComparedVerdict]
    steps: list[ComparedStep]


class RunComparison(BaseModel):
    """Two runs beside each other, per grader id that judged both."""

    a: str
    b: str
    complete: bool = Field(description="False: not all records are counted yet, ask again.")
    graders: list[GraderComparison]
    only_a: list[str] = Field(description="Graders that judged only A.")
    only_b: list[str]
