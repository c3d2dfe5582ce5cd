"""How many samples a second a caller may send, in all and to one grader.

A plain call where there are tokens: it is on the way of every grade. A batch takes a token for each of its samples and
passes as a whole or not at all.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic_ns
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from app.admission.bucket import Bucket
from app.admission.limit import NS_PER_S, Limit, Quota, quota_headers
from app.admission.shared_bucket import SharedBucket
from app.auth import Caller
from app.errors import BatchOverBurst, RateLimited

ANY_GRADER = "*"

Kind = TypeVar("Kind", Bucket, SharedBucket)


Way = Literal["at_once", "held", "local"]
"""How samples come by their tokens: there are some, after a moment's wait for a lease, or without Redis."""


class Meters(Protocol):
    def rate_admitted(self, how: Way, samples: int) -> None: ...
    def rate_limited(self, limit: str, samples: int) -> None: ...


@dataclass(frozen=True)
class Rates:
    """Which limits hold for whom.

    Attributes:
        rate_per_s: of each caller that brings none of its own; None: no limit.
        burst: samples at once, of every limit; a caller's own wins for its own limit.
        grader_rates: of each caller, by grader id; `*` is every grader that is not named.
    """

    rate_per_s: float | None = None
    burst: int = 16_384
    grader_rates: Mapping[str, float] = field(default_factory=dict)

    def of_caller(self, caller: Caller) -> Limit | None:
        own = caller.limits
        rate_per_s = self.rate_per_s if own.rate_per_s is None else own.rate_per_s
        burst = self.burst if own.burst is None else own.burst
        return None if rate_per_s is None else Limit(rate_per_s, burst)

    def of_grader(self, grader: str) -> Limit | None:
        rate_per_s = self.grader_rates.get(grader, self.grader_rates.get(ANY_GRADER))
        return None if rate_per_s is None else Limit(rate_per_s, self.burst)


class Key(NamedTuple):
    """Whose tokens a bucket holds: a caller's, or what it may send to one grader."""

    caller: str
    grader: str = ""

    @property
    def limit(self) -> str:
        return "grader" if self.grader else "caller"


class Gate(NamedTuple, Generic[Kind]):
    """What a caller must pass on its way to one grader."""

    caller: Caller
    buckets: tuple[Kind, ...]
    keys: tuple[Key, ...]


class Limiter(ABC, Generic[Kind]):
    """What limits of one process and shared ones have in common: finding the buckets, and refusing.

    `admit` must stay a plain call of a few hundred nanoseconds.
    """

    def __init__(self, rates: Rates, meters: Meters) -> None:
        self._rates = rates
        self._meters = meters
        self._gates: dict[tuple[str, str], Gate[Kind]] = {}
        # Keys of one caller may bring different limits, each with tokens of its own.
        self._buckets: dict[tuple[Key, Limit], Kind] = {}

    def admit(self, caller: Caller, grader: str, samples: int) -> Awaitable[Sequence[Quota]] | None:
        """Takes a token per sample from every limit of `caller`, or from none.

        Args:
            caller: who asks.
            grader: the id of the version that is to judge.
            samples: how many; at least one.

        Returns:
            None: they may be judged, and there is plenty left. Else what to wait for; it gives the quotas that the
            caller should be told of.

        Raises:
            RateLimited: not now; nothing was taken. The awaitable may raise it too.
            BatchOverBurst: never as one request.
        """
        gate = self._gates.get((caller.name, grader))
        if gate is None or gate.caller is not caller:
            gate = self._open(caller, grader)
        buckets = gate.buckets
        if not buckets:
            return None
        now_ns = monotonic_ns()
        for bucket in buckets:
            if not bucket.fits(samples, now_ns):
                return self._short(gate, samples, now_ns)
        self._meters.rate_admitted("at_once", samples)
        return self._taken(gate, samples, now_ns)

    def give_back(self, caller: Caller, grader: str, samples: int) -> None:
        """Returns tokens that `admit` took for samples which nothing was spent on."""
        gate = self._gates.get((caller.name, grader))
        now_ns = monotonic_ns()
        for bucket in gate.buckets if gate is not None else ():
            bucket.give_back(samples, now_ns)

    @property
    @abstractmethod
    def redis(self) -> str:
        """How Redis is, in a word or a sentence."""

    def _taken(self, gate: Gate[Kind], samples: int, now_ns: int) -> Awaitable[Sequence[Quota]] | None:
        """Takes tokens that fit. As `admit`."""
        is_low = False
        for bucket in gate.buckets:
            if bucket.take(samples, now_ns):
                is_low = True
        return self._tell(gate, now_ns) if is_low else None

    @abstractmethod
    def _short(self, gate: Gate[Kind], samples: int, now_ns: int) -> Awaitable[Sequence[Quota]] | None:
        """Not enough tokens are at hand. As `admit`."""

    @abstractmethod
    def _new_bucket(self, key: Key, limit: Limit) -> Kind:
        """A full bucket of `limit`."""

    def _open(self, caller: Caller, grader: str) -> Gate[Kind]:
        """The gate of `caller` to `grader`, with the limits that it brings now."""
        limits = {
            Key(caller.name): self._rates.of_caller(caller),
            Key(caller.name, grader): self._rates.of_grader(grader),
        }
        held = [(key, self._bucket(key, limit)) for key, limit in limits.items() if limit is not None]
        gate = Gate(caller, tuple(bucket for _, bucket in held), tuple(key for key, _ in held))
        self._gates[caller.name, grader] = gate
        return gate

    def _bucket(self, key: Key, limit: Limit) -> Kind:
        bucket = self._buckets.get((key, limit))
        if bucket is None:
            self._buckets[key, limit] = bucket = self._new_bucket(key, limit)
        return bucket

    async def _tell(self, gate: Gate[Kind], now_ns: int) -> Sequence[Quota]:
        """How the caller stands with each limit, to be told since little is left."""
        return _quotas(gate, [bucket.full_in_ns(now_ns) for bucket in gate.buckets], now_ns)

    def _check_burst(self, gate: Gate[Kind], samples: int) -> None:
        """Raises BatchOverBurst."""
        for key, bucket in zip(gate.keys, gate.buckets, strict=True):
            if samples > bucket.limit.burst:
                raise BatchOverBurst(
                    f"{samples} samples were sent at once; the {_whose(key)} is {_rate(bucket.limit)}. Send at most "
                    f"{bucket.limit.burst} in a request."
                )

    def _refusal(self, gate: Gate[Kind], samples: int, waits_ns: Sequence[int], now_ns: int) -> RateLimited:
        """The error that says which limits have too little left, and when the same request would fit."""
        wait_s = max(waits_ns) / NS_PER_S
        # Shared tokens may be known of, and yet not be there for another moment: no refusal says that enough are left.
        quotas = [
            replace(quota, left=min(quota.left, samples - 1)) if wait_ns else quota
            for quota, wait_ns in zip(_quotas(gate, waits_ns, now_ns), waits_ns, strict=True)
        ]
        short = [(key, quota) for key, quota, wait_ns in zip(gate.keys, quotas, waits_ns, strict=True) if wait_ns > 0]
        for key, _ in short:
            self._meters.rate_limited(key.limit, samples)
        limits = "; ".join(f"the {_whose(key)} is {_rate(quota.limit)}, {quota.left} left now" for key, quota in short)
        detail = f"{samples} samples were sent: {limits}. The same request fits in {wait_s:.3f} s."
        return RateLimited(detail, wait_s, tuple(key.limit for key, _ in short), quota_headers(quotas))


class RateLimits(Limiter[Bucket]):
    """Limits of this process alone."""

    @property
    def redis(self) -> str:
        return "not configured"

    def _new_bucket(self, key: Key, limit: Limit) -> Bucket:
        return Bucket(limit)

    def _short(self, gate: Gate[Bucket], samples: int, now_ns: int) -> Awaitable[Sequence[Quota]]:
        self._check_burst(gate, samples)
        waits_ns = [bucket.wait_ns(samples, now_ns) for bucket in gate.buckets]
        raise self._refusal(gate, samples, waits_ns, now_ns)


def _quotas(gate: Gate[Kind], windows_ns: Iterable[int], now_ns: int) -> list[Quota]:
    return [
        Quota(key.limit, bucket.limit, key.grader, bucket.left(now_ns), window_ns / NS_PER_S)
        for key, bucket, window_ns in zip(gate.keys, gate.buckets, windows_ns, strict=True)
    ]


def _whose(key: Key) -> str:
    return f"limit of caller {key.caller!r}" + (f" for grader {key.grader}" if key.grader else "")


def _rate(limit: Limit) -> str:
    return f"{limit.rate_per_s:g} samples a second, {limit.burst} at once"
