"""The system calls that Docker's default profile allows a container without capabilities, as a profile for Podman.

Podman's own default is wider: it lets a container make user namespaces. Docker's and containerd's do not, and it is
under theirs that most people run the service (moby, profiles/seccomp/default.json).
"""

import json
from pathlib import Path
from typing import Any

PODMANS = Path("/usr/share/containers/seccomp.json")

# Docker's profile allows these with CAP_SYS_ADMIN only.
_DENIED = {
    "bpf", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick", "lookup_dcookie", "mount", "mount_setattr",
    "move_mount", "open_tree", "perf_event_open", "pivot_root", "quotactl", "quotactl_fd", "setdomainname",
    "sethostname", "setns", "syslog", "umount", "umount2", "unshare",
}  # fmt: skip
_ENOSYS = 38
# Every CLONE_NEW flag but the one for time.
_NAMESPACES = 0x7E020000


def write_dockers(file: Path) -> None:
    """Writes the profile, made of Podman's."""
    file.write_text(json.dumps(like_dockers(json.loads(PODMANS.read_text()))))


def like_dockers(podmans: dict[str, Any]) -> dict[str, Any]:
    """Podman's profile without the calls that Docker's keeps for CAP_SYS_ADMIN, and no namespaces from `clone`."""
    moved = _DENIED | {"clone", "clone3"}
    kept = [rule | {"names": [name for name in rule["names"] if name not in moved]} for rule in podmans["syscalls"]]
    without_namespaces = {"index": 0, "value": _NAMESPACES, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}
    own = [
        {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [without_namespaces]},
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS, "args": []},
        {"names": sorted(_DENIED), "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": []},
    ]
    return podmans | {"syscalls": [rule for rule in kept if rule["names"]] + own}
