"""Rate limits that replicas share: a request finds its tokens leased, waits a moment for them, or is refused."""

import asyncio
from collections.abc import Awaitable, Sequence
from time import monotonic_ns

from app.admission.exchange import HOLD_S, Exchange
from app.admission.limit import Limit, Quota
from app.admission.rates import Gate, Key, Limiter, Meters, Rates
from app.admission.shared_bucket import SharedBucket


class SharedRateLimits(Limiter[SharedBucket]):
    """Limits of all replicas together, through `exchange`."""

    def __init__(self, rates: Rates, meters: Meters, exchange: Exchange) -> None:
        super().__init__(rates, meters)
        self._exchange = exchange

    @property
    def redis(self) -> str:
        return self._exchange.state

    def _new_bucket(self, key: Key, limit: Limit) -> SharedBucket:
        # A limit that is changed starts anew: what was taken of the old one says nothing of it.
        name = f"{key.limit}:{limit.rate_per_s:g}:{limit.burst}:{key.grader}:{key.caller}"
        return SharedBucket(name, limit, self._exchange.refill)

    def _short(self, gate: Gate[SharedBucket], samples: int, now_ns: int) -> Awaitable[Sequence[Quota]] | None:
        self._check_burst(gate, samples)
        if self._exchange.is_away:
            return self._admit_locally(gate, samples, now_ns)
        self._refuse_hopeless(gate, samples, now_ns)
        return self._hold(gate, samples)

    async def _hold(self, gate: Gate[SharedBucket], samples: int) -> Sequence[Quota]:
        """Waits for leases, round by round."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + HOLD_S
        while not self._exchange.is_away:
            now_ns = monotonic_ns()
            lacking = [bucket for bucket in gate.buckets if not bucket.fits(samples, now_ns)]
            if not lacking:
                self._meters.rate_admitted("held", samples)
                told = self._taken(gate, samples, now_ns)
                return () if told is None else await told
            self._refuse_hopeless(gate, samples, now_ns)
            for bucket in lacking:
                bucket.refill(samples)
            if not await self._exchange.next_round(deadline - loop.time()):
                break
        told = self._admit_locally(gate, samples, monotonic_ns())
        return () if told is None else await told

    def _admit_locally(self, gate: Gate[SharedBucket], samples: int, now_ns: int) -> Awaitable[Sequence[Quota]] | None:
        """Takes from what is still leased, else from this replica's share."""
        replicas = self._exchange.replicas
        waits_ns = [
            0 if bucket.fits(samples, now_ns) else bucket.local_wait_ns(samples, now_ns, replicas)
            for bucket in gate.buckets
        ]
        if any(waits_ns):
            raise self._refusal(gate, samples, waits_ns, now_ns)
        self._meters.rate_admitted("local", samples)
        is_low = False
        for bucket in gate.buckets:
            if bucket.fits(samples, now_ns):
                is_low |= bucket.take(samples, now_ns)
            else:
                is_low |= bucket.take_local(samples, now_ns, replicas)
        return self._tell(gate, now_ns) if is_low else None

    def _refuse_hopeless(self, gate: Gate[SharedBucket], samples: int, now_ns: int) -> None:
        """Raises RateLimited if a bucket surely has too little."""
        waits_ns = [0 if bucket.fits(samples, now_ns) else bucket.wait_ns(samples, now_ns) for bucket in gate.buckets]
        if any(waits_ns):
            for bucket in gate.buckets:
                bucket.release()
            raise self._refusal(gate, samples, waits_ns, now_ns)
