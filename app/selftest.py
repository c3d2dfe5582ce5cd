"""Every version proves itself at the start on its cases; one that fails is not served, and `/readyz` says so."""

import time
from typing import Protocol

from app.admission.claim import Claim
from app.auth import LOCAL
from app.jobs import Job, Outcome
from graders.cases import Case
from graders.errors import Unscored
from graders.proof import call_of, mismatch
from graders.registry import ConfigInForce, Registry
from graders.version import Version


class Judges(Protocol):
    async def __call__(self, job: Job, claim: Claim) -> list[Outcome]: ...


async def withdraw_the_unfit(registry: Registry, judges: Judges, deadline_s: float) -> None:
    """Runs the cases of every version as a caller's would run, and withdraws those that make something else of one.

    Another machine or another Python can change what a grader makes of a sample, so one case is not enough. A version
    whose cases take longer than `deadline_s` seconds is held to those that it came to by then, at least the first.
    """
    for grader in list(registry):
        version, until = grader.version, time.monotonic() + deadline_s
        for case in version.cases if grader.recipe is None else ():
            difference = await _difference(version, case, judges, Claim.within(deadline_s, LOCAL))
            if difference:
                registry.withdraw(grader.id, f"Fails its self-test: {difference}")
            if difference or time.monotonic() >= until:
                break


async def _difference(version: Version, case: Case, judges: Judges, claim: Claim) -> str | None:
    try:
        config = ConfigInForce.of(case.config, version)
    except Unscored as error:
        return mismatch(version, case, error)
    [outcome] = await judges(Job(version, config, [call_of(case)]), claim)
    if isinstance(outcome, Unscored) or not isinstance(outcome, Exception):
        return mismatch(version, case, outcome)
    return outcome.detail
