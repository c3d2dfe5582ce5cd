"""Every version proves itself at the start on its cases; one that fails is not served, and `/readyz` says so."""

import time
from typing import Protocol

from app.admission.claim import Claim
from app.auth import LOCAL
from app.errors import NEVER_BEGUN
from app.jobs import Job, Outcome
from graders.cases import Case
from graders.errors import Unscored
from graders.proof import call_of, mismatch, unexecuted
from graders.registry import ConfigInForce, Registry
from graders.version import Version


class Judges(Protocol):
    async def __call__(self, job: Job, claim: Claim) -> list[Outcome]: ...


async def withdraw_the_unfit(registry: Registry, judges: Judges, deadline_s: float) -> None:
    """Runs the cases of every version as a caller's would run, and withdraws those that make something else of one.

    Another machine or another Python can change what a grader makes of a sample, so one case is not enough. When all
    that has taken `deadline_s` seconds, versions are held to their first case alone. A released version without any is
    withdrawn too.
    """
    until = time.monotonic() + deadline_s
    for grader in list(registry):
        version = grader.version
        if version.released and not version.cases:
            registry.withdraw(version.id, _UNPROVEN.format(version.id, version.folder / "cases.toml"))
            continue
        for case in version.cases if grader.recipe is None else ():
            difference = await _difference(version, case, judges, Claim.within(deadline_s, LOCAL))
            if difference:
                registry.withdraw(grader.id, f"Fails its self-test: {difference}")
            if difference or time.monotonic() >= until:
                break


# Nothing is released without a case, so an installation has lost the file, and maybe more.
_UNPROVEN = "{} is released, and nothing proves it here: bring {} back, or its cases of this version."


async def _difference(version: Version, case: Case, judges: Judges, claim: Claim) -> str | None:
    """In what the version differs from the case; None, too, if others have left no room for it in the workers."""
    try:
        config = ConfigInForce.of(case.config, version)
    except Unscored as error:
        return mismatch(version, case, error)
    job = Job(version, config, [call_of(case)])
    outcome: Outcome = []
    if version.has_plan:
        [outcome] = await judges(job.planning(), claim)
    if isinstance(outcome, list):
        unfit = unexecuted(outcome, case)
        [outcome] = [unfit] if unfit else await judges(job, claim)
    if isinstance(outcome, Unscored) or not isinstance(outcome, Exception):
        return mismatch(version, case, outcome)
    return None if isinstance(outcome, NEVER_BEGUN) else outcome.detail
