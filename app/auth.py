"""Who is asking. Without API keys every caller is `local`, and only this machine is served."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of an API key; the owner of the runs and idempotency keys it names."""

    name: str


LOCAL = Caller("local")
