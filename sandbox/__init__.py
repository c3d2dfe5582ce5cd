"""Runs untrusted programs in jailed processes. Start with README.md; `Sandbox` is all that a service needs."""

from sandbox.errors import BadProgram, DeadlinePassed, SandboxError, SlotLost, Unavailable
from sandbox.inside.protocol import VERSION
from sandbox.pool import Sandbox
from sandbox.settings import SandboxSettings

__all__ = [
    "VERSION",
    "BadProgram",
    "DeadlinePassed",
    "Sandbox",
    "SandboxError",
    "SandboxSettings",
    "SlotLost",
    "Unavailable",
]
