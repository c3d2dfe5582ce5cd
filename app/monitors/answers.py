"""What the reports of runs look like, as JSON and in the terminal."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.words import CalledId, Digest, RunId, StepNumber, VerdictCounts

Share = Annotated[float, Field(ge=0, le=1)]
StandardDeviation = Annotated[
    float | None,
    Field(description="Sample standard deviation (ddof 1); null for fewer than two numbers, or if it is not finite."),
]


class Numbers(BaseModel):
    """How numbers are spread."""

    mean: float = Field(description="Their arithmetic mean.")
    sd: StandardDeviation
    least: float = Field(description="The least of them.")
    greatest: float = Field(description="The greatest of them.")
    p5: float = Field(description="The 5 % quantile, by linear interpolation, as are the others.")
    p25: float = Field(description="The 25 % quantile.")
    p50: float = Field(description="The median.")
    p75: float = Field(description="The 75 % quantile.")
    p95: float = Field(description="The 95 % quantile.")


class SubReward(BaseModel):
    """One named part of the rewards."""

    count: int = Field(description="Grades that have it.")
    mean: float = Field(description="Its mean over these.")
    sd: StandardDeviation


class Answers(BaseModel):
    """What graders read out of the samples."""

    answered: int = Field(description="Grades for which an answer was found.")
    distinct: int = Field(description="How many different answers these are.")
    most_common: int = Field(description="How many grades share the most frequent answer.")
    most_common_share: Share = Field(description="The same as a share of `answered`.")
    example: str | None = Field(description="A record with the most frequent answer.")
    same_groups: int = Field(description="Groups in which all answers are the same.")
    same_share: Share | None = Field(description="The same as a share of `groups`; null: there are none.")


class Tools(BaseModel):
    """Tool calls, where the samples carry them."""

    samples: int = Field(description="Samples that carry tool calls.")
    calls: int = Field(description="Tool calls of all these samples.")
    repeats: int = Field(description="Calls that repeat an earlier one of the same sample, arguments and all.")
    calls_per_sample: float = Field(description="Mean number of calls of these samples.")
    repeat_share: Share = Field(description="Share of the calls that are repeats; 0 without calls.")


class Counts(BaseModel):
    """What is counted over a step, or over all steps."""

    graded: int = Field(description="Grades that count: per step, item and rollout the last one.")
    superseded: int = Field(description="Grades that a later one of the same step, item and rollout replaced.")
    unscored: dict[str, int] = Field(description="Samples without a grade, per last error's code; outside every mean.")
    unscored_share: Share | None = Field(description="Of all samples; null: there are none.")
    verdicts: VerdictCounts
    at_max_share: Share | None = Field(
        description="Share of grades exactly at the greatest reward of the grader (of the run, if the grader is gone)."
    )
    groups: int = Field(description="Groups (items, where no group is named) with two grades or more.")
    zero_variance_groups: int = Field(description="Groups whose rewards are all the same: they give no gradient.")
    zero_variance_share: Share | None = Field(description="The same as a share of `groups`.")
    sub_rewards: dict[str, SubReward] = Field(description="Of the grades that count, by name.")
    tools: Tools | None = Field(description="Null: no sample carries tool calls.")


class Step(Counts):
    """One policy update as one grader saw it."""

    step: StepNumber
    reward: Numbers | None = Field(description="Null: nothing was graded.")
    answers: Answers
    duration_ms: Numbers | None = Field(description="Time that a grade took.")
    sample_bytes: Numbers | None = Field(description="Size of the samples as JSON.")
    answer_chars: Numbers | None = Field(description="Length of the answers that were found.")
    first_us: int = Field(description="When its first record was made, microseconds since the epoch, UTC.")
    last_us: int = Field(description="When its last record was made, microseconds since the epoch, UTC.")


class Total(Counts):
    """All steps together."""

    steps: int = Field(description="Those that the caller named; grades of no step are in the other figures.")
    mean_reward: float | None = Field(description="Over the grades that count; null: nothing was graded.")
    sd_reward: StandardDeviation
    least_reward: float | None = Field(description="The least of these rewards; null: nothing was graded.")
    greatest_reward: float | None = Field(description="The greatest of these rewards; null: nothing was graded.")


class LookAt(BaseModel):
    """Parameters of `GET /v1/grades` that show what a finding is about. Null: not to be sent."""

    run: RunId
    grader: CalledId
    step: int | None = Field(None, description="Only of this policy update.")
    verdict: str | None = Field(None, description="Only grades with this verdict.")
    code: str | None = Field(None, description="Only unscored rows with this error code.")
    scored: bool | None = Field(None, description="True: only grades; false: only unscored rows.")
    min_reward: float | None = Field(None, description="Only grades of this reward or more.")
    max_reward: float | None = Field(None, description="Only grades of this reward or less.")


class Finding(BaseModel):
    """Something in a run that a person should look at."""

    code: str = Field(description="Which monitor says so.")
    severity: Literal["warning", "notice"] = Field(description="A `warning` weighs more than a `notice`.")
    title: str = Field(description="What was found, in a few words.")
    detail: str = Field(description="What was seen, against what, and what to look at.")
    from_step: int | None = Field(description="First of the steps that it is about; null: the caller named no step.")
    to_step: int | None = Field(description="Last of the steps that it is about; null: the caller named no step.")
    value: float = Field(description="What was measured.")
    limit: float = Field(description="From where on it is a finding.")
    look_at: LookAt


class GraderMonitor(BaseModel):
    """A run as one grader id and digest saw it. Nothing is pooled over graders."""

    grader: CalledId
    digest: Digest
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

    run: RunId
    caller: str = Field(description="Whose run it is.")
    records: int = Field(description="All its rows now: grades, superseded ones and unscored ones.")
    counted: int = Field(description="How many of them this report has.")
    complete: bool = Field(description="False: it is being counted, ask again.")
    graders: list[GraderMonitor] = Field(description="One per grader id and digest, sorted by these.")


class Side(BaseModel):
    """One of two runs that are compared."""

    run: RunId
    grader: CalledId
    digest: str = Field(
        description="Of several, the one that has grades in both runs, else the one with the most grades."
    )
    reward_range: tuple[float, float] | None = Field(
        description="Least and greatest reward of the grader, of its ranges the one that holds what it gave; of one "
        "that is gone, what it gave. Null: nothing was graded."
    )
    total: Total
    other_grades: int = Field(description="Grades by this grader with other digests: they are left out.")


class Difference(BaseModel):
    """B less A, of two means, as Welch has it."""

    difference: float = Field(description="Mean of B less mean of A.")
    low: float | None = Field(
        description="Lower end of the 95 % interval; null, as `high` is: a side has fewer than two grades, or no "
        "finite standard deviation."
    )
    high: float | None = Field(description="Upper end of the 95 % interval.")


class ComparedStep(BaseModel):
    """The same step of both runs; null: the run has none, or no grade in it."""

    step: StepNumber
    a: float | None = Field(description="Mean reward of A.")
    b: float | None = Field(description="Mean reward of B.")


class ComparedVerdict(BaseModel):
    """How often two runs have one verdict."""

    verdict: str = Field(description="A verdict that a grade of A or of B has.")
    a: Share | None = Field(description="Share of A's grades that have it; null: A has none.")
    b: Share | None = Field(description="Share of B's grades that have it; null: B has none.")


class GraderComparison(BaseModel):
    """Two runs as one grader id saw them, or each as the only grader saw it that gave it grades."""

    same_digest: bool = Field(
        description="False: another grader, or another version of it, judged B, so rewards may differ by that."
    )
    a: Side
    b: Side
    mean_reward: Difference | None = Field(
        description="Over all grades of each side's digest; null: a side has none. The rollouts of an item are alike, "
        "so the interval is narrower than the truth; and no sample of A is held against one of B, so of a run and "
        "itself graded again it is wider. POST /v1/evaluations/compare-runs compares moderation item by item."
    )
    verdicts: list[ComparedVerdict] = Field(description="Sorted by name.")
    steps: list[ComparedStep] = Field(
        description="In order; grades of no step come last. Evenly chosen where there are more than `points`."
    )


class RunComparison(BaseModel):
    """Two runs beside each other, per grader id that judged both; of runs with one grader each, by these."""

    a: str = Field(description="The run that was there before.")
    b: str = Field(description="The run that is held against it.")
    complete: bool = Field(description="False: not all records are counted yet, ask again.")
    graders: list[GraderComparison] = Field(
        description="One per grader id that judged both, sorted by it. Where all grades of each run are by one grader, "
        "and by another one (a run that was graded again by the next version or through a recipe), these two are held "
        "against each other, once every step has been counted."
    )
    only_a: list[str] = Field(description="Graders that judged only A, but for one that is compared.")
    only_b: list[str] = Field(description="Graders that judged only B, but for one that is compared.")
