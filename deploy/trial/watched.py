"""The profile `monitoring` of docker-compose.yml without Grafana: Prometheus finds the service and Alertmanager."""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

from deploy.trial.engine import Failed
from deploy.trial.report import say

_TIMEOUT_S = 60
_UP = "query?query=" + quote('up{job="rft-graders"} == 1')


def try_watched(compose: Callable[..., str], port: int) -> None:
    """Starts both beside the running service; Prometheus must see all three, and know the rules.

    Raises:
        Failed: it does not.
    """
    compose("--profile", "monitoring", "up", "--detach", "--no-build", "prometheus", "alertmanager")
    base = f"http://127.0.0.1:{port}/api/v1/"
    _wait(base + _UP, lambda data: data["result"], "the service's metrics")
    _wait(base + "alertmanagers", lambda data: data["activeAlertmanagers"], "Alertmanager")
    groups = _wait(base + "rules", lambda data: data["groups"], "rules")
    wrong = [rule["name"] for group in groups for rule in group["rules"] if rule["health"] == "err"]
    if wrong:
        raise Failed(f"Rules that Prometheus cannot evaluate: {wrong}")
    count = sum(len(group["rules"]) for group in groups)
    say("Prometheus", f"scrapes the service, knows Alertmanager and {count} rules")


def _wait(url: str, found: Callable[[dict[str, Any]], Any], what: str) -> Any:
    until = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < until:
        try:
            with urlopen(url, timeout=5) as response:
                seen = found(json.load(response)["data"])
        except OSError:
            seen = None
        if seen:
            return seen
        time.sleep(0.2)
    raise Failed(f"Prometheus did not see {what} within {_TIMEOUT_S} s.")
