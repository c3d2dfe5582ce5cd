"""`python bench/overload_policies.py POLICY`: `rft-graders serve`, with nothing but its admission replaced.

Our queue without callers, runs, priorities, deadlines and an eye for who hung up is a FIFO: so the naive policies take
those from every claim, and all else is the same.
"""

import sys
from typing import Any

import app.main
from app.admission.claim import Claim
from app.auth import Caller
from app.cli import cli
from app.errors import Overloaded
from app.jobs import Job, Outcome
from app.workers import Workers

IN_SERVICE_MAX = 64
"""Samples under the cap: four for every slot, so that no slot is ever idle."""

_EVERYBODY = Caller("everybody")
_A_DAY_S = 86_400


class Fifo(Workers):
    """First come, first served; without a limit, a deadline, or an eye for callers that hung up."""

    async def __call__(self, job: Job, claim: Claim) -> list[Outcome]:
        return await super().__call__(job, Claim.within(_A_DAY_S, _EVERYBODY))


class Cap(Fifo):
    """A FIFO that turns away at once whatever is over so many samples."""

    _in_service = 0

    async def __call__(self, job: Job, claim: Claim) -> list[Outcome]:
        if self._in_service >= IN_SERVICE_MAX:
            raise Overloaded(f"{self._in_service} samples are in the service already.")
        self._in_service += 1
        try:
            return await super().__call__(job, claim)
        finally:
            self._in_service -= 1


POLICIES: dict[str, type[Any]] = {"FIFO": Fifo, "429-only": Fifo, "cap-503": Cap, "ours": Workers}


if __name__ == "__main__":
    app.main.Workers = POLICIES[sys.argv.pop()]  # type: ignore[misc]
    sys.argv.append("serve")
    cli()
