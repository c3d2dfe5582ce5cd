"""`rft-graders serve`: migrates the database and serves until it is stopped."""

import asyncio
import errno
import logging
import os
import resource
import signal
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, gaierror, socket
from typing import Annotated

import typer
import uvicorn
from rich.panel import Panel

from app import collector
from app.acceptor import Acceptor
from app.commands.console import check_graders_path, out, settings, stop
from app.drain import Drain
from app.errors import LedgerUnavailable
from app.graceful_server import GracefulServer
from app.http_doorway import Doorway
from app.http_protocol import protocol_of
from app.http_watch import HttpLimits, Watch
from app.keys.key_file import KeyFileError
from app.ledger import KeyStore, SpoolInUse, SpoolTooNew, StoredKey, migrate, refuse_unusable
from app.logs import write_logs
from app.main import create_app, key_snapshot
from app.programs import Programs
from app.settings import Settings
from graders.registry import Registry

# Open files for everything but connections: pipes, databases, what is just being accepted.
_OTHER_FILES = 512
_BACKLOG = 4096
_TICKS_BETWEEN_SWEEPS = 100

_OPEN_DOOR = (
    "RFT_HOST={host} can be reached from other machines, and there is no API key. Make one (`rft-graders keys create "
    "NAME`, or RFT_API_KEYS_FILE), listen on 127.0.0.1, or set RFT_ALLOW_ANONYMOUS=1 if the network lets only your "
    "trainers in."
)

_ONE_PORT = (
    "RFT_PORT and RFT_METRICS_PORT are both {port}: set another port for one of them, or RFT_METRICS_PORT=-1 for no "
    "metrics."
)
_NO_REDIS = (
    "RFT_REDIS_URL is no address of a Redis. Wanted: redis://USER:PASSWORD@HOST:PORT/0, with a port up to 65535, a "
    "password's '/', '#' and '?' as %2F, %23 and %3F, and after a '?' only options that redis-py knows."
)
_UNRESOLVED = "RFT_HOST={host} cannot be resolved: name an address of this machine, or 0.0.0.0 for all of them."
_UNEXPLAINED = "Nobody can listen on {host} at {name}={port}: {said}."
_EXPLAINED = {
    errno.EADDRINUSE: "{name}={port} is in use on {host}: stop what listens there, or set another port.",
    errno.EADDRNOTAVAIL: "RFT_HOST={host} is no address of this machine: name one that it has, such as 127.0.0.1, or "
    "0.0.0.0 for all of them.",
    errno.EACCES: "{name}={port} is not permitted to this user on {host}: set a port from 1024 on, or give the "
    "service the capability CAP_NET_BIND_SERVICE.",
}

_log = logging.getLogger(__name__)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (RFT_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the API (RFT_PORT); 0 takes a free one.")] = None,
) -> None:
    """Serve the API: migrates the database first, then prints where to look."""
    chosen = settings(host=host, port=port)
    check_graders_path(chosen)
    write_logs(chosen.log_level)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        if chosen.has_spool:
            refuse_unusable(chosen.spool_folder)
    except (SpoolInUse, SpoolTooNew) as error:
        stop(str(error), 1)
    keys = asyncio.run(_migrated(chosen))
    if not (keys or chosen.api_keys_file or chosen.is_loopback or chosen.allow_anonymous):
        stop(_OPEN_DOOR.format(host=chosen.host), 2)
    refuse_addresses(chosen)
    try:
        app = create_app(chosen)
    except KeyFileError as error:
        stop(str(error))
    for fault in idle_rates(chosen.rate_by_grader, app.api.state.registry):
        _log.warning("RFT_GRADER_RATES: %s", fault)
    watch = Watch(_limits(chosen), app.api.state.metrics.cut_off)
    acceptor = Acceptor()
    config = uvicorn.Config(
        app,
        host=chosen.host,
        port=chosen.port,
        loop="uvloop",
        http=protocol_of(watch, app.drain, acceptor, Doorway(chosen.deadline_s)),
        ws="none",
        log_config=None,
        # Paths may carry what no log should hold; the service writes its own lines.
        access_log=False,
        backlog=_BACKLOG,
        server_header=False,
        proxy_headers=False,
    )
    collector.calm()
    listener = config.bind_socket()
    acceptor.listen(listener)
    # uvicorn raises the signal that stopped it once more when all is closed; a stop that was asked for is no failure.
    for stop_signal in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop_signal, signal.SIG_IGN)
    server = _Server(config, chosen, app.api.state.programs, app.drain)
    connections = server.server_state.connections
    app.api.state.metrics.watch_connections(
        lambda: len(connections), lambda: watch.receiving_bytes, watch.limits.connections_max
    )
    server.run(sockets=[listener])


def refuse_addresses(chosen: Settings) -> None:
    """Ends the command if an address of the settings cannot be used."""
    if chosen.port == chosen.metrics_port > 0:
        stop(_ONE_PORT.format(port=chosen.port))
    if chosen.redis_url and not _is_redis(chosen.redis_url):
        stop(_NO_REDIS)
    for name, port_wanted in (("RFT_PORT", chosen.port), ("RFT_METRICS_PORT", chosen.metrics_port)):
        if port_wanted >= 0 and (why := why_not_there(chosen.host, name, port_wanted)):
            stop(why, 1)


async def _migrated(chosen: Settings) -> Sequence[StoredKey]:
    """Migrates the database and returns its API keys; while it is away, those that were last read from it."""
    try:
        await migrate(chosen.database)
        store = KeyStore.open(chosen.database)
        try:
            return await store.every()
        finally:
            await store.close()
    except LedgerUnavailable as error:
        # A first start with a mistyped URL is to fail at once; a restart during an outage is not.
        kept = key_snapshot(chosen).read()
        if kept is None:
            stop(f"The database cannot be migrated: {error.detail} ({chosen.database_setting})", 1)
        _log.warning("Serving without the database: %s", error.detail)
        return kept


def _is_redis(url: str) -> bool:
    # The client of Redis would cost every start a tenth of what it imports.
    from app.admission.exchange import is_usable

    return is_usable(url)


def idle_rates(names: Iterable[str], registry: Registry) -> list[str]:
    """What is to be said about those of `names` that limit nothing: they are neither `*` nor a grader's."""
    told = []
    for name in names:
        grader = registry.get(name)
        if grader is not None and grader.id != grader.version.id:
            told.append(f"{name} counts as the grader it stands on and is not limited by itself: {grader.version.id}.")
        elif grader is None and name != "*" and name not in registry.unhealthy:
            graders = ", ".join(grader.id for grader in registry if grader.id == grader.version.id)
            told.append(
                f"{name} is no grader of this service, so nothing is limited by it; a recipe counts as the grader it "
                f"stands on. Its graders: {graders}."
            )
    return told


def _limits(chosen: Settings) -> HttpLimits:
    """The limits of connections; of those, as many as files may be open once their limit is as high as it can be."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = chosen.connections_max + _OTHER_FILES
    if files != resource.RLIM_INFINITY and files < wanted:
        files = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    connections_max = chosen.connections_max
    if files != resource.RLIM_INFINITY and files < wanted:
        connections_max = max(files - _OTHER_FILES, files // 2)
        _log.warning(
            "RFT_CONNECTIONS_MAX=%d, but only %d files may be open (ulimit -n): %d connections",
            chosen.connections_max,
            files,
            connections_max,
        )
    return HttpLimits(connections_max, chosen.head_timeout_s, chosen.body_timeout_s, chosen.receiving_max_mib << 20)


def why_not_there(host: str, name: str, port: int) -> str:
    """Why nobody can listen on `host` at `port`, the setting `name`, and what to do; empty if somebody can."""
    with socket(AF_INET6 if ":" in host else AF_INET) as probe:
        probe.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (gaierror, UnicodeError):
            return _UNRESOLVED.format(host=host)
        except OSError as error:
            explained = _EXPLAINED.get(error.errno or 0, _UNEXPLAINED)
            return explained.format(host=host, name=name, port=port, said=error.strerror)
    return ""


class _Server(GracefulServer):
    """uvicorn's server, which says where to look once it answers there."""

    def __init__(self, config: uvicorn.Config, chosen: Settings, programs: Programs, drain: Drain) -> None:
        super().__init__(config, drain, wait_s=chosen.drain_wait, timeout_s=chosen.drain_timeout_s)
        self._chosen, self._programs = chosen, programs

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            _tell(where_to_look(self._chosen, sockets[0].getsockname()[1]))
            self._printing = asyncio.create_task(self._print_sandbox())

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        if counter % _TICKS_BETWEEN_SWEEPS == 0 and not self.server_state.tasks:
            collector.sweep()
        return await super().on_tick(counter)

    async def _print_sandbox(self) -> None:
        state = await self._programs.settled()
        told = f"{state.slots} slots; {' '.join(state.layers)}" if state.layers else state.detail
        _tell(f"Sandbox      {state.state}" + (f": {told}" if told else ""))


def _tell(what: Panel | str) -> None:
    """Prints what people may want to see at the start; if nobody takes it, the service goes on without."""
    try:
        out.print(what, markup=False, highlight=False, soft_wrap=isinstance(what, str))
    # rich ends the process, politely, where the reader of a pipe is gone.
    except (OSError, UnicodeEncodeError, SystemExit) as error:
        why = "nobody reads it" if isinstance(error, SystemExit) else error
        _log.warning("What is printed at the start cannot be written to stdout: %s", why)
        # What could not be written would be tried again, and fail, when the process ends.
        with suppress(OSError), Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def where_to_look(chosen: Settings, port: int) -> Panel:
    """What is at which address, to be shown at the start."""
    host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    base = f"http://{host}:{port}"
    lines = [
        f"API          {base}",
        f"Page         {base}/",
        f"OpenAPI page {base}/docs",
        f"Readiness    {base}/readyz",
        f"Graders      {base}/v1/graders",
        f"Database     {_without_password(chosen.database)}",
    ]
    if chosen.metrics_port > 0:
        lines.insert(5, f"Metrics      http://{host}:{chosen.metrics_port}/metrics")
    return Panel("\n".join(lines), title="RFT Graders", expand=False)


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
