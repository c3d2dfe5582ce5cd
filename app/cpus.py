"""How many CPUs this process may use: fewer than the machine has, in a container."""

import os
from contextlib import suppress
from math import ceil
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def usable_cpus(cgroup: Path = _CGROUP) -> int:
    """CPUs of this process's affinity, but no more than its container's quota, rounded up."""
    mine = len(os.sched_getaffinity(0))
    quota = _quota(cgroup)
    return mine if quota is None else min(mine, max(1, ceil(quota)))


def _quota(cgroup: Path) -> float | None:
    """CPUs that the control group may use (`cpu.max` of version 2, `cpu.cfs_*` of version 1); None: no limit."""
    for read in (_version_2, _version_1):
        # A file that is not there is of the other version; one that cannot be read says nothing.
        with suppress(OSError, ValueError):
            quota_us, period_us = read(cgroup)
            return quota_us / period_us if quota_us > 0 else None
    return None


def _version_2(cgroup: Path) -> tuple[int, int]:
    quota, period = (cgroup / "cpu.max").read_text().split()
    return -1 if quota == "max" else int(quota), int(period)


def _version_1(cgroup: Path) -> tuple[int, int]:
    quota, period = ((cgroup / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
    return int(quota), int(period)
