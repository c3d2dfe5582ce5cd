"""Wrong keys per address. Nobody can guess a key; whoever tries anyway is not to cost hashes, log lines or patience.

An address from which a right key has come is never shut out: behind a proxy it stands for many callers, and a neighbour
with a mistyped key must not stop a training job.
"""

import ipaddress
import logging
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)

MOST = 20
"""Wrong keys within a window after which an address is not listened to."""
WINDOW_S = 60.0
BLOCKED_S = 60.0
_ADDRESSES_MAX = 10_000
_TRUSTED_S = 3600.0


class Guesses:
    """Counts wrong keys. Times are those of `clock`, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.blocked: dict[str, float] = {}
        """Network -> when it is listened to again. Empty nearly always."""
        self._wrong: dict[str, tuple[float, int]] = {}
        self._trusted: set[str] = set()
        self._trusted_before: set[str] = set()
        self._turned = clock()

    def is_blocked(self, address: str) -> bool:
        network = _network(address)
        until = self.blocked.get(network)
        if until is None:
            return False
        if self._clock() < until:
            return True
        del self.blocked[network]
        return False

    def right(self, address: str) -> None:
        """A right key came from `address`."""
        if address not in self._trusted:
            self._turn_if_due()
            self._trusted |= {address, _network(address)}

    def wrong(self, address: str) -> None:
        """A wrong key came from `address`."""
        self._turn_if_due()
        network, now = _network(address), self._clock()
        began, count = self._wrong.pop(network, (now, 0))
        if now - began >= WINDOW_S:
            began, count = now, 0
        count += 1
        if count == 1:
            _log.warning("Wrong API key from %s; more from there within a minute are counted, not logged", network)
        _bound(self._wrong)
        self._wrong[network] = began, count
        if count >= MOST and network not in self._trusted | self._trusted_before:
            _log.warning("%d wrong API keys from %s: no key from there is read for %g s", count, network, BLOCKED_S)
            _bound(self.blocked)
            self.blocked[network] = now + BLOCKED_S
            del self._wrong[network]

    def _turn_if_due(self) -> None:
        """Forgets whom it has trusted for two periods, and the eldest where there are very many."""
        now = self._clock()
        if now - self._turned >= _TRUSTED_S or len(self._trusted) >= _ADDRESSES_MAX:
            self._trusted, self._trusted_before, self._turned = set(), self._trusted, now


def _network(address: str) -> str:
    """What one guesser can have: an IPv4 address, or an IPv6 network of 64 bits."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address


def _bound(addresses: dict[str, tuple[float, int]] | dict[str, float]) -> None:
    if len(addresses) >= _ADDRESSES_MAX:
        del addresses[next(iter(addresses))]
