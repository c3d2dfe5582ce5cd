"""A real service for a test: `rft-graders serve` in a process of its own, on a free port, with settings of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

import httpx2

from tests.schemas import new_sqlite

START_TIMEOUT_S = 150
_URL = re.compile(r"API +(http://\S+)")


class Server:
    """`with Server(data_dir) as server:`; `server.url` answers, `server.client` is an HTTP client for it.

    Its embedded database has the schema, as at every start but the first; `test_serve_start.py` has the first.
    """

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.settings = {
            "RFT_PORT": "0",
            "RFT_METRICS_PORT": "-1",
            "RFT_WORKERS": "1",
            "RFT_SANDBOX_SLOTS": "0",
            **settings,
        }
        self.log: list[str] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts the service and waits until it is ready."""
        embedded = self.data_dir / "rft.sqlite3"
        if "RFT_DATABASE_URL" not in self.settings and not embedded.exists():
            new_sqlite(embedded)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RFT_")}
        environment |= {"RFT_DATA_DIR": str(self.data_dir), "COLUMNS": "200", **self.settings}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.url = self._printed_url()
        self._drain = threading.Thread(target=self._keep_log, daemon=True)
        self._drain.start()
        self.client = httpx2.Client(base_url=self.url, timeout=30)
        answer = self.client.get("/healthz")
        assert answer.status_code == 200, answer.text

    def stop(self) -> int:
        """Asks the service to stop; returns its exit code."""
        self.client.close()
        if self.process.poll() is None:
            self.process.terminate()
        return self._reap()

    def kill(self) -> None:
        """SIGKILL: what a power cut leaves of the process."""
        self.client.close()
        self.process.send_signal(signal.SIGKILL)
        self._reap()

    def _reap(self) -> int:
        code = self.process.wait(timeout=30)
        self._drain.join(timeout=10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def _printed_url(self) -> str:
        assert self.process.stdout is not None
        watchdog = threading.Timer(START_TIMEOUT_S, self.process.kill)
        watchdog.start()
        try:
            for line in self.process.stdout:
                self.log.append(line)
                if found := _URL.search(line):
                    return found[1]
        finally:
            watchdog.cancel()
        raise AssertionError("The service did not start:\n" + "".join(self.log))

    def _keep_log(self) -> None:
        assert self.process.stdout is not None
        self.log.extend(self.process.stdout)
