"""docker-compose.yml as it is, by podman-compose: the service, PostgreSQL and Redis, and who watches them."""

import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from deploy.trial.alone import STOP_MAX_S, grades_are_right, layers_hold
from deploy.trial.caller import FINANCE, Caller, expect, free_port
from deploy.trial.composed import FILE, override
from deploy.trial.engine import Engine, Failed
from deploy.trial.images import ALERTMANAGER, POSTGRES, PROMETHEUS, REDIS, SERVICE
from deploy.trial.report import say
from deploy.trial.watched import try_watched

_PROJECT = "trial"
_RUN = "compose"
_LIMITED = ("--rate", "6/min", "--burst", "3")


def try_together(engine: Engine) -> None:
    """
    Raises:
        Failed: something was not as it must be.
    """
    port, prometheus_port = free_port(), free_port()
    compose = _composer(engine, port, prometheus_port)
    compose("up", "--detach", "--no-build", "postgres", "redis")
    _wait_until_healthy(engine, "postgres")
    key = compose("run", "--rm", "-T", "rft-graders", "keys", "create", "trainer").splitlines()[-1]
    limited = compose("run", "--rm", "-T", "rft-graders", "keys", "create", "small", *_LIMITED).splitlines()[-1]
    began = time.monotonic()
    compose("up", "--detach", "--no-build")
    caller = Caller(f"http://127.0.0.1:{port}", key)
    state = caller.ready()
    say("ready after", f"{time.monotonic() - began:.1f} s; database {state['database']}, Redis {state['redis']}")
    expect("Database and Redis", (state["database"], state["redis"]), ("ok", "ok"))
    layers_hold(caller.settled())
    _records_are_in_postgres(engine, caller)
    _limits_are_in_redis(engine, Caller(caller.base, limited))
    _goes_on_without_postgres(engine, caller)
    try_watched(compose, prometheus_port)
    _stop(engine, compose)
    compose("--profile", "monitoring", "down", "--volumes")


def _composer(engine: Engine, port: int, prometheus_port: int) -> Callable[..., str]:
    """Calls podman-compose with the repository's file, the images of the trial and free ports."""
    limits = engine.folder / "override.yml"
    limits.write_text(override())
    program = Path(sys.executable).parent / "podman-compose"
    command = (program, "--in-pod=0", "-p", _PROJECT, "-f", FILE, "-f", limits)
    settings = {
        "POSTGRES_PASSWORD": "letters1and2digits3",
        "POSTGRES_IMAGE": POSTGRES,
        "REDIS_IMAGE": REDIS,
        "RFT_IMAGE": SERVICE,
        "PROMETHEUS_IMAGE": PROMETHEUS,
        "ALERTMANAGER_IMAGE": ALERTMANAGER,
        "RFT_PUBLISHED_PORT": str(port),
        "PROMETHEUS_PUBLISHED_PORT": str(prometheus_port),
    }

    def compose(*arguments: str) -> str:
        return engine.run(*command, *arguments, extra=settings)

    return compose


def _container(service: str) -> str:
    return f"{_PROJECT}_{service}_1"


def _wait_until_healthy(engine: Engine, service: str) -> None:
    """Runs the health check that the file gives the service. Docker does that itself, Podman where there is systemd."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            engine.podman("healthcheck", "run", _container(service))
        except Failed:
            time.sleep(0.2)
        else:
            return
    raise Failed(f"{service} was not healthy within 60 s:\n{engine.podman('logs', _container(service))}")


def _records_are_in_postgres(engine: Engine, caller: Caller) -> None:
    grades_are_right(caller)
    grade = caller.grade("finance_qa@v1", FINANCE | {"run": {"id": _RUN, "step": 1}})
    row = _psql(engine, f"select record, verdict, reward from records where record = '{grade['record']}'")
    expect("Row in PostgreSQL", row, f"{grade['record']}|wrong_format|0.8")
    say("row in PostgreSQL", row)


def _limits_are_in_redis(engine: Engine, caller: Caller) -> None:
    """The fourth sample of three at once is refused, and Redis holds the buckets."""
    answers = [caller.send("/v1/graders/finance_qa@v1/grade", FINANCE)[0] for _ in range(4)]
    expect("Statuses with a burst of 3", answers, [HTTPStatus.OK] * 3 + [HTTPStatus.TOO_MANY_REQUESTS])
    keys = engine.podman("exec", _container("redis"), "redis-cli", "--raw", "--scan").splitlines()
    if not keys:
        raise Failed("Redis holds no limit.")
    say("limits in Redis", f"{len(keys)} keys; three samples graded, the fourth 429")


def _goes_on_without_postgres(engine: Engine, caller: Caller) -> None:
    """While PostgreSQL is away grades go to the spool on the volume, and follow when it is back."""
    engine.podman("stop", _container("postgres"))
    record = caller.grade("finance_qa@v1", FINANCE)["record"]
    say("without PostgreSQL", f"graded; spool {caller.spool('spooling')['spool']['state']}")
    engine.podman("start", _container("postgres"))
    caller.spool("empty")
    expect("Rows of it", _psql(engine, f"select count(*) from records where record = '{record}'"), "1")
    say("with PostgreSQL again", "the row followed")


def _psql(engine: Engine, query: str) -> str:
    return engine.podman("exec", _container("postgres"), "psql", "-U", "rft", "-d", "rft", "-tAc", query)


def _stop(engine: Engine, compose: Callable[..., str]) -> None:
    began = time.monotonic()
    compose("stop", "rft-graders")
    took_s = time.monotonic() - began
    expect("Exit code", engine.podman("inspect", "--format", "{{.State.ExitCode}}", _container("rft-graders")), "0")
    say("stopped after", f"{took_s:.2f} s with exit code 0")
    if took_s >= STOP_MAX_S:
        raise Failed(f"Stopping took {took_s:.2f} s; at most {STOP_MAX_S} s is wanted.")
