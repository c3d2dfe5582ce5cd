"""A limit that replicas share: this replica's lease of its tokens, and what it does while Redis cannot be reached.

The bucket itself is in Redis (`lease.lua`) and leases tokens in blocks of about 100 ms of recent use, so that a request
finds its token here. What is leased is already taken from the bucket: in any stretch of time, all replicas together
let no more through than the burst and the rate times its length and two leases' lives. While Redis is away, each
replica goes on with its share of the rate and of what was left; it debits that when Redis is back.
"""

from collections.abc import Callable
from typing import NamedTuple

from app.admission.limit import Limit

# How much recent use one lease covers, and how long its tokens live: what is not used by then has lapsed.
BLOCK_NS = 100_000_000
LEASE_LIFE_NS = 500_000_000
# A bucket that had less than was wanted is not asked again at once: under overload each request would ask.
PAUSE_NS = 10_000_000
# How long a request is refused on what Redis said last. Others may have given back tokens since.
NEWS_NS = 50_000_000
# The first lease of a large bucket, when nothing is known yet of its use; and what part of a burst one lease may hold,
# so that it does not keep from other replicas what nobody uses here.
_FIRST_BLOCK_MAX = 16
_PART_OF_BURST = 8


class Ask(NamedTuple):
    """What `lease.lua` is told of one bucket; times in microseconds."""

    tokens: int
    interval_us: float
    tolerance_us: float
    ahead_us: int
    move_us: int


class SharedBucket:
    """The tokens of one key as this replica knows them. Times are those of `time.monotonic_ns`.

    Args:
        key: where Redis keeps the bucket.
        limit: of all replicas together.
        refill: called when the next lease should be asked for.
    """

    __slots__ = (
        "_block", "_debt_told_ns", "_expires_at_ns", "_full_at_ns", "_heard_at_ns", "_interval_ns", "_is_due",
        "_largest_block", "_leased", "_least_block", "_local_full_at_ns", "_low_ns", "_next_ask_ns", "_refill",
        "_tolerance_ns", "_used", "_used_since_ns", "_wanted", "key", "limit",
    )  # fmt: skip

    def __init__(self, key: str, limit: Limit, refill: Callable[["SharedBucket"], None]) -> None:
        self.key = key
        self.limit = limit
        self._interval_ns, self._tolerance_ns = limit.interval_ns, limit.tolerance_ns
        self._low_ns = self._tolerance_ns * 4 // 5
        self._refill = refill
        self._leased = self._used = self._wanted = 0
        self._block = self._least_block = min(_FIRST_BLOCK_MAX, max(1, limit.burst // 64))
        self._largest_block = max(1, limit.burst // _PART_OF_BURST)
        self._heard_at_ns = self._expires_at_ns = self._used_since_ns = self._next_ask_ns = self._debt_told_ns = 0
        # When the bucket in Redis is full again, as last heard; and with what was let through here since without it.
        self._full_at_ns = self._local_full_at_ns = 0
        self._is_due = False

    def fits(self, tokens: int, now_ns: int) -> bool:
        """Whether so many are leased."""
        return tokens <= self._leased and now_ns < self._expires_at_ns

    def take(self, tokens: int, now_ns: int) -> bool:
        """Takes leased tokens; returns whether less than a fifth of the burst is left."""
        self._leased -= tokens
        self._used += tokens
        if self._leased * 2 < self._block and not self._is_due and now_ns >= self._next_ask_ns:
            self.refill()
        return self._full_at_ns - now_ns > self._low_ns

    def refill(self, wanted: int = 0) -> None:
        """Asks for the next lease; `wanted` tokens are waited for."""
        self._wanted += wanted
        if not self._is_due:
            self._is_due = True
            self._refill(self)

    def give_back(self, tokens: int, now_ns: int) -> None:
        """Returns tokens that were taken and not used: they are leased again, or go back if the lease has ended."""
        self._leased += tokens
        if now_ns >= self._expires_at_ns:
            self.refill()

    def release(self) -> None:
        """Returns what is leased beyond the next block: a large request was refused, and others may use it."""
        if self._leased > self._block:
            self.refill()

    def has_lapsed(self, now_ns: int) -> bool:
        """Whether it holds tokens that were not used in time, to be given back."""
        return self._leased > 0 and now_ns >= self._expires_at_ns

    def wait_ns(self, tokens: int, now_ns: int) -> int:
        """How long until so many may be there; 0: perhaps now, Redis knows."""
        # What has lapsed here is given back and granted again; what others give back is not known here for a while.
        wait_ns = self.full_in_ns(now_ns) + (tokens - self._leased) * self._interval_ns - self._tolerance_ns
        if wait_ns > 0 and now_ns < self._heard_at_ns + NEWS_NS:
            return wait_ns
        return max(0, self._next_ask_ns - now_ns)

    def local_wait_ns(self, tokens: int, now_ns: int, replicas: int) -> int:
        """How long until so many fit into this replica's share; 0: now. More than its share fit when it is full."""
        cost_ns = tokens * self._interval_ns * replicas
        return max(0, self._local_ahead_ns(now_ns) + cost_ns - max(self._tolerance_ns, cost_ns))

    def take_local(self, tokens: int, now_ns: int, replicas: int) -> bool:
        """Takes from this replica's share; returns whether less than a fifth of the burst is left."""
        cost_ns = tokens * self._interval_ns * replicas
        self._local_full_at_ns = now_ns + self._local_ahead_ns(now_ns) + cost_ns
        return self._local_full_at_ns - now_ns > self._low_ns

    def ask(self, now_ns: int, replicas: int) -> Ask:
        """What to tell Redis now: tokens wanted, and what was taken without it or is given back."""
        if now_ns >= self._expires_at_ns:
            kept, tokens = 0, max(self._wanted, self._least_block) if self._wanted else 0
        else:
            kept = min(self._leased, max(self._block, self._wanted))
            tokens = max(self._block, self._wanted) - kept
        given_back, self._leased = self._leased - kept, kept
        self._wanted = 0
        self._debt_told_ns = self._debt_ns(now_ns, replicas)
        return Ask(
            tokens,
            self._interval_ns / 1000,
            self._tolerance_ns / 1000,
            self.full_in_ns(now_ns) // 1000,
            -((given_back * self._interval_ns - self._debt_told_ns) // 1000),
        )

    def answered(self, asked: Ask, granted: int, ahead_us: int, now_ns: int, replicas: int) -> None:
        """Redis granted so many tokens and says how far ahead of now its bucket is."""
        self._learn_use(now_ns)
        self._leased += granted
        self._heard_at_ns, self._expires_at_ns = now_ns, now_ns + LEASE_LIFE_NS
        self._next_ask_ns = now_ns + PAUSE_NS if granted < asked.tokens else now_ns
        debt_ns = self._debt_ns(now_ns, replicas) - self._debt_told_ns
        self._full_at_ns = now_ns + ahead_us * 1000
        self._local_full_at_ns = self._full_at_ns + debt_ns * replicas if debt_ns > 0 else 0
        self._is_due = self._wanted > 0
        if self._is_due:
            self._refill(self)

    def _learn_use(self, now_ns: int) -> None:
        """The next block: what was used in the last 100 ms, or so far."""
        spell_ns = now_ns - self._used_since_ns
        block = max(self._block, self._used)
        if spell_ns >= BLOCK_NS:
            block = -(-self._used * BLOCK_NS // spell_ns)
            self._used, self._used_since_ns = 0, now_ns
        self._block = min(self._largest_block, max(self._least_block, block))

    def unanswered(self) -> None:
        """Redis did not answer; what was given back is lost."""
        self._wanted, self._is_due = 0, False

    def full_in_ns(self, now_ns: int) -> int:
        """How long until the shared bucket is full, as far as is known here."""
        return max(0, self._full_at_ns - now_ns)

    def left(self, now_ns: int) -> int:
        """Tokens that are there now, as far as is known here."""
        ahead_ns = max(self.full_in_ns(now_ns), self._local_ahead_ns(now_ns))
        return min(self.limit.burst, max(0, self._tolerance_ns - ahead_ns) // self._interval_ns + self._leased)

    def _local_ahead_ns(self, now_ns: int) -> int:
        return max(0, self._full_at_ns - now_ns, self._local_full_at_ns - now_ns)

    def _debt_ns(self, now_ns: int, replicas: int) -> int:
        """What this replica let through without a lease and the rate has not made good yet, in time of the bucket."""
        return (self._local_ahead_ns(now_ns) - self.full_in_ns(now_ns)) // replicas
