"""Cases are judged like samples, in a worker that is stopped when a judgement takes too long."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from app.admission.claim import Claim
from app.auth import LOCAL
from app.errors import ServiceError
from app.jobs import Job
from app.metrics import Metrics
from app.settings import Settings
from app.workers import Workers
from graders.calls import Outcome
from graders.cases import Case
from graders.errors import Unscored
from graders.proof import call_of, unexecuted
from graders.registry import ConfigInForce
from graders.version import Version

# Beyond the time of a plan and a judgement, tried together and alone: for a worker to be started again, s.
_RESTART_S = 60.0
_TRIES = 4


class TakesTooLong(Unscored):
    """The plan or the judgement of a case was stopped."""


class CaseJudge(Protocol):
    async def __call__(self, version: Version, case: Case, *, is_plan: bool) -> Outcome: ...


@asynccontextmanager
async def case_judge(chosen: Settings, without: Collection[str]) -> AsyncIterator[CaseJudge]:
    """Judges cases in a worker, which does not load the ids in `without`, or asks for their programs."""
    workers = Workers(
        1,
        meters=Metrics(),
        graders_path=chosen.graders_path,
        without=without,
        memory_mib=chosen.worker_memory_mib,
        call_timeout_s=chosen.call_timeout_s,
        judges_at_once=False,
    )

    async def judge(version: Version, case: Case, *, is_plan: bool) -> Outcome:
        try:
            config = ConfigInForce.of(case.config, version)
        except Unscored as error:
            return error
        job = Job(version, config, [call_of(case)])
        claim = Claim.within(_TRIES * chosen.call_timeout_s + _RESTART_S, LOCAL)
        [outcome] = await workers(job.planning() if is_plan else job, claim)
        if isinstance(outcome, ServiceError):
            return TakesTooLong(f"{outcome.detail} RFT_CALL_TIMEOUT_S allows {chosen.call_timeout_s:g} s.")
        return outcome

    await workers.start()
    try:
        yield judge
    finally:
        await workers.close()


async def judge_cases(version: Version, chosen: Settings, without: Collection[str] = ()) -> Mapping[str, Outcome]:
    """By name, what `version` makes of each of its cases: a grade, or why there is none. The ids in `without` are not
    loaded."""
    async with case_judge(chosen, without) as judge:
        return {case.name: await _outcome(version, case, judge) for case in version.cases}


async def _outcome(version: Version, case: Case, judge: CaseJudge) -> Outcome:
    plan = await judge(version, case, is_plan=True) if version.has_plan else []
    if not isinstance(plan, list):
        return plan
    return unexecuted(plan, case) or await judge(version, case, is_plan=False)
