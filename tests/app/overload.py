"""A service whose workers stand still until a test lets them go on, and what they have executed, in order."""

import hashlib
import re
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from pydantic_core import to_json

from tests.ports import free_port
from tests.servers import Server

GATED = "/v1/graders/gated@v1/grade"
GATED_BATCH = "/v1/graders/gated@v1/grade-batch"
AZURE = "/v1/contracts/azure/gated@v1"

_SOURCE = '''"""Says that it has begun, and waits until its gate is there."""
import os, time
from pydantic import BaseModel, ConfigDict, Field
from graders.api import Grade
VERDICTS = ("done",)
class Item(BaseModel):
    gate: str = Field("", description="A file of this name lets it go on; empty: it need not wait.")
class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")
def grade(sample, item, config, results):
    with open({begun!r}, "a") as begun:
        begun.write(sample.text + chr(10))
    while item.gate and not os.path.exists(os.path.join({gates!r}, item.gate)):
        time.sleep(0.002)
    return Grade(1.0, "done", "Went through.", sample.text)
'''

# Caller, what its key allows.
_KEYS = {
    "holder": "",
    "a": "",
    "b": "",
    "slow": "",
    "one_at_a_time": "concurrency = 1",
    "counted": 'rate = "0.001/s"\nburst = 20',
}


def key_of(caller: str) -> str:
    return "rft_" + f"{caller}_".ljust(43, "k")


class Overloaded:
    """A running service with `workers` workers."""

    def __init__(self, folder: Path, server: Server, metrics_port: str) -> None:
        self.server, self._begun, self._gates = server, folder / "begun", folder / "gates"
        self._metrics = f"http://127.0.0.1:{metrics_port}/metrics"
        self._threads = ThreadPoolExecutor(64)

    @property
    def begun(self) -> list[str]:
        """What was executed, by the samples' text, in order."""
        return self._begun.read_text().split() if self._begun.exists() else []

    def open(self, gate: str) -> None:
        """Lets the calls behind `gate` go on, now and later."""
        (self._gates / gate).touch()

    def post(self, path: str, body: object, caller: str = "a", **headers: str) -> httpx2.Response:
        sent = {"X-Api-Key": key_of(caller), **{name.replace("_", "-"): value for name, value in headers.items()}}
        answer = self.server.client.post(path, json=body, headers=sent)
        check(answer)
        return answer

    def send(self, path: str, body: object, caller: str = "a", **headers: str) -> Future[httpx2.Response]:
        """`post` on a thread of its own."""
        return self._threads.submit(self.post, path, body, caller, **headers)

    def hold(self, gate: str, calls: int = 1, caller: str = "holder") -> list[Future[httpx2.Response]]:
        """Has so many workers stand still at `gate`."""
        names = [f"{gate}-holder{number}" for number in range(calls)]
        held = [self.send(GATED, one(name, gate), caller) for name in names]
        while not set(names) <= set(self.begun):
            pass
        return held

    def hang_up(self, path: str, body: object, caller: str = "a") -> socket.socket:
        """Sends a request on a connection that the test is to close."""
        url = urlsplit(self.server.url)
        connection = socket.create_connection((url.hostname or "", url.port or 0))
        content = to_json(body)
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {key_of(caller)}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        connection.sendall(head.encode() + content)
        return connection

    def wait_for(self, metric: str, wanted: float) -> None:
        """Waits until `metric`, with its labels as they are shown, has reached `wanted`."""
        while self.metric(metric) < wanted:
            pass

    def metric(self, metric: str) -> float:
        shown = httpx2.get(self._metrics).text
        found = re.search(rf"^{re.escape(metric)} (\S+)$", shown, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def wait_until_queued(self, samples: int) -> None:
        self.wait_for('rft_queued_samples{resource="workers"}', samples)


def one(name: str, gate: str = "", **run: object) -> dict[str, object]:
    """The body of one sample."""
    return {"item": {"gate": gate}, "sample": name, **({"run": run} if run else {})}


def check(answer: httpx2.Response) -> None:
    """No answer but a judgement has a number that could be taken for one, and what may be tried again says when."""
    if answer.status_code == 200:
        return
    shown = answer.json()
    assert not {"reward", "score", "results"} & shown.keys()
    assert shown["retryable"] == ("retry-after" in answer.headers)
    if shown["retryable"]:
        assert int(answer.headers["retry-after"]) >= 1
        assert int(answer.headers["retry-after-ms"]) >= 1


@contextmanager
def overloaded(folder: Path, **settings: str) -> Iterator[Overloaded]:
    """The service with callers `holder`, `a`, `b`, `slow`, `one_at_a_time` and `counted`."""
    (folder / "graders" / "gated").mkdir(parents=True)
    (folder / "gates").mkdir()
    source = _SOURCE.format(begun=str(folder / "begun"), gates=str(folder / "gates"))
    (folder / "graders" / "gated" / "v1.py").write_text(source)
    keys = folder / "keys.toml"
    keys.write_text("".join(_entry(name, more) for name, more in _KEYS.items()))
    port = free_port()
    settings = {
        "RFT_GRADERS_PATH": str(folder / "graders"),
        "RFT_API_KEYS_FILE": str(keys),
        "RFT_METRICS_PORT": port,
        "RFT_CALL_TIMEOUT_S": "60",
        **settings,
    }
    with Server(folder / "data", **settings) as server:
        yield Overloaded(folder, server, port)


def _entry(name: str, more: str) -> str:
    sha256 = hashlib.sha256(key_of(name).encode()).hexdigest()
    return f'[[keys]]\nname = "{name}"\nsha256 = "{sha256}"\n{more}\n'
