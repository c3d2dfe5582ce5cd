"""Who is asking. Without API keys every caller is `local`, and only this machine is served unless the operator decides
otherwise."""

from dataclasses import dataclass
from typing import Literal

Scope = Literal["trusted_tests"]
"""What the operator allows the holder of a key. `trusted_tests`: its tests (never its programs) may share a process, so
that they are judged faster."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of an API key; the owner of the runs and idempotency keys it names."""

    name: str
    scopes: frozenset[Scope] = frozenset()


LOCAL = Caller("local", frozenset({"trusted_tests"}))
"""Whoever asks from this machine."""

ANONYMOUS = Caller("local")
"""Whoever asks from another machine, where callers without a key are served (RFT_ALLOW_ANONYMOUS)."""
