"""How quick a large ledger is: insert rate, size, and the time of every API call that the page makes.

    python bench/ledger_scale.py [--grades 1000000] [--postgres URL] [--only sqlite|postgresql]

Half of the grades are one run of steps of 1,000, a tenth are a run without steps, the rest forty smaller runs. They are
put in as the service does it, in groups of 500; then a real service is asked over HTTP. Without a URL, PostgreSQL is
the server that the tests start. Fails if the median of a call is over 300 ms.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import uuid_utils
from pydantic_core import to_json

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.ledger import Ledger, Record, migrate
from app.ledger.opening import open_database
from tests.servers import Server

LIMIT_MS = 300.0
ROUNDS = 7
_GROUP = 500
_STEP_GRADES, _ROLLOUTS = 1000, 8
_VERDICTS = ("accurate",) * 12 + ("minor_difference",) * 4 + ("large_error",) * 6 + ("no_answer",) * 2
_SMALL_RUNS = 40


def main() -> None:
    """Prints a report per database; exits with 1 if a call is too slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grades", type=int, default=1_000_000)
    parser.add_argument("--postgres", metavar="URL", help="an empty database; its records stay in it")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    chosen = parser.parse_args()
    slowest = 0.0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if chosen.only != "postgresql":
            slowest = measure(f"sqlite:///{folder}/ledger.sqlite3", chosen.grades, folder)
        if chosen.only != "sqlite":
            slowest = max(slowest, measure(chosen.postgres or _server(stack), chosen.grades, folder))
    print(f"slowest call {slowest:.0f} ms, limit {LIMIT_MS:g} ms")
    if slowest > LIMIT_MS:
        sys.exit(1)


def _server(stack: ExitStack) -> str:
    # Imported here: who names a server needs none of the tests' packages.
    from tests.services import running_postgres

    return stack.enter_context(running_postgres()).new_database()


def measure(url: str, grades: int, folder: Path) -> float:
    """Fills the database at `url` and asks a service about it; returns the slowest call's median, ms."""
    kind = url.partition(":")[0]
    seconds = asyncio.run(fill(url, grades))
    size_mib = asyncio.run(size_bytes(url)) / 2**20
    print(f"{kind}: {grades} grades in {seconds:.1f} s, {grades / seconds:.0f}/s; {size_mib:.0f} MiB", flush=True)
    with Server(folder / kind, RFT_DATABASE_URL=url) as server:
        for run in ("large", "flat", "small-0", "small-1"):
            begun = time.perf_counter()
            first = _ask(server, f"/v1/runs/{run}/monitor")
            first_ms, report = (time.perf_counter() - begun) * 1e3, first
            while not report["complete"]:
                report = _ask(server, f"/v1/runs/{run}/monitor")
            print(
                f"  {run}: the first report after {first_ms:.0f} ms had {first['counted']} of {first['records']}; all "
                f"were counted after {time.perf_counter() - begun:.1f} s",
                flush=True,
            )
        return max(_timed(server, name, path) for name, path in _calls(server).items())


def _calls(server: Server) -> dict[str, str]:
    """What the page asks for, and what is hard about it."""
    page = _ask(server, "/v1/grades?run=large&limit=50")
    steps = _ask(server, "/v1/runs/large/monitor")["graders"][0]["steps"]
    step = steps[len(steps) // 2]["step"]
    middle = _ask(server, f"/v1/grades?run=large&step={step}&limit=1")["grades"][0]["record"]
    return {
        "overview": "/v1/overview",
        "runs": "/v1/runs?limit=50",
        "a run of many steps": "/v1/runs/large/monitor",
        "a run without steps": "/v1/runs/flat/monitor",
        "a small run": "/v1/runs/small-3/monitor",
        "two runs": "/v1/run-comparison?a=large&b=small-0",
        "grades": "/v1/grades?limit=50",
        "grades of a run": "/v1/grades?run=large&limit=50",
        "the same, further down": f"/v1/grades?run=large&limit=50&cursor={middle}",
        "by a frequent verdict": "/v1/grades?run=large&verdict=accurate&limit=50",
        "by a rare verdict": "/v1/grades?run=large&verdict=hedged&limit=50",
        "by a verdict that is not there": "/v1/grades?run=large&verdict=wrong_format&limit=50",
        "by step": f"/v1/grades?run=large&step={step}&limit=50",
        "by step and verdict": f"/v1/grades?run=large&step={step}&verdict=no_answer&limit=50",
        "by step and a verdict not there": f"/v1/grades?run=large&step={step}&verdict=wrong_format&limit=50",
        "by least reward": "/v1/grades?run=large&min_reward=2&limit=50",
        "by item": f"/v1/grades?run=large&item_id=item-{step}-7&limit=50",
        "unscored": "/v1/grades?scored=false&limit=50",
        "unscored of a run": "/v1/grades?run=large&scored=false&limit=50",
        "by an error that is not there": "/v1/grades?run=large&code=sandbox_unavailable&limit=50",
        "a verdict that is nowhere": "/v1/grades?verdict=nowhere&limit=50",
        "one grade": f"/v1/grades/{page['grades'][0]['record']}",
    }


def _timed(server: Server, name: str, path: str) -> float:
    times_ms = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        _ask(server, path)
        times_ms.append((time.perf_counter() - begun) * 1e3)
    median = statistics.median(times_ms)
    print(f"  {name:32} {median:6.1f} ms, first {times_ms[0]:6.1f}, longest {max(times_ms):6.1f}", flush=True)
    return median


def _ask(server: Server, path: str) -> Any:
    answer = server.client.get(path)
    answer.raise_for_status()
    return answer.json()


async def fill(url: str, grades: int) -> float:
    """Stores `grades` records; returns the seconds that storing them took."""
    await migrate(url)
    ledger = await Ledger.open(url)
    made, seconds = _made(grades), 0.0
    while batch := list(islice(made, _GROUP)):
        begun = time.perf_counter()
        await ledger.add(batch)
        seconds += time.perf_counter() - begun
    await ledger.close()
    return seconds


async def size_bytes(url: str) -> int:
    """What the database takes on disk."""
    database = open_database(url)
    is_sqlite = url.startswith("sqlite")
    sql = (
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        if is_sqlite
        else "SELECT pg_database_size(current_database())"
    )
    size: int = await database.run(lambda connection: connection.exec_driver_sql(sql).scalar_one())
    await database.close()
    return size


def _made(grades: int) -> Iterator[Record]:
    large, flat = grades // 2, grades // 10
    small = (grades - large - flat) // _SMALL_RUNS
    dice = random.Random(5)
    for run in range(_SMALL_RUNS // 2):
        yield from _run(f"small-{run}", small, dice, has_steps=True)
    yield from _run("large", large, dice, has_steps=True)
    yield from _run("flat", flat, dice, has_steps=False)
    for run in range(_SMALL_RUNS // 2, _SMALL_RUNS):
        yield from _run(f"small-{run}", small, dice, has_steps=True)


def _run(run: str, grades: int, dice: random.Random, *, has_steps: bool) -> Iterator[Record]:
    for number in range(grades):
        step, place = divmod(number, _STEP_GRADES)
        item, rollout = divmod(place if has_steps else number, _ROLLOUTS)
        yield _record(run, step if has_steps else None, f"item-{step if has_steps else 0}-{item}", rollout, dice)


def _record(run: str, step: int | None, item_id: str, rollout: int, dice: random.Random) -> Record:
    roll = dice.random()
    code = "deadline_exceeded" if roll < 0.001 else None
    verdict = None if code else ("hedged" if roll > 0.99995 else dice.choice(_VERDICTS))
    reward = None if code else {"accurate": 1.0, "minor_difference": 0.5}.get(verdict or "", 0.0)
    answer = str(dice.randrange(1000))
    grade = to_json(
        {
            "reason": f"The answer is off: wanted 12.50, found {answer}.", "answer": answer, "answer_span": [401, 404],
            "sub_rewards": {"format": 1.0, "value": reward}, "details": {"expected": "12.50", "scale": "million"},
        }
    )  # fmt: skip
    return Record(
        record=str(uuid_utils.uuid7()), created_us=time.time_ns() // 1000, caller="local", grader="finance_qa@v1",
        digest="d" * 64, contract="native", run=run, step=step, item_id=item_id, rollout=rollout, group=None,
        reward=reward, verdict=verdict, code=code,
        grade=grade if code is None else b'{"code":"deadline_exceeded"}', config=b"{}",
        item=b'{"reference":"12.50","question":"%b"}' % (b"q" * 250),
        sample=b'{"output_text":"%b %b"}' % (b"s" * 400, answer.encode()), executions=b"[]",
        idempotency_key=None, body_sha256=None, duration_us=dice.randrange(300, 3000),
    )  # fmt: skip


if __name__ == "__main__":
    main()
