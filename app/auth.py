"""Who is asking, and what they may do. Keys themselves are `app/keys/`."""

from dataclasses import dataclass
from typing import Literal, get_args

Scope = Literal["grade", "admin", "trusted_tests"]
"""What the operator allows the holder of a key.

`grade`: ask for judgements. `admin`: make recipes and read what other callers were given. `trusted_tests`: its tests
(never its programs) may share a process, so that they are judged faster.
"""

SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator allows one caller to take; None: the service's own default."""

    rate_per_s: float | None = None
    """Samples per second."""
    burst: int | None = None
    """Samples at one instant."""
    concurrency: int | None = None
    """Samples at a time in workers, and in the sandbox; more wait for their turn."""
    weight: float = 1.0
    """Its share of a scarce resource, beside the weights of the others who wait for it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of an API key; the owner of the runs and idempotency keys it names."""

    name: str
    scopes: frozenset[Scope] = frozenset()
    limits: Limits = Limits()


LOCAL = Caller("local", frozenset(SCOPES))
"""Whoever asks from this machine while there is no key."""

ANONYMOUS = Caller("local", frozenset[Scope]({"grade", "admin"}))
"""Whoever asks from another machine, where callers without a key are served (RFT_ALLOW_ANONYMOUS)."""
