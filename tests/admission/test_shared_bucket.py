"""Leases: whatever happens to Redis, replicas together let no more through than they should, and it is settled later.

Time is a number here, and Redis a slow model of `lease.lua`; the script itself is tested on a real one.
"""

import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from app.admission.limit import NS_PER_S, Limit
from app.admission.shared_bucket import LEASE_LIFE_NS, NEWS_NS, Ask, SharedBucket

MS = 1_000_000


class Model:
    """The bucket in Redis, in microseconds."""

    def __init__(self) -> None:
        self.full_at_us: int | None = None

    def lease(self, ask: Ask, now_ns: int) -> tuple[int, int]:
        now_us = now_ns // 1000
        known_us = now_us + ask.ahead_us if self.full_at_us is None else self.full_at_us
        full_at_us = max(max(known_us, now_us) + ask.move_us, now_us)
        left = math.floor((ask.tolerance_us - (full_at_us - now_us)) / ask.interval_us + 1e-6)
        granted = max(0, min(ask.tokens, left))
        self.full_at_us = math.ceil(full_at_us + granted * ask.interval_us)
        return granted, self.full_at_us - now_us


class World:
    """Replicas, their Redis and one clock."""

    def __init__(self, limit: Limit, replicas: int) -> None:
        self.model = Model()
        self.is_away = False
        self.now_ns = 10**12
        self.taken: list[tuple[int, int]] = []
        self.due: set[SharedBucket] = set()
        self.buckets = [SharedBucket("key", limit, self.due.add) for _ in range(replicas)]

    def trade(self, bucket: SharedBucket, latency_ns: int = 0) -> None:
        """One round trip, which takes `latency_ns`."""
        self.due.discard(bucket)
        ask = bucket.ask(self.now_ns, len(self.buckets))
        granted, ahead_us = self.model.lease(ask, self.now_ns)
        self.now_ns += latency_ns
        bucket.answered(ask, granted, ahead_us, self.now_ns, len(self.buckets))

    def send(self, bucket: SharedBucket, samples: int, latency_ns: int = 0) -> bool:
        """One request, held for a round trip where it must be."""
        if bucket in self.due and not self.is_away:
            self.trade(bucket)
        if self._take(bucket, samples):
            return True
        if not self.is_away and not bucket.wait_ns(samples, self.now_ns):
            bucket.refill(samples)
            self.trade(bucket, latency_ns)
            return self._take(bucket, samples)
        return False

    def _take(self, bucket: SharedBucket, samples: int) -> bool:
        if bucket.fits(samples, self.now_ns):
            bucket.take(samples, self.now_ns)
        elif self.is_away and not bucket.local_wait_ns(samples, self.now_ns, len(self.buckets)):
            bucket.take_local(samples, self.now_ns, len(self.buckets))
        else:
            return False
        self.taken.append((self.now_ns, samples))
        return True

    def admitted(self) -> int:
        return sum(samples for _, samples in self.taken)

    def flood(self, seconds: float, every_ns: int = MS) -> None:
        """One sample a millisecond at each replica, in turn."""
        for _ in range(int(seconds * NS_PER_S) // every_ns):
            for bucket in self.buckets:
                self.send(bucket, 1)
            self.now_ns += every_ns


rates = st.floats(1, 5000) | st.sampled_from([3.0, 2000.0])
gaps_ns = st.integers(0, 50 * MS) | st.integers(0, 1000) | st.integers(0, 3 * NS_PER_S)
# (time since the last request, replica, samples, round trip)
requests = st.lists(
    st.tuples(gaps_ns, st.integers(0, 2), st.integers(1, 60), st.integers(0, 20 * MS)), min_size=1, max_size=80
)


@given(rates, st.integers(60, 500), requests)
def test_no_stretch_of_time_holds_more_than_burst_and_rate_and_two_lease_lives(rate, burst, sent) -> None:
    world = World(Limit(rate, burst), 3)
    for gap_ns, replica, samples, latency_ns in sent:
        world.now_ns += gap_ns
        world.send(world.buckets[replica], samples, latency_ns)
    for first, (start_ns, _) in enumerate(world.taken):
        total = 0
        for end_ns, samples in world.taken[first:]:
            total += samples
            # The bucket's clock ticks in microseconds.
            length_ns = end_ns - start_ns + 2 * LEASE_LIFE_NS + 1000
            assert total <= burst + Fraction(length_ns) * Fraction(rate) / NS_PER_S + Fraction(1, 100)


@given(rates, st.integers(60, 500), st.integers(1, 500))
def test_a_whole_burst_passes_at_one_replica_at_once(rate, burst, samples) -> None:
    world = World(Limit(rate, burst), 3)

    assert world.send(world.buckets[0], min(samples, burst))


@given(rates, st.integers(60, 500), requests)
def test_alone_it_refuses_only_what_does_not_fit(rate, burst, sent) -> None:
    """What is leased to the only replica is all still there, but for tokens that lapsed."""
    limit = Limit(rate, burst)
    world = World(limit, 1)
    [bucket] = world.buckets
    for gap_ns, _, samples, _ in sent:
        world.now_ns += gap_ns
        left = bucket.left(world.now_ns)
        if not world.send(bucket, samples):
            assert bucket.left(world.now_ns) < samples or bucket.wait_ns(samples, world.now_ns) <= 10 * MS, left


def test_a_flood_at_three_replicas_is_let_through_to_within_a_hundredth() -> None:
    world = World(Limit(1000, 2000), 3)

    world.flood(10)

    assert 0.99 * 12_000 <= world.admitted() <= 12_000


def test_while_redis_is_away_the_shares_sum_up_to_the_rate_and_are_debited_afterwards() -> None:
    world = World(Limit(1000, 2000), 3)
    world.flood(4)
    world.is_away = True
    world.flood(3)
    world.is_away = False
    world.flood(3)

    # Leases that were out when Redis went are the only excess.
    assert 0.99 * 12_000 <= world.admitted() <= 12_000 + 3 * 100


def test_a_burst_while_redis_is_away_is_not_given_twice() -> None:
    world = World(Limit(10, 3000), 3)
    world.flood(0.1)
    world.is_away = True
    world.flood(2)
    world.is_away = False
    world.flood(2)

    assert 0.99 * 3041 <= world.admitted() <= 3041 + 3 * 100


def test_a_redis_that_lost_everything_is_told_how_it_stood() -> None:
    world = World(Limit(100, 3000), 3)
    world.flood(2)
    world.model.full_at_us = None
    world.flood(2)

    assert world.admitted() <= 3000 + 400


def test_idle_time_while_redis_is_away_is_not_debited() -> None:
    world = World(Limit(100, 300), 1)
    [bucket] = world.buckets
    world.send(bucket, 1)
    world.is_away = True
    world.now_ns += NS_PER_S
    assert world.send(bucket, 250)
    world.now_ns += 60 * NS_PER_S
    world.is_away = False

    assert world.send(bucket, 300)


def test_what_a_refused_batch_was_leased_is_given_back() -> None:
    world = World(Limit(1, 1000), 2)
    here, there = world.buckets
    assert world.send(here, 1)
    assert world.send(there, 600)
    # Here nobody knows that yet, so it asks, and is granted less.
    assert not world.send(here, 500)
    assert not world.send(there, 250)
    here.release()
    world.trade(here)

    world.now_ns += NEWS_NS
    assert world.send(there, 250)


def test_what_was_not_used_in_time_is_given_back() -> None:
    world = World(Limit(0.1, 1000), 2)
    here, there = world.buckets
    assert world.send(here, 600)
    world.trade(here)
    world.now_ns += LEASE_LIFE_NS
    assert not here.fits(1, world.now_ns)
    assert here.has_lapsed(world.now_ns)
    world.trade(here)

    assert world.send(there, 400)


def test_more_than_its_share_passes_a_lone_replica_when_it_is_full() -> None:
    """Else a batch of half the burst would never pass while Redis is away."""
    world = World(Limit(10, 1000), 4)
    world.is_away = True

    assert world.send(world.buckets[0], 900)
    assert not world.send(world.buckets[0], 1)
