"""A stored key as the caller that it lets in."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from app.auth import SCOPES, Caller, Limits
from app.ledger import StoredKey


@dataclass(frozen=True, slots=True)
class HeldKey:
    """What is known of a key while the service runs."""

    sha256: bytes
    caller: Caller
    ends_s: float
    """Seconds since the epoch; infinity: never."""
    is_revoked: bool = False


NO_KEY = HeldKey(bytes(32), Caller(""), -math.inf)
"""What a hash that is not stored is compared with. No input is known whose SHA-256 is 0."""


def held(keys: Iterable[StoredKey]) -> dict[bytes, HeldKey]:
    """`keys` by the first half of their hashes; of two with one hash the later one counts."""
    return {key.sha256[:16]: _held(key) for key in keys}


def _held(key: StoredKey) -> HeldKey:
    # A scope that only a later release knows means nothing to this one.
    scopes = frozenset(scope for scope in SCOPES if scope in key.scopes)
    limits = Limits(key.rate_per_s, key.burst, key.concurrency, key.weight)
    ends_us = key.expires_us if key.revoked_us is None else key.revoked_us
    return HeldKey(
        key.sha256,
        Caller(key.name, scopes, limits),
        math.inf if ends_us is None else ends_us / 1e6,
        key.revoked_us is not None,
    )
