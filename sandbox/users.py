"""User ids that nobody else has, one for every process of the sandbox, where the service may give them."""

import os
import secrets
from collections.abc import Iterator
from itertools import cycle, repeat
from pathlib import Path

_PER_SERVICE = 256
_HIGH, _LOW = 100_000, 20_000
_SERVICES = 4_096


def users() -> Iterator[int | None]:
    """Ids to drop to, each next one another; None for ever where this process is not root.

    Services on one host take different ranges by chance: the kernel counts a user's threads on the whole host, and in
    containers all services have the same process id. A container may map only the first 65,536 ids.
    """
    if os.geteuid() != 0:
        return repeat(None)
    is_wide = _mapped_below() >= _HIGH + _SERVICES * _PER_SERVICE
    first, services = (_HIGH, _SERVICES) if is_wide else (_LOW, (65_000 - _LOW) // _PER_SERVICE)
    first += secrets.randbelow(services) * _PER_SERVICE
    return cycle(range(first, first + _PER_SERVICE))


def _mapped_below() -> int:
    """The first id above the range that 0 lies in."""
    rows = [tuple(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
    return max((inside + count for inside, _, count in rows), default=0)
