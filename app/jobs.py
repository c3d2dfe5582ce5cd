"""Calls on their way to a worker: what is asked, and what comes of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from app.admission.claim import Claim
from app.admission.ticket import Ticket
from app.errors import DeadlineExceeded, Failure, ServiceError
from app.trace import Stage
from graders.api import Credited, Program
from graders.calls import Call, Judged
from graders.group_calls import GroupCall
from graders.registry import ConfigInForce
from graders.version import Version

AnyCall = Call | GroupCall
Outcome = Judged | list[Program] | Credited | Failure


def stage_of(call: AnyCall) -> Stage:
    """What `call` is for."""
    return "plan" if isinstance(call, Call) and call.is_plan else "judge"


@dataclass(slots=True, eq=False)
class Job:
    """Calls of one version with one config."""

    version: Version
    config: ConfigInForce
    calls: Sequence[AnyCall]

    @property
    def stage(self) -> Stage:
        """What its calls are for."""
        return stage_of(self.calls[0])

    def planning(self) -> "Job":
        """The same calls, asked for their programs."""
        plans = [replace(call, is_plan=True) for call in self.calls if isinstance(call, Call)]
        return Job(self.version, self.config, plans)

    def only(self, indices: Sequence[int]) -> "Job":
        """The calls at `indices`."""
        return Job(self.version, self.config, [self.calls[index] for index in indices])

    @property
    def json(self) -> bytes:
        return b'{"grader":"%b","digest":"%b","config":%b,"calls":[%b]}' % (
            self.version.id.encode(),
            self.version.digest.encode(),
            self.config.json,
            b",".join([call.json for call in self.calls]),
        )


class Part(Ticket):
    """Calls of one job that wait together for one round trip."""

    __slots__ = ("is_alone", "job", "outcomes")

    def __init__(self, job: Job, claim: Claim, *, is_alone: bool) -> None:
        super().__init__(claim, job.version.id, len(job.calls), sum([call.size_bytes for call in job.calls]))
        self.job, self.is_alone = job, is_alone
        self.outcomes: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()

    def settle(self, outcomes: list[Outcome]) -> None:
        """Answers its calls, if nobody has."""
        if not self.outcomes.done():
            self.outcomes.set_result(outcomes)

    def drop(self, error: ServiceError) -> None:
        failed: list[Outcome] = [error] * self.samples
        self.settle(failed)

    def expire(self) -> None:
        """Its deadline has come while it was judged."""
        self.drop(DeadlineExceeded("Not judged before the deadline."))
