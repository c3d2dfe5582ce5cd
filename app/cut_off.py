"""Judging and running programs, until a stopping service has no more time for them: then the samples stay unscored."""

from collections.abc import Sequence
from typing import TypeGuard

from app.admission.claim import Claim
from app.drain import Drain, cut_off
from app.errors import ShuttingDown
from app.grading import Judges, Sandbox
from app.jobs import AnyCall, Job, Outcome
from graders.api import Execution, Program
from graders.calls import Call
from graders.version import Version


class CutJudges:
    """`judges`; once the time is up, ShuttingDown is the outcome of every call."""

    __slots__ = ("_drain", "_judges", "at_once")

    def __init__(self, judges: Judges, drain: Drain) -> None:
        self._judges, self._drain = judges, drain
        # What is quick needs no time that a stopping service has not.
        self.at_once = judges.at_once

    def is_quick(self, call: AnyCall, version: Version) -> TypeGuard[Call]:
        """As the judges say; nothing is, if there is no time any more."""
        return not self._drain.is_cut and self._judges.is_quick(call, version)

    async def __call__(self, job: Job, claim: Claim) -> list[Outcome]:
        if not self._drain.is_cut:
            try:
                return await self._drain.unless_cut(self._judges(job, claim))
            except ShuttingDown:
                pass
        return [cut_off()] * len(job.calls)


class CutSandbox:
    """`sandbox`; once the time is up, programs raise ShuttingDown."""

    __slots__ = ("_drain", "_sandbox")

    def __init__(self, sandbox: Sandbox, drain: Drain) -> None:
        self._sandbox, self._drain = sandbox, drain

    async def run(self, programs: Sequence[Program], claim: Claim) -> list[Execution]:
        """As the sandbox does.

        Raises:
            ShuttingDown: the time is up.
        """
        if self._drain.is_cut:
            raise cut_off()
        return await self._drain.unless_cut(self._sandbox.run(programs, claim))
