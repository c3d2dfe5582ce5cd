"""What docker-compose.yml says of the service, as arguments of `podman run`."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from deploy.trial.engine import ulimits
from deploy.trial.images import PROJECT

FILE = PROJECT / "docker-compose.yml"
SERVICE = "rft-graders"


def service() -> dict[str, Any]:
    """The service's part of the file, with the defaults of its variables."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", FILE.read_text())
    found: dict[str, Any] = yaml.safe_load(text)["services"][SERVICE]
    return found


def restrictions() -> Iterator[str]:
    """What holds the container: a read-only root, no capability, no new privileges, memory, processes, files."""
    wanted = service()
    if wanted["read_only"]:
        yield "--read-only"
    yield from (f"--cap-drop={name}" for name in wanted["cap_drop"])
    yield from (f"--security-opt={option}" for option in wanted["security_opt"])
    yield from (f"--tmpfs={place}" for place in wanted["tmpfs"])
    yield f"--memory={wanted['mem_limit']}"
    yield f"--pids-limit={wanted['pids_limit']}"
    yield from (f"--ulimit={name}={most}:{most}" for name, most in ulimits(wanted["ulimits"]["nofile"]).items())


def override() -> str:
    """A second file for compose: the same limits, but no higher than this machine may give."""
    text: str = yaml.safe_dump({"services": {SERVICE: {"ulimits": ulimits(service()["ulimits"]["nofile"])}}})
    return text
