"""Rate limits that three processes share through one Redis: how exact, how dear, and what an outage of Redis does.

Each replica is offered 1,500 samples a second of one caller whose limit is 2,000 a second (2,000 at once) over all
replicas. Redis is left alone, frozen (SIGSTOP) for three seconds, and killed and started again empty. Then the cost of
one admission beside asking Redis for every request, in the same run.
"""

import asyncio
import logging
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvloop
from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from app import collector
from app.admission.exchange import Exchange
from app.admission.rates import RateLimits, Rates
from app.admission.shared_rates import SharedRateLimits
from app.auth import Caller, Limits
from app.errors import RateLimited
from app.metrics import Metrics
from tests.services import Redis as RedisServer

REPLICAS = 3
RATE_PER_S, BURST = 2000, 2000
OFFERED_PER_S = 1500
RUN_S = 10.0
OUTAGE_FROM_S, OUTAGE_TO_S = 3.0, 6.0
GRADER = "finance_qa@v1"
CALLS = 100_000

# What a service does that asks Redis for every request: one script, one key.
GCRA = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full_at = math.max(tonumber(redis.call('GET', KEYS[1])) or now, now) + ARGV[1]
if full_at - now > tonumber(ARGV[2]) then return full_at - now - ARGV[2] end
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', 60000)
return 0
"""

MOST_OFF = 0.01
MOST_STALL_MS = 100.0
MOST_OVERSHOOT = 0.4
MOST_RECOVERY_S = 2.0
MOST_LOCAL_US, MOST_LEASED_US = 3.0, 8.0


@dataclass
class Told:
    """What one replica saw. Times are those of `time.monotonic`, which processes share."""

    admitted_at: list[float] = field(default_factory=list)
    stalls_s: list[float] = field(default_factory=list)
    shared: list[tuple[float, bool]] = field(default_factory=list)


def replica(url: str, pipe: Connection) -> None:
    """One service process's limits under load; sends what it saw."""
    # That Redis is away is what is measured here.
    logging.disable(logging.WARNING)
    # As a service does.
    collector.calm()
    pipe.send(uvloop.run(_replica(url, pipe)))


async def _replica(url: str, pipe: Connection) -> Told:
    metrics = Metrics()
    exchange = Exchange(url, metrics)
    await exchange.start()
    while exchange.replicas < REPLICAS:  # noqa: ASYNC110  # heard from Redis, twice a second
        await asyncio.sleep(0.05)
    pipe.send("ready")
    starts_at = await asyncio.to_thread(pipe.recv)
    limits = SharedRateLimits(Rates(), metrics, exchange)
    caller, told = Caller("acme", limits=Limits(RATE_PER_S, BURST)), Told()
    held: set[asyncio.Task[None]] = set()
    sent = 0
    await asyncio.sleep(starts_at - time.monotonic())
    while (now := time.monotonic()) < starts_at + RUN_S:
        if not told.shared or told.shared[-1][1] is exchange.is_away:
            told.shared.append((now, not exchange.is_away))
        while sent < (now - starts_at) * OFFERED_PER_S:
            sent += 1
            task = _send(limits, caller, told)
            if task is not None:
                held.add(task)
                task.add_done_callback(held.discard)
        await asyncio.sleep(0.001)
    await asyncio.gather(*held)
    await exchange.close()
    return told


def _send(limits: SharedRateLimits, caller: Caller, told: Told) -> asyncio.Task[None] | None:
    """One request of one sample, as a route would ask."""
    started = time.monotonic()
    try:
        waiting = limits.admit(caller, GRADER, 1)
    except RateLimited:
        return None
    if waiting is None:
        told.admitted_at.append(started)
        return None
    return asyncio.create_task(_wait(waiting, started, told))


async def _wait(waiting: Awaitable[Any], started: float, told: Told) -> None:
    try:
        await waiting
        told.admitted_at.append(time.monotonic())
    except RateLimited:
        pass
    told.stalls_s.append(time.monotonic() - started)


@dataclass
class Outcome:
    """One run of all replicas."""

    name: str
    admitted: int
    off: float
    overshoot: float
    stall_ms: float
    recovery_s: float


def run(name: str, break_it: Callable[[RedisServer], None], mend_it: Callable[[RedisServer], None]) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        redis = RedisServer(Path(folder))
        redis.start()
        context = multiprocessing.get_context("spawn")
        pipes, processes = [], []
        for _ in range(REPLICAS):
            here, there = context.Pipe()
            processes.append(context.Process(target=replica, args=(redis.url, there)))
            pipes.append(here)
            processes[-1].start()
        for pipe in pipes:
            pipe.recv()
        starts_at = time.monotonic() + 0.5
        for pipe in pipes:
            pipe.send(starts_at)
        _sleep_until(starts_at + OUTAGE_FROM_S)
        break_it(redis)
        _sleep_until(starts_at + OUTAGE_TO_S)
        mend_it(redis)
        mended_at = time.monotonic()
        told = [pipe.recv() for pipe in pipes]
        for process in processes:
            process.join()
        redis.kill()
    return _outcome(name, told, starts_at, mended_at)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _outcome(name: str, told: list[Told], starts_at: float, mended_at: float) -> Outcome:
    times = sorted(moment for one in told for moment in one.admitted_at)
    permitted = BURST + RATE_PER_S * (times[-1] - times[0])
    # The burst is spent within a second, so from then on what is permitted is the rate.
    first, last = starts_at + OUTAGE_FROM_S, mended_at + MOST_RECOVERY_S
    during = sum(first <= moment < last for moment in times)
    return Outcome(
        name,
        len(times),
        len(times) / permitted - 1,
        during / (RATE_PER_S * (last - first)) - 1,
        max((stall_s for one in told for stall_s in one.stalls_s), default=0.0) * 1000,
        max(_recovery_s(one, mended_at) for one in told),
    )


def _recovery_s(one: Told, mended_at: float) -> float:
    """From the end of the outage until this replica shares again for good; infinite if it never does."""
    moment, is_shared = one.shared[-1]
    return max(0.0, moment - mended_at) if is_shared else float("inf")


async def costs() -> dict[str, tuple[float, float]]:
    """CPU and wall microseconds of one admission: in this process alone, leased, and with Redis for every request."""
    caller = Caller("acme", limits=Limits(1e6, 10_000_000))
    rates = Rates(burst=10_000_000, grader_rates={"*": 1e6})
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        exchange = Exchange(server.url, Metrics())
        await exchange.start()
        per_request = Redis.from_url(server.url)
        gcra = per_request.register_script(GCRA)

        async def ask_redis() -> None:
            await gcra(["bench"], [1.0, 10_000_000])

        measured = {
            "this process alone": await _cost(RateLimits(rates, Metrics()), caller),
            "leased through Redis": await _cost(SharedRateLimits(rates, Metrics(), exchange), caller),
            "Redis for every request": await _timed(ask_redis, CALLS // 20),
        }
        await exchange.close()
        await per_request.aclose()
        server.kill()
    return measured


async def _cost(limits: RateLimits | SharedRateLimits, caller: Caller) -> tuple[float, float]:
    async def admit_some() -> None:
        for _ in range(100):
            held = limits.admit(caller, GRADER, 1)
            if held is not None:
                await held
        await asyncio.sleep(0)

    cpu_us, wall_us = await _timed(admit_some, CALLS // 100)
    return cpu_us / 100, wall_us / 100


async def _timed(work: Callable[[], Awaitable[None]], times: int) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        await work()
    return (time.process_time() - cpu) / times * 1e6, (time.perf_counter() - wall) / times * 1e6


def main() -> None:
    def nothing(redis: RedisServer) -> None:
        pass

    outcomes = [
        run("Redis there", nothing, nothing),
        run("frozen for 3 s", RedisServer.freeze, RedisServer.thaw),
        run("killed, back after 3 s", RedisServer.kill, RedisServer.start),
    ]
    sys.exit(0 if _report(outcomes, uvloop.run(costs())) else 1)


def _report(outcomes: list[Outcome], measured: dict[str, tuple[float, float]]) -> bool:
    table = Table("", "admitted", "of permitted", "in and after the outage", "worst stall ms", "back after s")
    for one in outcomes:
        table.add_row(
            one.name,
            str(one.admitted),
            f"{one.off:+.2%}",
            f"{one.overshoot:+.1%}",
            f"{one.stall_ms:.1f}",
            f"{one.recovery_s:.2f}",
        )
    prices = Table("one admission, two limits", "CPU us", "wall us")
    for name, (cpu_us, wall_us) in measured.items():
        prices.add_row(name, f"{cpu_us:.2f}", f"{wall_us:.2f}")
    Console(width=120).print(table, prices)
    local_us, leased_us, redis_us = (cpu_us for cpu_us, _ in measured.values())
    checks = [
        ("Redis there: share of permitted", abs(outcomes[0].off), MOST_OFF),
        ("worst stall, ms", max(one.stall_ms for one in outcomes), MOST_STALL_MS),
        ("overshoot", max(max(one.off, one.overshoot) for one in outcomes), MOST_OVERSHOOT),
        ("recovery, s", max(one.recovery_s for one in outcomes), MOST_RECOVERY_S),
        ("one process, CPU us", local_us, MOST_LOCAL_US),
        ("leased, CPU us", leased_us, MOST_LEASED_US),
        ("leased beside Redis for every request", leased_us / redis_us, 0.1),
    ]
    for what, value, limit in checks:
        print(f"{'ok  ' if value <= limit else 'MISS'} {what}: {value:.3f} (<= {limit})")
    return all(value <= limit for _, value, limit in checks)


if __name__ == "__main__":
    main()
