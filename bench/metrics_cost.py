"""What the metrics cost of a request's CPU, and the line that the request log writes of it.

The calls that one graded request makes are written down from a live service in this process, and made again a hundred
thousand times; beside them stands the CPU of the whole service for one request, under wrk. Target: metrics at most 5 %.
"""

import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from msgspec.structs import replace
from prometheus_client import generate_latest

from app.ledger import migrate
from app.main import create_app
from app.metrics import Metrics
from app.request_log import LINES_MAX, RequestLog
from app.settings import Settings
from app.trace import Trace
from bench.overhead import GRADER, _request, _running, _wrk

MOST_SHARE = 0.05
ROUNDS = 5
TIMES = 20_000
PORT = 18195

Call = tuple[str, tuple[Any, ...], dict[str, Any]]


def main() -> None:
    requests = [_request(random.Random(seed)) for seed in range(2000)]
    calls = asyncio.run(_calls_of_one(requests[0]))
    metrics_us, line_us = _cost_us(calls), asyncio.run(_line_us())
    with tempfile.TemporaryDirectory() as folder:
        bodies = Path(folder, "bodies")
        bodies.write_text("\n".join(map(json.dumps, requests)))
        settings = {"RFT_PORT": str(PORT), "RFT_METRICS_PORT": "-1", "RFT_DATA_DIR": folder}
        with _running([sys.executable, "-m", "app.cli", "serve"], settings, PORT) as pid:
            url = f"http://127.0.0.1:{PORT}/v1/graders/{GRADER}/grade"
            rounds = [_wrk(pid, url, bodies, 32) for _ in range(ROUNDS)]
    request_us = statistics.median(row.cpu_us for row in rounds[1:])
    share = metrics_us / request_us
    print(f"calls of one request: {', '.join(name for name, _, _ in calls)}")
    print(f"metrics {metrics_us:.2f} us, log line {line_us:.2f} us, whole request {request_us:.0f} us of CPU")
    print(f"scrape with 50 graders: {_scrape_ms(calls):.1f} ms of CPU, in a thread of its own")
    print(f"{'ok  ' if share <= MOST_SHARE else 'MISS'} metrics' share of a request: {share:.2%} (<= {MOST_SHARE:.0%})")
    sys.exit(0 if share <= MOST_SHARE else 1)


async def _calls_of_one(request: dict[str, Any]) -> list[Call]:
    """The calls of a request that is judged on the event loop and committed alone: more than its part of a group's."""
    calls: list[Call] = []
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), metrics_port=-1, sandbox_slots=0, log_level="warning")
        await migrate(settings.database)
        app = create_app(settings)
        async with app.api.router.lifespan_context(app.api):
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
                url = f"/v1/graders/{GRADER}/grade"
                (await client.post(url, json=request)).raise_for_status()
                with _recorded(app.api.state.metrics, calls):
                    (await client.post(url, json=request)).raise_for_status()
    return [call for call in calls if call[0] != "lagged"]


@contextmanager
def _recorded(metrics: Metrics, calls: list[Call]) -> Any:
    """Writes down every call of a public method of `metrics`."""
    names = [name for name in dir(Metrics) if not name.startswith("_") and callable(getattr(Metrics, name))]

    def recorder(name: str, call: Callable[..., None]) -> Callable[..., None]:
        def record(*arguments: Any, **more: Any) -> None:
            calls.append((name, arguments, more))
            call(*arguments, **more)

        return record

    for name in names:
        setattr(metrics, name, recorder(name, getattr(metrics, name)))
    try:
        yield
    finally:
        for name in names:
            delattr(metrics, name)


def _cost_us(calls: list[Call]) -> float:
    """CPU of `calls`, the least of several rounds: the rest is what else the machine did."""
    metrics = Metrics()
    bound = [(getattr(metrics, name), arguments, more) for name, arguments, more in calls]

    def once() -> None:
        for call, arguments, more in bound:
            call(*arguments, **more)

    return _least_us(once)


async def _line_us() -> float:
    """CPU of one line, and of writing it to /dev/null."""
    sink = os.open(os.devnull, os.O_WRONLY)
    least = float("inf")
    for _ in range(ROUNDS):
        log = RequestLog(sink, _nobody)
        log.start()
        started = time.thread_time()
        for _ in range(LINES_MAX // 2):
            trace = Trace("01a22652-8637-74db-bba5-5e0263225ca9")
            trace.route, trace.caller, trace.grader = "POST /v1/graders/{id}/grade", "local", GRADER
            trace.judged(["01a22652-8637-74db-bba5-5e0263225ca9"], 1, 0)
            log.answered(trace, 200, 0.001)
        log.close()
        least = min(least, (time.thread_time() - started) / (LINES_MAX // 2) * 1e6)
    os.close(sink)
    return least


def _nobody(lines: int) -> None:
    """Is told of lines that are lost: /dev/null takes all."""


def _scrape_ms(calls: list[Call]) -> float:
    metrics = Metrics()
    [(records, rewards)] = [arguments for name, arguments, _ in calls if name == "graded"]
    for number in range(50):
        metrics.graded([replace(record, grader=f"grader{number}@v1") for record in records], rewards)
        for code in ("invalid_item", "deadline_exceeded", "overloaded"):
            metrics.unscored(f"grader{number}@v1", code)
    return _least_us(lambda: generate_latest(metrics.registry), times=10) / 1000


def _least_us(work: Callable[[], Any], times: int = TIMES) -> float:
    least = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(times):
            work()
        least = min(least, (time.process_time() - started) / times * 1e6)
    return least


if __name__ == "__main__":
    main()
