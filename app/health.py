"""Is the service alive, and can it grade? Both answers are given on the API's port and on the metrics port."""

from typing import Literal, Protocol

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.contracts.wire import OPEN, declared
from app.drain import Drain
from app.errors import LedgerUnavailable
from app.ledger import Ledger, SpoolCondition
from app.programs import Programs, SandboxState
from app.workers import Workers
from graders.registry import Registry

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = Field("ok", description="The event loop answers; whether it can grade, `/readyz` says.")


class SpoolReadiness(BaseModel):
    """Where grades are recorded while the database is away."""

    state: SpoolCondition = Field(
        description="`empty`; `spooling`: the database is away and records are kept here; `draining`: it is back and "
        "they follow; `full`: grades are refused; `ephemeral`: it would end with the container, so without the "
        "database grades are refused; `off`: there is none."
    )
    records: int = Field(description="Records that wait for the database.")
    bytes: int = Field(description="Their size on disk.")
    detail: str = Field(description="Why it is `full`, `ephemeral` or `off`.")


class Readiness(BaseModel):
    """What the service stands on. `ready` asks for a worker to judge, and for a database or a spool to record."""

    ready: bool = Field(description="Whether samples can be graded now; false is answered with 503.")
    stopping: bool = Field(description="Whether the service was asked to stop. Then it is not ready.")
    workers: int = Field(description="Processes that can judge now. Without one the service is not ready.")
    database: str = Field(description="`ok`, or what is wrong.")
    spool: SpoolReadiness
    redis: str = Field(description="`ok`, `not configured`, or what is wrong: then limits are each replica's share.")
    sandbox: SandboxState
    unhealthy_graders: dict[str, str] = Field(description="Graders that were found but are not served, and why.")


class Limits(Protocol):
    @property
    def redis(self) -> str: ...


class Health:
    """Asks the parts how they are."""

    def __init__(
        self,
        ledger: Ledger,
        registry: Registry,
        workers: Workers,
        programs: Programs,
        limits: Limits,
        drain: Drain,
    ) -> None:
        self._ledger = ledger
        self._workers = workers
        self._registry = registry
        self._programs = programs
        self._limits = limits
        self._drain = drain

    async def readiness(self) -> Readiness:
        """The state of every part, asked now."""
        database = await self._database()
        spool = self._ledger.spool_state
        return Readiness(
            ready=(database == "ok" or spool.takes_records) and self._workers.alive > 0 and not self._drain.is_leaving,
            stopping=self._drain.is_leaving,
            workers=self._workers.alive,
            database=database,
            spool=SpoolReadiness(state=spool.state, records=spool.records, bytes=spool.size_bytes, detail=spool.detail),
            redis=self._limits.redis,
            sandbox=self._programs.state,
            unhealthy_graders=self._registry.unhealthy,
        )

    async def _database(self) -> str:
        if self._drain.is_leaving:
            return "not asked: the service is stopping"
        try:
            await self._ledger.check()
        except LedgerUnavailable as error:
            return error.detail
        return "ok"


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", response_model=Alive, responses=declared(*OPEN))
async def healthz() -> Alive:
    """Alive: the event loop answers."""
    return Alive()


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", response_model=Readiness, responses={**declared(*OPEN), 503: {"model": Readiness}})
async def readyz(request: Request, response: Response) -> Readiness:
    """Ready to grade, or what is wrong."""
    health: Health = request.app.state.health
    state = await health.readiness()
    response.status_code = 200 if state.ready else 503
    return state
