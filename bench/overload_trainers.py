"""How trainers call a reward service: their tries, what they try again, how long they pause (read in their sources).

| trainer | tries | tried again | pause before the next try |
| verl, sandbox_fusion client | 3 | 504 only | 1 s, 2 s |
| OpenRLHF, remote_rm | 5 | anything | 1 s |
| slime, remote_rm | 10 | anything | min(2^k, 30) s and up to 1 s of chance |
| polite SDK | 12 | lost connections, timeouts, 408, 429, 5xx | Retry-After, else 0.5 * 2^k up to 8 s, with chance |

None of the first three reads Retry-After or says how long it will wait; the SDK does both. Their own timeouts (30 to
180 s) are replaced by those of the bench, as their own limits of requests in flight are by none: the burst is what is
to be met.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

NO_ANSWER = 0
"""In place of a status: the client's time was up, or the connection was lost."""


@dataclass(frozen=True, slots=True)
class Trainer:
    """A client's ways.

    Attributes:
        tries: how often a sample is sent at most.
        tries_again: whether an answer of this status, or `NO_ANSWER`, is followed by another try.
        pause_s: seconds before try number k + 1 (k from 1), given the answer's Retry-After in seconds, if it was told.
        sends_timeout: whether X-Request-Timeout-Ms says how long the client will wait.
    """

    name: str
    tries: int
    tries_again: Callable[[int], bool]
    pause_s: Callable[[int, float], float]
    sends_timeout: bool = False


def _anything(status: int) -> bool:
    return True


def _nothing(status: int) -> bool:
    return False


def _gateway_timeout(status: int) -> bool:
    return status == 504


def _may_pass(status: int) -> bool:
    return status in {NO_ANSWER, 408, 429} or status >= 500


def _one_second(tried: int, retry_after_s: float) -> float:
    return 1.0


def _linear(tried: int, retry_after_s: float) -> float:
    return float(tried)


def _doubling(tried: int, retry_after_s: float) -> float:
    return min(2 ** (tried - 1), 30) + random.random()


def _as_told(tried: int, retry_after_s: float) -> float:
    if retry_after_s:
        return retry_after_s * random.uniform(1.0, 1.25)
    return random.uniform(0.5, 1.0) * min(8.0, 0.5 * 2**tried)


VERL = Trainer("verl", 3, _gateway_timeout, _linear)
OPEN_RLHF = Trainer("OpenRLHF", 5, _anything, _one_second)
SLIME = Trainer("slime", 10, _anything, _doubling)
POLITE = Trainer("polite SDK", 12, _may_pass, _as_told, sends_timeout=True)
ONCE = Trainer("once", 1, _nothing, _one_second)
"""Sends every sample once, to measure goodput."""

TRAINERS = (OPEN_RLHF, VERL, SLIME, POLITE)
