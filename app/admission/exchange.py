"""The one conversation a replica has with Redis about limits: leases for whatever buckets are due, in one round trip.

It runs beside the requests. A request waits for it only where no token is leased yet, and never longer than `HOLD_S`:
then, and for as long as Redis does not answer, each replica goes on with its share.
"""

import asyncio
import logging
import time
from pathlib import Path
from typing import Any, Protocol

import uuid_utils
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.admission.limit import NS_PER_S
from app.admission.shared_bucket import Ask, SharedBucket

HOLD_S = 0.05
"""Longest time that a request waits for a lease."""

# Longest time of one round trip: beyond a noisy neighbour's, below what a person notices.
_TIMEOUT_S = 0.25
# How often a replica shows itself, and how often Redis is tried while it is away.
_BEAT_S = 0.5
_REPLICA_LIFE_S = 5.0
# Right after its restart Redis knows only the replicas that were first to come back.
_COUNT_LIFE_NS = 10_000_000_000

_SCRIPT = Path(__file__).with_name("lease.lua").read_text("utf-8")
# One slot of a cluster: a script's keys must share it.
_REPLICAS_KEY = "{rft}:replicas"

_log = logging.getLogger(__name__)


def is_usable(url: str) -> bool:
    """Whether redis-py can make a connection of `url`; nothing is connected."""
    try:
        pool: Any = Redis.from_url(url).connection_pool
        pool.make_connection()
    # A port that is none, or after the `?` a name that no connection knows.
    except (ValueError, TypeError):
        return False
    return True


class Meters(Protocol):
    def limits_shared(self, is_shared: bool, replicas: int) -> None: ...
    def exchanged(self, seconds: float | None, asked: int, granted: int) -> None: ...


class Exchange:
    """`start` before the first request, `close` after the last.

    Attributes:
        is_away: whether Redis does not answer, so that limits are each replica's share.
        state: `ok`, or what is wrong.
        replicas: how many there are, as last seen.
    """

    def __init__(self, url: str, meters: Meters) -> None:
        self._redis = Redis.from_url(
            url,
            # redis-py's default retries make a refused connection cost seconds.
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
        )
        self._meters = meters
        self._id = str(uuid_utils.uuid7())
        self._due: set[SharedBucket] = set()
        self._lending: set[SharedBucket] = set()
        self._wake = asyncio.Event()
        self._next_round: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._counted_at_ns = self._sent_at_ns = 0
        self.replicas = 1
        self.is_away = True
        self.state = "not asked yet"

    async def start(self) -> None:
        """Asks once, so that the first request finds the limits shared, or known to be not."""
        await self._trade([])
        self._task = asyncio.create_task(self._trade_forever())

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._redis.aclose()

    def refill(self, bucket: SharedBucket) -> None:
        """Asks for its next lease soon."""
        self._due.add(bucket)
        if not self.is_away:
            self._wake.set()

    async def next_round(self, timeout_s: float) -> bool:
        """Waits for the round trip that takes what is due now; returns whether it has ended. One that others have
        waited for long enough already counts as lost until it ends."""
        this_round = self._next_round
        await asyncio.wait([this_round], timeout=timeout_s)
        if not this_round.done() and time.monotonic_ns() - self._sent_at_ns > HOLD_S * NS_PER_S:
            self._set_away("slow")
        return this_round.done()

    async def _trade_forever(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_BEAT_S):
                    await self._wake.wait()
            except TimeoutError:
                self._return_lapsed()
            self._wake.clear()
            # While Redis is away it is asked for nothing: leases that it grants when nobody listens would be lost.
            buckets = [] if self.is_away else list(self._due)
            self._due.difference_update(buckets)
            await self._trade(buckets)
            if self._due and not self.is_away:
                self._wake.set()

    def _return_lapsed(self) -> None:
        """Makes due whatever holds tokens that nobody used."""
        now_ns = time.monotonic_ns()
        for bucket in [bucket for bucket in self._lending if bucket.has_lapsed(now_ns)]:
            self._lending.discard(bucket)
            bucket.refill()

    async def _trade(self, buckets: list[SharedBucket]) -> None:
        """One round trip for `buckets`; those who wait for it are woken whether it was answered or not."""
        this_round, self._next_round = self._next_round, asyncio.get_running_loop().create_future()
        self._sent_at_ns = time.monotonic_ns()
        asks = [bucket.ask(self._sent_at_ns, self.replicas) for bucket in buckets]
        try:
            reply = await self._exchanged(buckets, asks)
        except (RedisError, OSError) as error:
            state = f"cannot be reached: {error}"
            if self.state != state:
                _log.warning("Redis %s; limits are each replica's share", state)
            self._set_away(state)
            self._meters.exchanged(None, sum(ask.tokens for ask in asks), 0)
            for bucket in buckets:
                bucket.unanswered()
        else:
            self._hear(reply[0])
            now_ns = time.monotonic_ns()
            spent_s = (now_ns - self._sent_at_ns) / NS_PER_S
            self._meters.exchanged(spent_s, sum(ask.tokens for ask in asks), sum(reply[1::2]))
            answers = zip(buckets, asks, reply[1::2], reply[2::2], strict=True)
            for bucket, ask, granted, ahead_us in answers:
                bucket.answered(ask, granted, ahead_us, now_ns, self.replicas)
            self._lending.update(buckets)
        finally:
            this_round.set_result(None)

    async def _exchanged(self, buckets: list[SharedBucket], asks: list[Ask]) -> list[Any]:
        keys = [_REPLICAS_KEY, *(f"{{rft}}:{bucket.key}" for bucket in buckets)]
        words: list[Any] = [self._id, int(_REPLICA_LIFE_S * 1e6)]
        for ask in asks:
            words += ask
        # Sent whole each time: Redis knows a script by its text, and a restarted one has forgotten every digest.
        reply: list[Any] = await self._redis.eval(_SCRIPT, len(keys), *keys, *words)
        return reply

    def _hear(self, replicas: int) -> None:
        now_ns = time.monotonic_ns()
        if replicas >= self.replicas or now_ns - self._counted_at_ns > _COUNT_LIFE_NS:
            self.replicas, self._counted_at_ns = replicas, now_ns
        if self.state != "ok":
            _log.info("Redis answers: limits are shared by %d replicas", self.replicas)
        self.is_away, self.state = False, "ok"
        self._meters.limits_shared(True, self.replicas)

    def _set_away(self, state: str) -> None:
        self.is_away, self.state = True, state
        self._meters.limits_shared(False, self.replicas)
