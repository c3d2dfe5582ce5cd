"""What the service costs beside a bare FastAPI echo of the same body: singles, and batches of 100.

Everything is on: validation, admission, durable recording (SQLite, synchronous=FULL), ids, metrics; `limited` also has
an API key, and two rate limits that are shared through a real Redis. wrk posts bodies that differ over 32
connections (8 for batches); rounds are interleaved, medians compared. All servers are started anew several times, as
each start has luck of its own of some per cent (where the system put its memory); what the starts came to is said
beside their median. A row counts only where the server was the bottleneck: its processes used at least 85 % of a CPU.
A run is counted for the reports when its steps are over; the next row waits until that is done, and what it cost is
said beside the batches.
"""

import hashlib
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from rich.console import Console
from rich.table import Table

from tests.services import Redis

STARTS = 5
ROUNDS = 2
ROUND_S = 4
BATCH = 100
ECHO_PORT, PORT, LIMITED_PORT = 18190, 18191, 18193
KEY = "rft_" + 43 * "k"
# More than can be sent, so that nothing is refused and every token is leased.
RATE_PER_S = 100_000
GRADER = "finance_qa@v1"
_HERE = Path(__file__).parent

LEAST_RATIO = 0.9
LEAST_BATCH_FACTOR = 3.0
MOST_BEYOND_US = 30.0
LEAST_SHARE = 0.85


# The service's processes, by what their command lines hold.
PARTS = {"graders.worker": "workers", "sqlite_writer": "database", "app.monitors": "reports"}


@dataclass
class Round:
    """One wrk round: requests a second, the server's CPU share, its CPU per request, and the p99."""

    requests_per_s: float
    cpu_share: float
    cpu_us: float
    p99_ms: float
    parts_us: dict[str, float]
    """The CPU per request of each of its processes."""
    counting_us: float = 0.0
    """The CPU per request that the reports took afterwards."""


def main() -> None:
    starts = []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as folder:
            starts.append(_measure(Path(folder)))
    sys.exit(0 if _report(starts) else 1)


@dataclass
class Start:
    """What was measured between one start of the servers and the next."""

    rounds: dict[str, list[Round]]
    """Per row, in the order in which they were run."""
    judgement_us: float
    """CPU of one judgement."""

    def beside_echo(self, name: str) -> float:
        """The median of the rounds' throughput, each over that of the echo."""
        pairs = zip(self.rounds[name], self.rounds["echo"], strict=True)
        return statistics.median(ours.requests_per_s / bare.requests_per_s for ours, bare in pairs)


def _measure(folder: Path) -> Start:
    singles, batches = folder / "singles", folder / "batches"
    rounds: dict[str, list[Round]] = {"echo": [], "single": [], "limited": [], "batch": []}
    with ExitStack() as stack:
        echo = stack.enter_context(_running([sys.executable, str(_HERE / "echo.py"), str(ECHO_PORT)], {}, ECHO_PORT))
        ours = stack.enter_context(_service(PORT, folder / "ours", {}))
        limited = stack.enter_context(_service(LIMITED_PORT, folder / "limited", _limits(folder, stack)))
        grade = f"/v1/graders/{GRADER}/grade"
        runs = {
            "echo": (echo, f"http://127.0.0.1:{ECHO_PORT}/echo", singles, 32),
            "single": (ours, f"http://127.0.0.1:{PORT}{grade}", singles, 32),
            "limited": (limited, f"http://127.0.0.1:{LIMITED_PORT}{grade}", singles, 32),
            "batch": (ours, f"http://127.0.0.1:{PORT}{grade}-batch", batches, 8),
        }
        for number in range(ROUNDS + 1):
            # A run of its own: a step that went on growing from round to round would be counted anew after each.
            requests = [_request(random.Random(seed), _run(number)) for seed in range(5000)]
            singles.write_text("\n".join(map(json.dumps, requests)))
            batches.write_text("\n".join(json.dumps(_batch(requests, start)) for start in range(0, 5000, BATCH)))
            # In chance order: what a row leaves behind, heat too, is not always the same one's.
            for name, run in random.sample(list(runs.items()), len(runs)):
                measured = _wrk(*run)
                if name != "echo":
                    counting_s = _counting_s(*run[:2], _run(number))
                    measured.counting_us = counting_s / (measured.requests_per_s * ROUND_S) * 1e6
                # The first round warms up.
                if number:
                    rounds[name].append(measured)
        with ThreadPoolExecutor(1) as beside:
            load = beside.submit(_wrk, *runs["batch"])
            judgement_us = _judgement_us(requests)
            load.result()
    return Start(rounds, judgement_us)


def _service(port: int, folder: Path, settings: dict[str, str]) -> AbstractContextManager[int]:
    settings = {"RFT_PORT": str(port), "RFT_METRICS_PORT": "-1", "RFT_DATA_DIR": str(folder), **settings}
    return _running([sys.executable, "-m", "app.cli", "serve"], settings, port)


def _limits(folder: Path, stack: ExitStack) -> dict[str, str]:
    """The settings of a service with a key, and with limits of its caller, in all and to one grader, in a Redis."""
    redis = Redis(folder)
    redis.start()
    stack.callback(redis.kill)
    keys = folder / "keys.toml"
    hashed = hashlib.sha256(KEY.encode()).hexdigest()
    keys.write_text(f'[[keys]]\nname = "bench"\nsha256 = "{hashed}"\nrate = "{RATE_PER_S}/s"\n')
    return {
        "RFT_API_KEYS_FILE": str(keys),
        "RFT_REDIS_URL": redis.url,
        "RFT_GRADER_RATES": f"{GRADER}={RATE_PER_S}",
    }


@contextmanager
def _running(command: list[str], settings: dict[str, str], port: int) -> Iterator[int]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RFT_")}
    process = subprocess.Popen(
        command, env=environment | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(f"http://127.0.0.1:{port}/healthz")
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            httpx2.get(url).raise_for_status()
        except httpx2.ConnectError:
            time.sleep(0.1)
        else:
            return
    sys.exit(f"{url} does not answer.")


def _wrk(pid: int, url: str, bodies: Path, connections: int) -> Round:
    started, cpu_before = time.perf_counter(), _cpu_s(pid)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{ROUND_S}s", "--latency", "-s", str(_HERE / "bodies.lua"), url]
    printed = subprocess.run(
        command, env=os.environ | {"BODIES": str(bodies), "KEY": KEY}, check=True, capture_output=True, text=True
    ).stdout
    elapsed_s, spent = time.perf_counter() - started, _cpu_s(pid)
    spent.subtract(cpu_before)
    cpu_s = spent.total()
    if "Non-2xx" in printed:
        sys.exit(f"{url} refused requests:\n{printed}")
    requests = int(re.search(r"(\d+) requests in", printed)[1])
    return Round(
        requests / ROUND_S,
        cpu_s / elapsed_s,
        cpu_s / requests * 1e6,
        _ms(re.search(r"99% +(\S+)", printed)[1]),
        {name: part_s / requests * 1e6 for name, part_s in spent.items()},
    )


def _ms(text: str) -> float:
    factor = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * factor[unit]


def _cpu_s(pid: int) -> Counter[str]:
    """CPU seconds of the server by now: of its event loop, and of the processes that it started."""
    spent: Counter[str] = Counter()
    for id in (str(pid), *Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        command = Path(f"/proc/{id}/cmdline").read_text()
        part = next((part for words, part in PARTS.items() if words in command), "event loop")
        fields = Path(f"/proc/{id}/stat").read_text().rpartition(")")[2].split()
        spent[part] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return spent


def _run(number: int) -> str:
    return f"round-{number}"


def _counting_s(pid: int, url: str, run: str) -> float:
    """Has `run` counted now, not seconds later amid the next row; the CPU seconds that it took."""
    before = _cpu_s(pid)["reports"]
    monitor = f"{url.partition('/v1/')[0]}/v1/runs/{run}/monitor"
    while not httpx2.get(monitor, headers={"X-API-Key": KEY}, timeout=60).raise_for_status().json()["complete"]:
        pass
    return _cpu_s(pid)["reports"] - before


def _judgement_us(requests: list[dict]) -> float:
    """CPU of one judgement of these requests: item, sample, grade. Measured beside a service that is as busy as in the
    rounds, since a judgement takes longer while another processor uses the same caches and memory."""
    from graders.api import Sample
    from graders.registry import Registry

    version = Registry()[GRADER].version
    config = version.read_config({})
    rounds = []
    for _ in range(5):
        started = time.process_time()
        for request in requests[:2000]:
            version.judge(Sample.model_validate(request["sample"]), version.read_item(request["item"]), config, [])
        rounds.append((time.process_time() - started) / 2000 * 1e6)
    return statistics.median(rounds)


def _report(starts: list[Start]) -> bool:
    names = starts[0].rounds
    medians = {name: _median([row for start in starts for row in start.rounds[name]]) for name in names}
    judgement_us = statistics.median(start.judgement_us for start in starts)
    Console(width=120).print(_table(medians))
    print(f"Python {platform.python_version()} of {sys.base_prefix}, {os.cpu_count()} CPUs")
    singles, limited = ([start.beside_echo(name) for start in starts] for name in ("single", "limited"))
    ratio, limited_ratio = map(statistics.median, (singles, limited))
    factor = medians["batch"].requests_per_s * BATCH / medians["single"].requests_per_s
    beyond_us = medians["batch"].cpu_us / BATCH - judgement_us
    least_share = min(row.cpu_share for row in medians.values())
    checks = [
        ("singles, throughput beside the echo", ratio, ratio >= LEAST_RATIO, f">= {LEAST_RATIO}"),
        ("the same with a key and Redis limits", limited_ratio, limited_ratio >= LEAST_RATIO, f">= {LEAST_RATIO}"),
        ("batches, samples/s beside singles", factor, factor >= LEAST_BATCH_FACTOR, f">= {LEAST_BATCH_FACTOR}"),
        ("batches, CPU us a sample beyond judgement", beyond_us, beyond_us <= MOST_BEYOND_US, f"<= {MOST_BEYOND_US}"),
        ("least CPU share of a server", least_share, least_share >= LEAST_SHARE, f">= {LEAST_SHARE}: the bottleneck"),
    ]  # fmt: skip
    parts = ", ".join(f"{name} {us / BATCH:.1f}" for name, us in medians["batch"].parts_us.items())
    print(f"one judgement of these samples, beside the busy service: {judgement_us:.1f} us")
    print(f"a sample of a batch: {parts}; to count it afterwards {medians['batch'].counting_us / BATCH:.1f} us")
    for what, ratios in (("singles", singles), ("with a key and limits", limited)):
        print(f"beside the echo at each start, {what}: {', '.join(f'{each:.2f}' for each in ratios)}")
    for what, value, good, target in checks:
        print(f"{'ok  ' if good else 'MISS'} {what}: {value:.2f} ({target})")
    return all(good for _, _, good, _ in checks)


def _table(medians: dict[str, Round]) -> Table:
    table = Table("", "requests/s", "samples/s", "CPU us/request", "server CPU", "p99 ms", title="medians")
    for name, row in medians.items():
        samples = row.requests_per_s * (BATCH if name == "batch" else 1)
        table.add_row(
            name,
            f"{row.requests_per_s:.0f}",
            f"{samples:.0f}",
            f"{row.cpu_us:.0f}",
            f"{row.cpu_share:.0%}",
            f"{row.p99_ms:.1f}",
        )
    return table


def _median(rounds: list[Round]) -> Round:
    names = {name for row in rounds for name in row.parts_us}
    return Round(
        *(
            statistics.median(getattr(row, name) for row in rounds)
            for name in ("requests_per_s", "cpu_share", "cpu_us", "p99_ms")
        ),
        {name: statistics.median(row.parts_us.get(name, 0.0) for row in rounds) for name in sorted(names)},
        statistics.median(row.counting_us for row in rounds),
    )


def _request(chance: random.Random, run: str = "bench") -> dict:
    """A financial question with a worked answer, about 1 KB, as a trainer would send it."""
    before, after = chance.randint(1_000, 90_000), chance.randint(1_000, 90_000)
    change = (after - before) / before * 100
    read = change + chance.choice([0, 0, 0, 0.1, 7])
    text = (
        f"From the income statement, revenue was ${before:,} million in fiscal {chance.randint(2010, 2022)} and "
        f"${after:,} million a year later. The change is {after:,} - {before:,} = {after - before:,}, so relative to "
        f"the earlier year that is {after - before:,} / {before:,}. I checked the note on segments, which does not "
        f"restate either figure, and the exchange effects are below materiality, so nothing is adjusted here.\n\n"
        f"<answer>{read:.1f}%</answer>"
    )
    return {
        "item": {
            "question": "What was the year-over-year change in revenue (in percent, rounded to one decimal place)?",
            "reference": f"{change:.1f}%",
            "spec": {"unit": "percent", "decimals": 1},
        },
        "sample": {"output_text": text},
        "run": {
            "id": run,
            "step": chance.randint(0, 99),
            "item_id": f"q{chance.randint(0, 999)}",
            "rollout": chance.randint(0, 15),
        },
    }


def _batch(requests: list[dict], start: int) -> dict:
    samples = [
        {**request, "run": {name: request["run"][name] for name in ("item_id", "rollout")}}
        for request in requests[start : start + BATCH]
    ]
    return {"samples": samples, "run": {"id": requests[start]["run"]["id"], "step": 1}}


if __name__ == "__main__":
    main()
