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
from tests.pace import SteadyClock
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
    """A service on a database of its own with one key, whose spool lasts."""

    def __init__(self, folder: Path, url: str, **settings: str) -> None:
        self.url = url
        write_team(folder / "graders")
        self.headers = {"X-Api-Key": new_key()}
        asyncio.run(_store(url, stored(self.headers["X-Api-Key"], name="trainer", scopes=("grade",))))
        self.server = Server(
            folder / "data",
            RFT_DATABASE_URL=url,
            RFT_LEDGER_COMMIT_TIMEOUT_S=str(COMMIT_TIMEOUT_S),
            RFT_GRADERS_PATH=str(folder / "graders"),
            **{"RFT_SPOOL_LASTS": "1", **settings},
        )
        self.server.start()

    def get(self, path: str, **parameters: str) -> httpx2.Response:
        return self.server.client.get(path, params=parameters, headers=self.headers)

    def post(self, path: str, body: dict[str, Any], key: str = "", **headers: str) -> httpx2.Response:
        if key:
            headers["Idempotency-Key"] = key
        return self.server.client.post(path, json=body, headers=self.headers | headers)

    def grade(self, run: str, key: str = "", text: str = "94", **headers: str) -> httpx2.Response:
        body = {"item": {"reference": "94"}, "sample": text, "run": {"id": run}}
        return self.post(f"{GRADER}/grade", body, key, **headers)

    def calling(self) -> httpx2.AsyncClient:
        """Calls it with its key, many at a time."""
        return httpx2.AsyncClient(base_url=self.server.url, headers=self.headers, timeout=30)

    def restart(self) -> None:
        """What a crash of it is followed by."""
        self.server.kill()
        self.server.start()

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
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_database_that_is_killed_and_restarted_under_load_costs_no_grade(
    service: Service, database: Postgres
) -> None:
    for seed in SEEDS:
        answered = asyncio.run(_load(service, database, seed))
        service.wait_until_drained()

        assert len(answered) >= LEAST_GRADES
        assert service.stored(f"seed-{seed}") == Counter(answered)
    # The last line may be on its way yet.
    until(lambda: sum("The database is back" in line for line in service.server.log) >= len(SEEDS))


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

    async with service.calling() as http:
        await asyncio.gather(outage(), *(client(http) for _ in range(CLIENTS)))
    return answered


def _batch(seed: int, number: int) -> dict[str, Any]:
    samples = [{"item": {"reference": "94"}, "sample": f"{number} {index}"} for index in range(BATCH)]
    return {"samples": samples, "run": {"id": f"seed-{seed}"}}


def test_a_service_killed_with_records_in_its_spool_brings_them_after_its_next_start(
    service: Service, database: Postgres
) -> None:
    database.kill()
    answered = [service.grade("killed", str(number)).json()["record"] for number in range(50)]
    service.restart()
    # The key lets its holder in, though nobody can look it up.
    again = [service.grade("killed", str(number)).json() for number in range(50)]
    answered.append(service.grade("killed").json()["record"])
    nobody = service.grade("killed", **{"X-Api-Key": new_key()})
    waiting = service.spool
    service.restart()
    database.start()
    service.wait_until_drained()

    assert [answer["record"] for answer in again] == answered[:50]
    assert all(answer["replayed"] for answer in again)
    assert nobody.status_code == 401
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
    service: Service, database: Postgres, clock: SteadyClock
) -> None:
    service.grade("frozen")
    database.freeze()
    try:
        answered, times_s = [], []
        for number in range(40):
            started = clock()
            answer = service.grade("frozen", f"frozen {number}")
            times_s.append(clock() - started)
            answered.append(answer.json()["record"])
        started = clock()
        code = service.server.stop()
        stopped_s = clock() - started
    finally:
        database.thaw()
    service.server.start()
    service.wait_until_drained()

    assert max(times_s) < 2 * COMMIT_TIMEOUT_S + 1
    assert sorted(times_s)[-2] < COMMIT_TIMEOUT_S
    assert code == 0
    assert stopped_s < 5
    assert set(answered) < set(service.stored("frozen"))


def test_a_lock_on_the_table_delays_grades_by_the_deadline_at_most(service: Service, clock: SteadyClock) -> None:
    service.grade("locked")

    async def burst(run: str) -> tuple[list[str], float]:
        bodies = [{"item": {"reference": "94"}, "sample": str(n), "run": {"id": run}} for n in range(100)]
        async with service.calling() as http:
            started = clock()
            answers = await asyncio.gather(*(http.post(f"{GRADER}/grade", json=body) for body in bodies))
            return [answer.json()["record"] for answer in answers], clock() - started

    async def while_locked() -> tuple[list[str], float]:
        holder = await asyncpg.connect(service.url)
        async with holder.transaction():
            await holder.execute("LOCK TABLE records IN ACCESS EXCLUSIVE MODE")
            told = await burst("locked")
        await holder.close()
        return told

    _, usual_s = asyncio.run(burst("before"))
    answered, waited_s = asyncio.run(while_locked())
    service.wait_until_drained()

    assert waited_s < 2 * usual_s + COMMIT_TIMEOUT_S + 1
    assert set(answered) < set(service.stored("locked"))


def test_a_group_is_graded_and_replayed_in_an_outage(service: Service, database: Postgres) -> None:
    members = [
        {"item": {"word": "a"}, "sample": text, "run": {"item_id": "a", "rollout": n}} for n, text in enumerate("ax")
    ]

    def ask() -> list[tuple[str, float]]:
        answer = service.post("/v1/graders/team@v1/grade-group", {"samples": members, "run": {"id": "group"}}, "group")
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


def test_a_spool_that_would_end_with_the_container_is_said_to_and_takes_nothing(
    database: Postgres, tmp_path: Path
) -> None:
    service = Service(tmp_path, database.new_database(), RFT_SPOOL_LASTS="0")
    before = service.get("/readyz")
    database.kill()
    refused = service.grade("ephemeral")
    during = service.get("/readyz")
    database.start()
    until(lambda: service.get("/readyz").status_code == 200)
    after = service.grade("ephemeral")

    assert (before.status_code, before.json()["spool"]["state"]) == (200, "ephemeral")
    assert (during.status_code, during.json()["spool"]["state"]) == (503, "ephemeral")
    assert (refused.status_code, refused.json()["code"]) == (503, "ledger_unavailable")
    assert service.stored("ephemeral") == Counter([after.json()["record"]])
    assert service.server.stop() == 0


async def _store(url: str, key: StoredKey) -> None:
    await migrate(url)
    store = KeyStore.open(url)
    await store.create(key)
    await store.close()
