"""`/metrics`, `/healthz` and `/readyz` on a port and thread of their own, so that saturation cannot hide itself."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from http import HTTPStatus
from socket import SHUT_RDWR
from socketserver import ThreadingMixIn
from threading import BoundedSemaphore, Thread, Timer
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from app.health import Alive, Health

# A loop that does not answer a probe in this time is not alive, s.
_PROBE_TIMEOUT_S = 5.0
# Requests at a time; more are hung up on. One that does not arrive within so long, or whose answer is not taken, too.
REQUESTS_MAX = 16
_HEAD_TIMEOUT_S, _WRITE_TIMEOUT_S = 2.0, 10.0


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._free = BoundedSemaphore(REQUESTS_MAX)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


class _Handler(WSGIRequestHandler):
    timeout = _WRITE_TIMEOUT_S

    def handle(self) -> None:
        self._patience = Timer(_HEAD_TIMEOUT_S, self._hang_up)
        self._patience.start()
        # Whoever asks has gone, or was too slow.
        with suppress(OSError):
            super().handle()
        self._patience.cancel()

    def parse_request(self) -> bool:
        is_whole = super().parse_request()
        self._patience.cancel()
        return is_whole

    def _hang_up(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """A scrape every few seconds is no news."""


class Probes:
    """Serves until `close`. `port` is the one that was taken."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry, health: Health) -> None:
        self._metrics = make_wsgi_app(registry)
        self._health = health
        self._loop = asyncio.get_running_loop()
        self._server = make_server(host, port, self._answer, server_class=_Server, handler_class=_Handler)
        self.port: int = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever, name="probes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/metrics":
            shown: Iterable[bytes] = self._metrics(environ, start_response)
            return shown
        status, body = self._probe(path)
        start_response(f"{status.value} {status.phrase}", [("Content-Type", "application/json")])
        return [body]

    def _probe(self, path: str | None) -> tuple[HTTPStatus, bytes]:
        """Asks on the service's own loop: a probe that answers for a stuck loop would lie."""
        try:
            if path == "/healthz":
                asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result(_PROBE_TIMEOUT_S)
                return HTTPStatus.OK, Alive().model_dump_json().encode()
            if path == "/readyz":
                state = asyncio.run_coroutine_threadsafe(self._health.readiness(), self._loop).result(_PROBE_TIMEOUT_S)
                status = HTTPStatus.OK if state.ready else HTTPStatus.SERVICE_UNAVAILABLE
                return status, state.model_dump_json().encode()
        except FutureTimeoutError:
            return HTTPStatus.SERVICE_UNAVAILABLE, b'{"status":"the event loop does not answer"}'
        return HTTPStatus.NOT_FOUND, b'{"paths":["/metrics","/healthz","/readyz"]}'
