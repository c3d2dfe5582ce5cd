"""What hostile connections cost: memory of idle ones, the latency of grades beside them, and how long they last.

One service on loopback; single grades are sent one after the other over one connection, alone, then beside 10,000 idle
connections, 500 that drip headers, and 500 that drip bodies. Then how long the service takes to end what is too slow,
and what a flood of headers, chunks of one byte and an endless body cost. At last, how long wrong keys take, by how much
of a right one they begin with. Needs `ulimit -n` of 11,000 for this process and as many for the service.
"""

import os
import random
import resource
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from rich.console import Console
from rich.table import Table

IDLE, SLOW = 10_000, 500
GRADES = 1500
HEAD_TIMEOUT_S, BODY_TIMEOUT_S = 10.0, 15.0
PATH = "/v1/graders/finance_qa@v1/grade"
BODY = {"item": {"reference": "94"}, "sample": "The answer is <answer>94</answer>."}

MOST_KIB_PER_IDLE = 16.0
MOST_P50_RATIO = 1.5
MOST_SHED_S = HEAD_TIMEOUT_S + 2.0
MOST_ENDLESS_MIB = 40.0


@dataclass
class Service:
    """A running service and the grades asked of it."""

    process: subprocess.Popen[bytes]
    port: int
    key: str
    client: httpx2.Client
    rows: list[tuple[str, float, float]] = field(default_factory=list)
    """What was measured beside what: name, p50 ms, p99 ms."""

    @property
    def rss_kib(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))

    @property
    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def connect(self, sent: bytes = b"") -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        if sent:
            connection.sendall(sent)
        return connection

    def grade(self, name: str, meanwhile: Callable[[], None] = lambda: None) -> float:
        """The median latency of grades, ms; every one must be right. `meanwhile` is called between any two."""
        latencies = []
        for _ in range(GRADES):
            started = time.perf_counter()
            answer = self.client.post(PATH, json=BODY)
            latencies.append((time.perf_counter() - started) * 1000)
            assert answer.json()["reward"] == 1.0, answer.text
            meanwhile()
        median, p99 = statistics.median(latencies), statistics.quantiles(latencies, n=100)[98]
        self.rows.append((name, median, p99))
        return median


@contextmanager
def running() -> Iterator[Service]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RFT_")} | {
            "RFT_DATA_DIR": folder, "RFT_METRICS_PORT": "-1", "RFT_PORT": str(_free_port()), "RFT_SANDBOX_SLOTS": "0",
            "RFT_HEAD_TIMEOUT_S": str(HEAD_TIMEOUT_S), "RFT_BODY_TIMEOUT_S": str(BODY_TIMEOUT_S),
        }  # fmt: skip
        rft = [sys.executable, "-m", "app.cli"]
        made = subprocess.run([*rft, "keys", "create", "bench"], env=environment, capture_output=True, check=True)
        key = made.stdout.decode().split()[0]
        process = subprocess.Popen(
            [*rft, "serve"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        port = int(environment["RFT_PORT"])
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers={"X-Api-Key": key}, timeout=60) as client:
            try:
                while True:
                    try:
                        client.get("/readyz").raise_for_status()
                        break
                    except httpx2.ConnectError:
                        time.sleep(0.1)
                yield Service(process, port, key, client)
            finally:
                process.terminate()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def idle(service: Service) -> tuple[float, float]:
    """KiB of the service per idle connection that has been used once, and the grades' median beside them."""
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    before_kib = service.rss_kib
    connections = []
    for _ in range(IDLE):
        connection = service.connect(request)
        connection.recv(4096)
        connections.append(connection)
    each_kib = (service.rss_kib - before_kib) / IDLE
    median = service.grade(f"{IDLE} idle connections")
    _close(connections)
    return each_kib, median


class Dripping:
    """Connections that send one byte after the other, in turn."""

    def __init__(self, service: Service, begun: bytes) -> None:
        self.started = time.perf_counter()
        self.connections = [service.connect(begun) for _ in range(SLOW)]
        self._turn = 0

    def drip(self) -> None:
        self._turn = (self._turn + 1) % SLOW
        with suppress(OSError):
            self.connections[self._turn].send(b"a")

    def outlive(self) -> float:
        """Seconds from the first connection's beginning until the last has been answered, while all go on."""
        open_ones = set(self.connections)
        while open_ones:
            for answered in select.select(list(open_ones), [], [], 0.01)[0]:
                assert answered.recv(12) == b"HTTP/1.1 408"
                open_ones.discard(answered)
            for _ in range(50):
                self.drip()
        spent_s = time.perf_counter() - self.started
        _close(self.connections)
        return spent_s


def drips(service: Service, name: str, begun: bytes) -> tuple[float, float]:
    """The grades' median beside them, ms, and how long they last, s."""
    slow = Dripping(service, begun)
    median = service.grade(f"{SLOW} {name}", slow.drip)
    return median, slow.outlive()


def floods(service: Service) -> list[tuple[str, float, float]]:
    """What 100 MB of nothing cost in memory, MiB, and in CPU of the service, s: headers, a body, chunks of one byte."""
    nobody = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head = f"{nobody}X-Api-Key: {service.key}\r\n"
    chunked = head + "Transfer-Encoding: chunked\r\n\r\n"
    keyless = nobody + "Transfer-Encoding: chunked\r\n\r\n"
    floods = [
        ("100 MB of headers", head.encode(), b"X: " + b"a" * 1000 + b"\r\n"),
        ("100 MB of a chunked body", chunked.encode(), b"10000\r\n" + b" " * 65536 + b"\r\n"),
        ("100 MB of chunks of one byte", chunked.encode(), b"1\r\n \r\n" * 10_000),
        ("the same without a key", keyless.encode(), b"1\r\n \r\n" * 10_000),
    ]
    return [(name, *_flood(service, begun, more)) for name, begun, more in floods]


def _flood(service: Service, begun: bytes, more: bytes) -> tuple[float, float]:
    before_kib, before_s = service.rss_kib, service.cpu_s
    most_kib = before_kib
    connection = service.connect(begun)
    try:
        for number in range(100_000_000 // len(more)):
            connection.sendall(more)
            if number % max(1, 1_000_000 // len(more)) == 0:
                most_kib = max(most_kib, service.rss_kib)
    except OSError:
        # It was closed.
        pass
    connection.close()
    return (max(most_kib, service.rss_kib) - before_kib) / 1024, service.cpu_s - before_s


def guesses(service: Service) -> dict[str, float]:
    """Median microseconds until a key is refused, by how many characters of it are right; from addresses that change,
    as one that guesses is shut out."""
    chance = random.Random(5)
    spent: dict[int, list[float]] = {0: [], 20: [], len(service.key) - 1: []}
    for address in range(2, 2 + 45):
        with httpx2.Client(
            base_url=f"http://127.0.0.1:{service.port}",
            transport=httpx2.HTTPTransport(local_address=f"127.0.1.{address}"),
        ) as client:
            for right in chance.sample(sorted(spent) * 6, 18):
                wrong = service.key[:right] + "".join("A" if one != "A" else "B" for one in service.key[right:])
                started = time.perf_counter()
                answer = client.get("/v1/graders", headers={"X-Api-Key": wrong})
                spent[right].append((time.perf_counter() - started) * 1e6)
                assert answer.status_code == 401, answer.text
    return {f"{right} of {len(service.key)}": statistics.median(times) for right, times in spent.items()}


def _close(connections: Sequence[socket.socket]) -> None:
    for connection in connections:
        connection.close()


def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, IDLE + 1000) if most != -1 else IDLE + 1000, most))
    with running() as service:
        service.grade("nothing (warming up)")
        service.rows.clear()
        alone = service.grade("nothing")
        each_kib, beside_idle = idle(service)
        begun = (
            f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {service.key}\r\nContent-Type: application/json\r\n"
        )
        beside_heads, heads_s = drips(service, "dripping headers", begun.encode() + b"X: ")
        beside_bodies, bodies_s = drips(service, "dripping bodies", begun.encode() + b"Content-Length: 99999\r\n\r\n")
        flooded = floods(service)
        guessed = guesses(service)
        rows = service.rows
    _show(rows, flooded, guessed)
    checks = [
        ("KiB per idle connection", each_kib, MOST_KIB_PER_IDLE),
        ("median beside idle ones, of that alone", beside_idle / alone, MOST_P50_RATIO),
        ("median beside dripping headers, of that alone", beside_heads / alone, MOST_P50_RATIO),
        ("median beside dripping bodies, of that alone", beside_bodies / alone, MOST_P50_RATIO),
        ("s until 500 dripping headers are ended", heads_s, MOST_SHED_S),
        ("s until 500 dripping bodies are ended", bodies_s, BODY_TIMEOUT_S + 2.0),
        ("MiB of 100 MB without end", max(mib for _, mib, _ in flooded), MOST_ENDLESS_MIB),
        ("refusing wrong keys: longest of shortest median", max(guessed.values()) / min(guessed.values()), 1.1),
    ]
    for what, value, limit in checks:
        print(f"{'ok  ' if value <= limit else 'MISS'} {what}: {value:.2f} (<= {limit})")
    sys.exit(0 if all(value <= limit for _, value, limit in checks) else 1)


def _show(
    rows: list[tuple[str, float, float]], flooded: list[tuple[str, float, float]], guessed: dict[str, float]
) -> None:
    latencies = Table("a grade beside", "p50 ms", "p99 ms")
    for name, median, p99 in rows:
        latencies.add_row(name, f"{median:.2f}", f"{p99:.2f}")
    costs = Table("flood", "memory MiB", "CPU of the service s")
    for name, mib, cpu_s in flooded:
        costs.add_row(name, f"{mib:.1f}", f"{cpu_s:.2f}")
    keys = Table("characters of a wrong key that are right", "refused after us")
    for name, us in guessed.items():
        keys.add_row(name, f"{us:.0f}")
    Console(width=120).print(latencies, costs, keys)


if __name__ == "__main__":
    main()
