"""The service under a policy of admission, with a scarce grader, two callers and a count of what was executed."""

import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SLOTS = 16
CALL_S = 0.04
GRADER = "scarce@v1"
PATH = f"/v1/graders/{GRADER}/grade"

# What an operator would set: the trainer's time less what an answer needs to come back.
DEADLINE_SHARE = 0.93
# Half of the capacity for each of two callers, and two seconds of it at once.
RATE_PER_S = SLOTS / CALL_S / 2
BURST = int(2 * RATE_PER_S)

_HERE = Path(__file__).parent
_URL = re.compile(r"API +http://\S+:(\d+)")

# Each call leaves one byte: what is executed is counted where it is executed.
_SOURCE = '''"""Takes {call_s} s, whatever it is given."""
import os, time
from pydantic import BaseModel, ConfigDict, Field
from graders.api import Grade
VERDICTS = ("done",)
_counter = os.open({counter!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
class Item(BaseModel):
    number: int = Field(description="Its number.")
class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")
def grade(sample, item, config, results):
    os.write(_counter, b".")
    time.sleep({call_s})
    return Grade(1.0, "done", "Slept.")
'''


@dataclass(frozen=True)
class Service:
    """A running service.

    Attributes:
        keys: of the callers `a` and `b`.
        counter: a file with one byte per call that was executed.
    """

    port: int
    pid: int
    keys: dict[str, str]
    counter: Path

    @property
    def executed(self) -> int:
        return self.counter.stat().st_size

    def settle(self) -> int:
        """Waits until nothing is executed any more; how many calls were."""
        before, executed = -1, self.executed
        while before != executed:
            time.sleep(0.5)
            before, executed = executed, self.executed
        return executed


@contextmanager
def running(policy: str, timeout_s: float, folder: Path) -> Iterator[Service]:
    """The service under `policy`, for clients that wait `timeout_s`; its files are in `folder`."""
    counter, keys = folder / "executed", _write_keys(folder / "keys.toml")
    _write_grader(folder / "graders", counter)
    settings = {
        "RFT_PORT": "0",
        "RFT_METRICS_PORT": "-1",
        "RFT_DATA_DIR": str(folder / "data"),
        "RFT_API_KEYS_FILE": str(folder / "keys.toml"),
        "RFT_GRADERS_PATH": str(folder / "graders"),
        "RFT_WORKERS": str(SLOTS),
        "RFT_SANDBOX_SLOTS": "0",
        "RFT_DEADLINE_S": str(DEADLINE_SHARE * timeout_s),
        "COLUMNS": "200",
    }
    if policy != "ours":
        settings["RFT_WORKER_QUEUE_MAX"] = "1000000"
    if policy == "429-only":
        settings |= {"RFT_RATE_PER_S": str(RATE_PER_S), "RFT_BURST": str(BURST)}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RFT_")}
    command = [sys.executable, str(_HERE / "overload_policies.py"), policy]
    log = folder / "log"
    with log.open("w") as written:
        process = subprocess.Popen(command, env=environment | settings, stdout=written, stderr=subprocess.STDOUT)
    try:
        yield Service(_port(process, log), process.pid, keys, counter)
    finally:
        process.kill()
        process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Where the service listens, once it answers."""
    while process.poll() is None:
        if found := _URL.search(log.read_text()):
            return int(found[1])
        time.sleep(0.1)
    sys.exit(f"The service did not start:\n{log.read_text()}")


def _write_grader(folder: Path, counter: Path) -> None:
    (folder / "scarce").mkdir(parents=True)
    (folder / "scarce" / "v1.py").write_text(_SOURCE.format(call_s=CALL_S, counter=str(counter)))


def _write_keys(file: Path) -> dict[str, str]:
    keys = {name: f"rft_{name * 43}" for name in ("a", "b")}
    file.write_text(
        "".join(
            f'[[keys]]\nname = "caller-{name}"\nsha256 = "{hashlib.sha256(key.encode()).hexdigest()}"\n'
            for name, key in keys.items()
        )
    )
    return keys
