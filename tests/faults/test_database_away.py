"""PostgreSQL killed, frozen, locked; the service killed; the spool's disk full: real servers, and no answered grade is
lost or counted twice."""

import asyncio
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import httpx2
import pytest

from app.keys.secret import new_key
from app.ledger import KeyStore, StoredKey, migrate
from tests.command_line import rft
from tests.keys.making import stored
from tests.servers import Server
from tests.services import Postgres, running_postgres
from tests.team import write_team

SEEDS = range(10)
LEAST_GRADES = 500
BATCH = 5
CLIENTS = 8
GRADER = "/v1/graders/finance_qa@v1"
COMMIT_TIMEOUT_S = 0.5


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    """A server that a test may kill or freeze, if it leaves it running."""
    with running_postgres() as server:
        server.write_lazily()
        yield server


class Service:
    """A service on a database of its own, whose spool lasts."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        write_team(folder / "graders")
        self.server = Server(
            folder / "data",
            RFT_DATABASE_URL=self.url,
            RFT_LEDGER_COMMIT_TIMEOUT_S=str(COMMIT_TIMEOUT_S),
            RFT_SPOOL_LASTS="1",
            RFT_GRADERS_PATH=str(folder / "graders"),
        )
        self.server.start()

    def get(self, path: str, **parameters: str) -> httpx2.Response:
        return self.server.client.get(path, params=parameters)

    def grade(self, run: str, headers: dict[str, str] | None = None, text: str = "94") -> httpx2.Response:
        body = {"item": {"reference": "94"}, "sample": text, "run": {"id": run}}
        return self.server.client.post(f"{GRADER}/grade", json=body, headers=headers or {})

    @property
    def spool(self) -> dict[str, Any]:
        state: dict[str, Any] = self.get("/readyz").json()["spool"]
        return state

    def wait_until_drained(self) -> None:
        until(lambda: self.get("/readyz").json()["database"] == "ok" and self.spool["state"] == "empty")

    def stored(self, run: str) -> Counter[str]:
        """How often each record of `run` is there, by its id."""
        found: Counter[str] = Counter()
        cursor: dict[str, str] = {}
        while True:
            page = self.get("/v1/grades", run=run, limit="500", **cursor).json()
            found.update(row["record"] for row in page["grades"])
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}


@pytest.fixture(scope="module")
def service(database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("service"), database.new_database())
    yield service
    assert service.server.stop() == 0


def until(condition: Callable[[], bool]) -> None:
    """Waits for what happens in another process."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.timeout(120)
def test_a_database_that_is_killed_and_restarted_under_load_costs_no_grade(
    service: Service, database: Postgres
) -> None:
    for seed in SEEDS:
        answered = asyncio.run(_load(service, database, seed))
        service.wait_until_drained()

        assert len(answered) >= LEAST_GRADES
        assert service.stored(f"seed-{seed}") == Counter(answered)


async def _load(service: Service, database: Postgres, seed: int) -> list[str]:
    """The records of a run of grades, all of which were answered, although the database was killed in their midst."""
    chance = random.Random(seed)
    batches = LEAST_GRADES // BATCH + 20
    killed_at = chance.randint(5, batches - 40)
    back_at = killed_at + chance.randint(5, 30)
    answered: list[str] = []
    numbers = iter(range(batches))
    reached = {killed_at: asyncio.Event(), back_at: asyncio.Event()}

    async def client(http: httpx2.AsyncClient) -> None:
        for number in numbers:
            if number in reached:
                reached[number].set()
            headers = {"Idempotency-Key": f"{seed}/{number}"} if number % 2 else {}
            answer = await http.post(f"{GRADER}/grade-batch", json=_batch(seed, number), headers=headers)
            assert answer.status_code == 200, answer.text
            answered.extend(result["record"] for result in answer.json()["results"])

    async def outage() -> None:
        await reached[killed_at].wait()
        for _ in range(chance.randint(0, 100)):
            await asyncio.sleep(0)
        await asyncio.to_thread(database.kill)
        await reached[back_at].wait()
        await asyncio.to_thread(database.start)

    async with httpx2.AsyncClient(base_url=service.server.url, timeout=30) as http:
        await asyncio.gather(outage(), *(client(http) for _ in range(CLIENTS)))
    return answered


def _batch(seed: int, number: int) -> dict[str, Any]:
    samples = [{"item": {"reference": "94"}, "sample": f"{number} {index}"} for index in range(BATCH)]
    return {"samples": samples, "run": {"id": f"seed-{seed}"}}


def test_a_service_killed_with_a_full_spool_brings_it_after_its_next_start(
    service: Service, database: Postgres
) -> None:
    database.kill()
    answered = [service.grade("killed", {"Idempotency-Key": str(number)}).json()["record"] for number in range(50)]
    service.server.kill()
    service.server.start()
    again = [service.grade("killed", {"Idempotency-Key": str(number)}).json() for number in range(50)]
    answered.append(service.grade("killed").json()["record"])
    waiting = service.spool
    service.server.kill()
    service.server.start()
    database.start()
    service.wait_until_drained()

    assert [answer["record"] for answer in again] == answered[:50]
    assert all(answer["replayed"] for answer in again)
    assert (waiting["state"], waiting["records"]) == ("spooling", 51)
    assert service.stored("killed") == Counter(answered)


def test_in_an_outage_grades_are_given_and_read_and_what_needs_the_database_says_so(
    service: Service, database: Postgres
) -> None:
    database.kill()
    record = service.grade("outage").json()["record"]
    ready, found = service.get("/readyz"), service.get(f"/v1/grades/{record}")
    refused = [service.get(path) for path in ("/v1/grades", "/v1/runs", "/v1/runs/outage", "/v1/recipes")]
    unknown = service.get("/v1/grades/01a2252b-3469-777f-ab7f-246353013d61")
    database.start()
    service.wait_until_drained()

    assert ready.status_code == 200
    assert "Connection refused" in ready.json()["database"] or "No such file" in ready.json()["database"]
    assert ready.json()["spool"]["state"] == "spooling"
    assert (found.status_code, found.json()["reward"], found.json()["displaced_by"]) == (200, 1.0, None)
    for answer in (*refused, unknown):
        assert (answer.status_code, answer.json()["code"]) == (503, "ledger_unavailable")
        assert answer.headers["Retry-After"] == "1"
        assert "The database is away" in answer.json()["detail"]


def test_a_full_disk_of_the_spool_refuses_and_loses_nothing(service: Service, database: Postgres) -> None:
    database.kill()
    answered = [service.grade("full").json()["record"]]
    # The kernel ends a write in its middle, as on a full disk, for root too.
    _limit_files(service, 20_000)
    answers = [service.grade("full", text=f"94{' ' * 1000}") for _ in range(30)]
    answered += [answer.json()["record"] for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code != 200]
    _limit_files(service, 64)
    refused += [service.grade("full") for _ in range(3)]
    state = service.get("/readyz")
    _limit_files(service, resource.RLIM_INFINITY)
    until(lambda: service.get("/readyz").status_code == 200)
    answered.append(service.grade("full").json()["record"])
    database.start()
    service.wait_until_drained()

    assert len(answered) > 5
    assert refused
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (503, "ledger_unavailable")
        assert answer.headers["Retry-After"] == "1"
    assert (state.status_code, state.json()["spool"]["state"]) == (503, "full")
    assert service.stored("full") == Counter(answered)


def _limit_files(service: Service, size_bytes: int) -> None:
    """Sets the size beyond which the service cannot write to any file."""
    pid = service.server.process.pid
    hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size_bytes, hard))


def test_a_frozen_database_delays_one_commit_and_a_stop_does_not_wait_for_it(
    service: Service, database: Postgres
) -> None:
    service.grade("frozen")
    database.freeze()
    try:
        answered, times_s = [], []
        for number in range(40):
            started = time.monotonic()
            answer = service.grade("frozen", {"Idempotency-Key": f"frozen {number}"})
            times_s.append(time.monotonic() - started)
            answered.append(answer.json()["record"])
        started = time.monotonic()
        code = service.server.stop()
        stopped_s = time.monotonic() - started
    finally:
        database.thaw()
    service.server.start()
    service.wait_until_drained()

    assert max(times_s) < 2 * COMMIT_TIMEOUT_S + 1
    assert sorted(times_s)[-2] < COMMIT_TIMEOUT_S
    assert code == 0
    assert stopped_s < 10
    assert set(answered) < set(service.stored("frozen"))


def test_a_lock_on_the_table_delays_grades_by_the_deadline_at_most(service: Service) -> None:
    service.grade("locked")

    async def while_locked() -> tuple[list[str], float]:
        holder = await asyncpg.connect(service.url)
        async with holder.transaction(), httpx2.AsyncClient(base_url=service.server.url, timeout=30) as http:
            await holder.execute("LOCK TABLE records IN ACCESS EXCLUSIVE MODE")
            started = time.monotonic()
            bodies = [{"item": {"reference": "94"}, "sample": str(n), "run": {"id": "locked"}} for n in range(100)]
            answers = await asyncio.gather(*(http.post(f"{GRADER}/grade", json=body) for body in bodies))
            waited_s = time.monotonic() - started
        await holder.close()
        return [answer.json()["record"] for answer in answers], waited_s

    answered, waited_s = asyncio.run(while_locked())
    service.wait_until_drained()

    assert waited_s < COMMIT_TIMEOUT_S + 1.5
    assert set(answered) < set(service.stored("locked"))


def test_a_group_is_graded_and_replayed_in_an_outage(service: Service, database: Postgres) -> None:
    members = [
        {"item": {"word": "a"}, "sample": text, "run": {"item_id": "a", "rollout": n}} for n, text in enumerate("ax")
    ]

    def ask() -> list[tuple[str, float]]:
        headers = {"Idempotency-Key": "group"}
        body = {"samples": members, "run": {"id": "group"}}
        answer = service.server.client.post("/v1/graders/team@v1/grade-group", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return [(result["record"], result["reward"]) for result in answer.json()["results"]]

    database.kill()
    first, again = ask(), ask()
    database.start()
    service.wait_until_drained()

    assert first == again == ask()
    assert service.stored("group") == Counter(record for record, _ in first)


def test_two_services_cannot_have_one_spool(service: Service) -> None:
    _, told = rft("serve", expect=1, RFT_DATA_DIR=str(service.server.data_dir), **service.server.settings)

    assert "Another process keeps its spool" in told


def test_a_key_lets_its_holder_in_through_an_outage_and_after_a_restart_in_it(
    database: Postgres, tmp_path: Path
) -> None:
    key = new_key()
    url = database.new_database()
    asyncio.run(_store(url, stored(key, name="trainer", scopes=("grade",))))
    service = Service(tmp_path, url)
    headers = {"X-Api-Key": key}
    assert service.grade("keys").status_code == 401

    database.kill()
    answered = [service.grade("keys", headers).json()["record"]]
    service.server.kill()
    service.server.start()
    answered.append(service.grade("keys", headers).json()["record"])
    nobody = service.grade("keys", {"X-Api-Key": new_key()})
    database.start()
    service.wait_until_drained()
    service.server.client.headers.update(headers)

    assert nobody.status_code == 401
    assert service.stored("keys") == Counter(answered)
    assert service.server.stop() == 0


async def _store(url: str, key: StoredKey) -> None:
    await migrate(url)
    store = KeyStore.open(url)
    await store.create(key)
    await store.close()
