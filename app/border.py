"""The HTTP border, as pure ASGI: who may come in, the short way to the lean routes, a request id for everyone, and one
answer for what nobody foresaw."""

import asyncio
import logging
import re
import time
from collections.abc import Sequence
from functools import lru_cache

import uuid_utils
from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from app.auth import LOCAL, Caller
from app.auth import Scope as CallerScope
from app.contracts.wire import problem_response
from app.drain import Drain, closed, cut_off
from app.errors import (
    HEAD_TOO_LARGE,
    HEADERS_MAX,
    HeadersTooLarge,
    HostNotAllowed,
    InternalError,
    NotAuthorized,
    Overloaded,
    ScopeMissing,
    ServiceError,
    TooManyAttempts,
)
from app.http_cycle import Cycle
from app.http_doorway import TIMEOUT_MS, patience_s
from app.keys.gate import PROBES, Gate
from app.lean_route import LeanRoute
from app.metrics import Metrics
from app.reply import Reply
from app.request_log import RequestLog
from app.trace import Trace
from graders.errors import Unscored

_log = logging.getLogger(__name__)
_REQUEST_ID = re.compile(rb"[\w.\-]{1,128}")
_HOST = re.compile(rb"(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)

# What nginx logs for a caller that hung up before it had an answer.
_HUNG_UP = 499
_LATE = "The service is so busy that it had no time for this request within {:.3g} s. It was not begun."


class Border:
    """The whole service as one ASGI application.

    Args:
        api: the FastAPI application.
        lean: its routes that are answered without its layers.
        body_max_bytes: the largest body that is read.
        gate: tells who a request comes from. Whoever needs no key because they ask from this machine must say so in the
            Host header, so that no web page can reach the service through a name that resolves to this machine (DNS
            rebinding).
        drain: tells whether the service still takes requests.
        metrics, log: are told of every request that was answered.
        deadline_s: the time of a request that does not say how long it waits.
    """

    def __init__(
        self,
        api: FastAPI,
        lean: Sequence[LeanRoute],
        *,
        body_max_bytes: int,
        gate: Gate,
        drain: Drain,
        metrics: Metrics,
        log: RequestLog,
        deadline_s: float,
    ) -> None:
        self.api = api
        self._lean = lean
        # Callers ask for few paths, and for those again and again. No key is kept: the gate has taken it out of them.
        self._lean_route = lru_cache(maxsize=256)(self._find_lean_route)
        self._body_max_bytes = body_max_bytes
        self._gate = gate
        self.drain = drain
        self._deadline_s = deadline_s
        self._metrics, self._log = metrics, log
        self.in_flight = 0
        """Requests that are being answered."""
        metrics.watch_requests(lambda: self.in_flight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.api(scope, receive, send)
            return
        self.in_flight += 1
        headers = dict(scope["headers"])
        trace = scope["trace"] = Trace(_request_id(headers.get(b"x-request-id")))
        answer = _Answer(trace, scope, receive, send)
        # The one catch-all: whatever was not foreseen is our defect, never a reward and never a traceback.
        try:
            reply = await self._reply(trace, headers, scope, receive)
            if reply is None:
                await self.api(scope, receive, answer.send)
                trace.route = _route(scope)
            else:
                await answer.give(reply)
        except asyncio.CancelledError:
            # Nobody cancels a request but a service that has no more time for it.
            if answer.status or not self.drain.is_cut:
                raise
            await answer.give(problem_response(cut_off()))
        except ClientDisconnect:
            trace.code = "caller_gone"
        except Exception:  # noqa: BLE001
            _log.exception("Request %s failed", trace.request_id)
            trace.code = "internal_error"
            if not answer.status:
                detail = f"The service failed; its log has the reason under request id {trace.request_id}."
                await answer.give(problem_response(InternalError(detail)))
        finally:
            self.in_flight -= 1
            self._tell(trace, scope, answer.status or _HUNG_UP)

    def _tell(self, trace: Trace, scope: Scope, status: int) -> None:
        """Counts the request and writes its line; a probe is no news."""
        presence = scope.get("presence")
        seconds = 0.0 if presence is None else time.monotonic() - presence.since
        self._metrics.answered(trace.route, status, trace.code, seconds)
        if scope["path"] not in PROBES:
            self._log.answered(trace, status, seconds)

    def _is_late(self, scope: Scope, headers: dict[bytes, bytes]) -> bool:
        """Whether a request has spent too much of its time at the doorway: the process is busy with more requests than
        it can read, and reading one more costs several times what a refusal does."""
        is_late: bool = scope["held_s"] > patience_s(headers.get(TIMEOUT_MS, b""), self._deadline_s)
        return is_late and scope["path"] not in PROBES

    async def _reply(self, trace: Trace, headers: dict[bytes, bytes], scope: Scope, receive: Receive) -> Reply | None:
        """The reply to a request that may not come in or that a lean route answers; None: FastAPI answers."""
        if "held_s" in scope and self._is_late(scope, headers):
            self._metrics.dropped("door", "late", 1)
            return problem_response(Overloaded(_LATE.format(scope["held_s"]), scope["held_s"]))
        if len(scope["headers"]) > HEADERS_MAX:
            return problem_response(HeadersTooLarge(HEAD_TOO_LARGE))
        try:
            caller = scope["caller"] = self._gate.caller(scope, headers)
        except (NotAuthorized, TooManyAttempts) as error:
            return problem_response(error)
        trace.caller = caller.name
        host = headers.get(b"host", b"")
        if caller is LOCAL and not (_is_this_machine(host) and _hosts(scope, headers) <= 1):
            shown = host.decode("latin-1")
            return problem_response(HostNotAllowed(f"Host {shown!r} is not served without API keys; use localhost."))
        if self.drain.is_closed and scope["path"] not in PROBES:
            return problem_response(closed())
        found = self._lean_route(scope["method"], scope["path"])
        if found is None:
            return None
        route, path = found
        trace.route = route.label
        if route.scope not in caller.scopes:
            return problem_response(_missing(route.scope, caller))
        scope["app"] = self.api
        try:
            return await route.answer(Request(scope, receive), path, headers, self._body_max_bytes)
        except (ServiceError, Unscored) as error:
            return problem_response(error)

    def _find_lean_route(self, method: str, path: str) -> tuple[LeanRoute, dict[str, str]] | None:
        """The lean route that answers such a request, and the parameters in its path."""
        for route in self._lean:
            if (parameters := route.path_parameters(method, path)) is not None:
                return route, parameters
        return None


class _Answer:
    """The answer to one request, under the request's id. `status` is 0 until it begins."""

    __slots__ = ("_receive", "_scope", "_send", "_trace", "status")

    def __init__(self, trace: Trace, scope: Scope, receive: Receive, send: Send) -> None:
        self._trace, self._scope, self._receive, self._send = trace, scope, receive, send
        self.status = 0

    async def give(self, reply: Reply) -> None:
        """Answers with `reply`, in one piece where the server can."""
        self._trace.code = reply.code
        cycle = Cycle.of(self._receive)
        if cycle is None:
            await reply(self._scope, self._receive, self.send)
        else:
            self.status = reply.status
            if cycle.flow.write_paused:
                await cycle.room()
            cycle.answer(reply.status, reply.fields(self._trace.request_id), reply.body)

    async def send(self, message: Message) -> None:
        """ASGI's `send`."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], (b"x-request-id", self._trace.request_id.encode())]
        await self._send(message)


def _missing(scope: CallerScope, caller: Caller) -> ScopeMissing:
    held = ", ".join(sorted(caller.scopes)) or "none"
    return ScopeMissing(f"This needs the scope {scope!r}, and the key of {caller.name!r} has: {held}.")


def _route(scope: Scope) -> str:
    """Method and template of what FastAPI answered; empty: nothing of ours."""
    route = scope.get("route")
    method = scope["method"]
    if route is None or method not in (route.methods or ()):
        return ""
    return f"{method} {route.path_format}"


@lru_cache(maxsize=64)
def _is_this_machine(host: bytes) -> bool:
    return _HOST.fullmatch(host) is not None


def _hosts(scope: Scope, headers: dict[bytes, bytes]) -> int:
    if len(headers) == len(scope["headers"]):
        return 1
    return sum(name == b"host" for name, _ in scope["headers"])


def _request_id(sent: bytes | None) -> str:
    """The caller's own id if it can stand in a log line, else a new one."""
    return sent.decode() if sent and _REQUEST_ID.fullmatch(sent) else str(uuid_utils.uuid7())
