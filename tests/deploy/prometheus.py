"""Debian's Prometheus, on a free port, with this project's rules."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import yaml

from tests.ports import free_port

MONITORING = Path(__file__).parent.parent.parent / "deploy" / "monitoring"
_PATIENCE_S = 60.0


class Prometheus:
    """A running server."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def get(self, path: str, **parameters: str) -> Any:
        answer = self._client.get(f"/api/v1/{path}", params=parameters).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query."""
        found: list[dict[str, Any]] = self.get("query", query=expression)["result"]
        return found

    def value(self, expression: str) -> float | None:
        """The only value, or None."""
        found = self.query(expression)
        return float(found[0]["value"][1]) if found else None

    def wait(self, what: Callable[[], bool]) -> None:
        """Asks until it is so; Prometheus has its own clock."""
        deadline = time.monotonic() + _PATIENCE_S
        while not what():
            assert time.monotonic() < deadline, "Prometheus did not come so far."

    def is_ready(self) -> bool:
        try:
            return self._client.get("/-/ready").status_code == 200
        except httpx2.ConnectError:
            return False


@contextmanager
def scraping(port: str, folder: Path) -> Iterator[Prometheus]:
    """Prometheus with the committed rules, which scrapes 127.0.0.1:`port` every second."""
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    [job] = [job for job in config["scrape_configs"] if job["job_name"] == "rft-graders"]
    del job["dns_sd_configs"]
    job["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(MONITORING / "rules" / "*.yml")],
        "scrape_configs": [job],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    own = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={own}",
        "--log.level=error",
    ]
    process = subprocess.Popen(command)
    try:
        with httpx2.Client(base_url=f"http://{own}", timeout=30) as client:
            prometheus = Prometheus(client)
            prometheus.wait(prometheus.is_ready)
            yield prometheus
    finally:
        process.terminate()
        process.wait(timeout=30)
