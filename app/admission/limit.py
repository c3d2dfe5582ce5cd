"""A limit, what is left of it, and the headers that say so."""

import math
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Limit:
    """`rate_per_s` tokens a second, and at most `burst` at once. One token is one sample."""

    rate_per_s: float
    burst: int

    @property
    def interval_ns(self) -> int:
        """From one token to the next, rounded up: never more tokens than the rate allows."""
        return math.ceil(NS_PER_S / self.rate_per_s)

    @property
    def tolerance_ns(self) -> int:
        """From an empty bucket to a full one."""
        return self.burst * self.interval_ns


@dataclass(frozen=True, slots=True)
class Quota:
    """How a caller stands with one limit.

    Attributes:
        name: `caller`, or `grader`: the caller's share of one grader.
        partition: the grader of a `grader` limit, else empty.
        left: tokens that are there now.
        window_s: when the bucket is full again; for a refusal, when the same request would fit.
    """

    name: str
    limit: Limit
    partition: str
    left: int
    window_s: float


def quota_headers(quotas: Sequence[Quota]) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11): structured fields, whole seconds.

    The unit is the draft's default, requests: a batch counts as one for each of its samples.
    """
    if not quotas:
        return {}
    return {
        "RateLimit-Policy": ", ".join(_policy(quota) for quota in quotas),
        "RateLimit": ", ".join(
            f'"{quota.name}";r={quota.left};t={math.ceil(quota.window_s)}{_partition(quota)}' for quota in quotas
        ),
    }


def _policy(quota: Quota) -> str:
    limit = quota.limit
    window_s = max(1, math.ceil(limit.burst / limit.rate_per_s))
    return f'"{quota.name}";q={limit.burst};w={window_s}{_partition(quota)}'


def _partition(quota: Quota) -> str:
    return f";pk=:{b64encode(quota.partition.encode()).decode()}:" if quota.partition else ""
