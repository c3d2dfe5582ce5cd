"""Builds the parts and joins them: the only module that knows every other."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute

from app import health, openapi
from app.admission.fair_queue import Bounds
from app.admission.rates import RateLimits, Rates
from app.auth import ANONYMOUS, LOCAL, Caller
from app.border import Border
from app.catalogue import Catalogue
from app.contracts import azure, catalogue, evaluations, groups, moderation, monitoring, native, records
from app.contracts.wire import problem_response
from app.cut_off import CutJudges, CutSandbox
from app.dependencies import only_known_parameters
from app.drain import Drain
from app.errors import Failure, InternalError, InvalidRequest, ServiceError
from app.evaluator import Evaluator
from app.grading import Grading
from app.groups import GroupGrading
from app.health import Health
from app.keys.gate import Gate
from app.keys.keyring import Keyring
from app.keys.snapshot import Snapshot
from app.lean_route import LeanRoute
from app.ledger import Ledger, Outages, place_of
from app.loop_lag import LoopLag
from app.metrics import Metrics
from app.page.routes import page_router
from app.probes import Probes
from app.programs import Programs, sandbox_settings
from app.reply import Reply
from app.request_log import RequestLog
from app.retention import Retention
from app.run_watch import RunWatch
from app.selftest import withdraw_the_unfit
from app.settings import Settings, database_environment
from app.unrouted import allowed_at, nothing_at, wrong_method
from app.workers import Workers
from graders.errors import Fault, Unscored, either, json_pointer
from graders.registry import Registry

if TYPE_CHECKING:
    from app.admission.shared_rates import SharedRateLimits

VERSION = "0.1.0"

_log = logging.getLogger(__name__)

_STDERR = 2

_DESCRIPTION = """Turns a model's output into a reward while the model is being trained.

A **grader** (`finance_qa@v1`) judges a **sample** (what the model produced) for an **item** (the dataset row with its
reference). A 200 always holds a judgement. Everything else is a problem (RFC 9457) with a code of its own and never a
reward: 4xx means that the request is wrong, 503 and 504 that nothing is known about the sample and that the same
request may be sent again after `Retry-After` seconds.
"""


def create_app(settings: Settings) -> Border:
    """The service as an ASGI application. The database must have been migrated (`rft-graders serve` does).

    Raises:
        KeyFileError: RFT_API_KEYS_FILE cannot be used.
    """
    api = _create_api(settings)
    gate = Gate(api.state.keyring, api.state.metrics.refused)
    parts = (native, groups, azure, evaluations)
    lean = [route for router in (*(part.router for part in parts), catalogue.lean) for route in router.routes]
    return Border(
        api,
        [route for route in lean if isinstance(route, LeanRoute)],
        body_max_bytes=settings.body_max_mib << 20,
        gate=gate,
        drain=api.state.drain,
        metrics=api.state.metrics,
        log=api.state.request_log,
        deadline_s=settings.deadline_s,
    )


def _create_api(settings: Settings) -> FastAPI:
    registry = Registry(settings.graders_path)
    app = FastAPI(
        title="RFT Graders",
        version=VERSION,
        description=_DESCRIPTION,
        lifespan=_lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    # Looked up at every request; Starlette's own State does that in Python.
    app.state = cast(Any, SimpleNamespace())
    app.state.settings = settings
    app.state.timeouts = settings.timeouts
    app.state.drain = Drain()
    app.state.registry = registry
    app.state.metrics = metrics = Metrics()
    app.state.request_log = RequestLog(_STDERR, metrics.lines_lost)
    app.state.programs = Programs(sandbox_settings(settings), metrics, _bounds(settings, settings.sandbox_queue_max))
    app.state.keyring = Keyring(
        file=settings.api_keys_file,
        keyless=_keyless(settings),
        snapshot=key_snapshot(settings),
        on_refreshed=metrics.keys_read,
    )
    grading = (native.router, groups.router, azure.router, evaluations.router)
    asked = (catalogue.router, moderation.router, monitoring.below_runs, monitoring.router, records.router)
    routers = (*grading, catalogue.lean, *asked, health.router, page_router())
    strict = [Depends(only_known_parameters)]
    for router in routers:
        app.include_router(router, dependencies=strict if router in asked else None)
    _add_error_handlers(app, [route for router in routers for route in router.routes])
    openapi.install(app, registry)
    return app


def key_snapshot(settings: Settings) -> Snapshot:
    """Where the keys are kept for a start without the database."""
    return Snapshot(settings.data_dir / "api_keys.json", place_of(settings.database))


def _keyless(settings: Settings) -> Caller | None:
    """Whom the service serves while it has no key."""
    if settings.is_loopback:
        return LOCAL
    return ANONYMOUS if settings.allow_anonymous else None


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Opens the parts in the order of their needs, and closes them in reverse."""
    settings: Settings = app.state.settings
    registry: Registry = app.state.registry
    programs: Programs = app.state.programs
    metrics: Metrics = app.state.metrics
    keyring: Keyring = app.state.keyring
    async with AsyncExitStack() as stack:
        _watch_process(app, stack)
        watch = RunWatch(settings.database, database_environment())
        ledger = await Ledger.open(
            settings.database,
            pending_max=settings.ledger_pending_max,
            on_group=metrics.group_committed,
            quarantine=settings.data_dir / "quarantine.jsonl",
            outages=Outages(
                commit_timeout_s=settings.ledger_commit_timeout_s,
                folder=settings.spool_folder,
                max_bytes=settings.spool_max_mib << 20,
                lasts=settings.spool_lasts,
                on_rows=metrics.spooled,
            ),
            on_added=watch.touched,
        )
        stack.push_async_callback(ledger.close)
        stack.push_async_callback(watch.close)
        metrics.watch_ledger(
            is_away=lambda: ledger.is_away,
            pending=lambda: ledger.pending_records,
            pending_max=settings.ledger_pending_max,
            spool=lambda: ledger.spool_state,
            spool_max_bytes=settings.spool_max_mib << 20 if settings.has_spool else 0,
        )
        if settings.retention_days is not None:
            retention = Retention(ledger, settings.retention_days, metrics)
            stack.push_async_callback(retention.close)
        await keyring.start(ledger.keys)
        stack.push_async_callback(keyring.close)
        workers = Workers(
            settings.workers,
            meters=metrics,
            graders_path=settings.graders_path,
            # What has failed here would fail there too, some of it after a long time.
            without=registry.unhealthy,
            memory_mib=settings.worker_memory_mib,
            call_timeout_s=settings.call_timeout_s,
            bounds=_bounds(settings, settings.worker_queue_max),
        )
        await workers.start()
        stack.push_async_callback(workers.close)
        await withdraw_the_unfit(registry, workers, settings.deadline_s)
        for id, why in registry.unhealthy.items():
            _log.warning("Not served: %s: %s", id, why)
        metrics.serving(VERSION, [(grader.id, grader.digest) for grader in registry], len(registry.unhealthy))
        metrics.watch_sandbox(lambda: programs.state.state)
        stack.push_async_callback(programs.close)
        if any(grader.version.has_plan for grader in registry):
            programs.start()
        state = app.state
        state.workers = workers
        state.run_watch = watch
        state.evaluator = Evaluator(memory_mib=settings.worker_memory_mib, timeout_s=settings.deadline_s)
        stack.push_async_callback(state.evaluator.close)
        state.ledger = ledger
        state.catalogue = Catalogue(registry, ledger)
        limits = await _open_limits(settings, metrics, stack)
        drain: Drain = state.drain
        judges, sandbox = CutJudges(workers, drain), CutSandbox(programs, drain)
        state.grading = Grading(state.catalogue, limits, judges, sandbox, ledger, metrics)
        state.groups = GroupGrading(state.grading, ledger, state.catalogue.crediting)
        state.health = Health(ledger, registry, workers, programs, limits, drain)
        if settings.metrics_port >= 0:
            state.probes = Probes(settings.host, settings.metrics_port, metrics.registry, state.health)
            stack.callback(state.probes.close)
        yield


def _watch_process(app: FastAPI, stack: AsyncExitStack) -> None:
    """The event loop and the lines about requests, first opened and last closed."""
    settings: Settings = app.state.settings
    metrics: Metrics = app.state.metrics
    drain: Drain = app.state.drain
    lag = LoopLag(metrics.lagged)
    stack.callback(lag.close)
    metrics.watch_process(lambda: lag.stalled_s, lambda: drain.is_leaving)
    if settings.log_level in {"debug", "info"}:
        log: RequestLog = app.state.request_log
        log.start()
        stack.callback(log.close)


async def _open_limits(settings: Settings, metrics: Metrics, stack: AsyncExitStack) -> "RateLimits | SharedRateLimits":
    """Rate limits of this process, or those that replicas share."""
    rates = Rates(settings.rate_per_s, settings.burst, settings.rate_by_grader)
    if not settings.redis_url:
        return RateLimits(rates, metrics)
    # The client of Redis would cost every start a tenth of what it imports.
    from app.admission.exchange import Exchange
    from app.admission.shared_rates import SharedRateLimits

    exchange = Exchange(settings.redis_url, metrics)
    await exchange.start()
    stack.push_async_callback(exchange.close)
    return SharedRateLimits(rates, metrics, exchange)


def _bounds(settings: Settings, samples: int) -> Bounds:
    return Bounds(samples, settings.queue_max_mib << 20)


def _add_error_handlers(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    def problem(request: Request, error: Failure) -> Reply:
        reply = problem_response(error)
        request.scope["trace"].code = reply.code
        return reply

    async def failed(request: Request, error: Any) -> Any:
        return problem(request, error)

    async def invalid(request: Request, error: Any) -> Any:
        said: dict[str, list[str]] = {}
        for found in error.errors():
            # What follows the parameter's name are pydantic's names for the types that it may have.
            said.setdefault(json_pointer("", *found["loc"][:2]), []).append(found["msg"])
        faults = tuple(Fault(pointer, either(details)) for pointer, details in said.items())
        return problem(request, InvalidRequest("A parameter is not of the documented shape.", faults))

    async def unforeseen(request: Request, error: Any) -> Any:
        return problem(request, InternalError("The service failed; its log has the reason under the request id."))

    async def unrouted(request: Request, error: Any) -> Any:
        path = request.url.path
        if error.status_code == 405:
            allowed = allowed_at(path, routes)
            reply = problem(request, wrong_method(request.method, path, allowed))
            reply.headers = {"Allow": ", ".join(allowed)}
            return reply
        return problem(request, nothing_at(path, routes))

    app.add_exception_handler(ServiceError, failed)
    app.add_exception_handler(Unscored, failed)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, unrouted)
    # Starlette answers with this and raises the error again, for the border to log.
    app.add_exception_handler(Exception, unforeseen)
