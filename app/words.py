"""Fields that several answers have, each with the words that explain it on the OpenAPI page."""

from typing import Annotated

from pydantic import Field

RecordId = Annotated[
    str, Field(description="Id of the ledger's record: GET /v1/grades/{record} shows how it came about.")
]
CalledId = Annotated[str, Field(description="Id of the grader or recipe that was called.")]
Digest = Annotated[str, Field(description="sha256 of what decides the reward: equal digests, comparable rewards.")]

RunId = Annotated[str, Field(description="The training run, as `run.id` named it.")]
StepNumber = Annotated[
    int | None, Field(description="The policy update that the samples were drawn for; null: the caller did not say.")
]
Rollout = Annotated[
    int | None, Field(description="Which attempt at the item the sample is; null: the caller did not say.")
]

Verdict = Annotated[str, Field(description="The judgement in one word, one of the grader's `verdicts`.")]
VerdictCounts = Annotated[dict[str, int], Field(description="How many of the grades that count have each verdict.")]
DurationMs = Annotated[float, Field(description="Milliseconds from arrival to judgement; the commit is not in it.")]
