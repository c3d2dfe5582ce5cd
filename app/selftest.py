"""Every version proves itself at the start on its first case; one that fails is not served, and `/readyz` says so."""

from typing import Protocol

from app.admission.claim import Claim
from app.auth import LOCAL
from app.jobs import Job, Outcome
from graders.errors import Unscored
from graders.proof import call_of, mismatch
from graders.registry import ConfigInForce, Registry
from graders.version import Version


class Judges(Protocol):
    async def __call__(self, job: Job, claim: Claim) -> list[Outcome]: ...


async def withdraw_the_unfit(registry: Registry, judges: Judges, deadline_s: float) -> None:
    """Runs the first case of every version in a worker, and withdraws those that make something else of it."""
    claim = Claim.within(deadline_s, LOCAL)
    for grader in list(registry):
        version = grader.version
        if grader.recipe is None and version.cases:
            difference = await _difference(version, judges, claim)
            if difference:
                registry.withdraw(grader.id, f"Fails its self-test: {difference}")


async def _difference(version: Version, judges: Judges, claim: Claim) -> str | None:
    case = version.cases[0]
    try:
        config = ConfigInForce.of(case.config, version)
    except Unscored as error:
        return mismatch(version, case, error)
    [outcome] = await judges(Job(version, config, [call_of(case)]), claim)
    if isinstance(outcome, Unscored) or not isinstance(outcome, Exception):
        return mismatch(version, case, outcome)
    return outcome.detail
