"""A retry that comes while the first try is still being graded: one judgement, and everybody answers with it."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.servers import Server
from tests.services import Postgres

pytestmark = pytest.mark.anyio

ONE = "/v1/graders/held@v1/grade"
BATCH = "/v1/graders/held@v1/grade-batch"
SAMPLES = {
    ONE: {"item": {}, "sample": "a"},
    BATCH: {"samples": [{"item": {}, "sample": f"sample {number}"} for number in range(20)]},
}

GRADER = '''"""Leaves a byte for each call, then waits until nobody holds the gate."""
import fcntl, os
from pydantic import BaseModel, ConfigDict
from graders.api import Grade
VERDICTS = ("done",)
SHARED_MAX_BYTES = 65536
_counter = os.open({counter!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
class Item(BaseModel):
    pass
class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")
def grade(sample, item, config, results):
    os.write(_counter, b".")
    with open({gate!r}) as gate:
        fcntl.flock(gate, fcntl.LOCK_SH)
    return Grade(1.0, "done", "The gate is open.")
'''


class Held:
    """Two services on one database, with a grader that waits at a gate."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self._gate, self._counter = folder / "gate", folder / "counter"
        (folder / "graders" / "held").mkdir(parents=True)
        self._gate.touch()
        source = GRADER.format(gate=str(self._gate), counter=str(self._counter))
        (folder / "graders" / "held" / "v1.py").write_text(source)
        settings = {
            "RFT_GRADERS_PATH": str(folder / "graders"),
            "RFT_CALL_TIMEOUT_S": "30",
            "RFT_DATABASE_URL": database_url,
        }
        self.replicas = [Server(folder / name, **settings) for name in ("one", "two")]

    @property
    def calls(self) -> int:
        """How many have begun."""
        return self._counter.stat().st_size

    @contextmanager
    def closed(self) -> Iterator[None]:
        """No judgement ends before this does."""
        with self._gate.open() as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield

    async def begun(self, calls: int) -> None:
        """Returns when so many calls have begun."""
        async with asyncio.timeout(60):
            # The counter is written by other processes.
            while self.calls < calls:  # noqa: ASYNC110
                await asyncio.sleep(0.005)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Held]:
    held = Held(tmp_path_factory.mktemp("retries"), postgres.new_database())
    with held.replicas[0], held.replicas[1]:
        yield held


@asynccontextmanager
async def asking(*servers: Server) -> AsyncIterator[list[httpx2.AsyncClient]]:
    clients = [httpx2.AsyncClient(base_url=server.url, timeout=30) for server in servers]
    yield clients
    for client in clients:
        await client.aclose()


def records(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return [grade["record"] for grade in body.get("results", [body])]


def replayed(answer: httpx2.Response) -> set[bool]:
    body = answer.json()
    return {grade["replayed"] for grade in body.get("results", [body])}


@pytest.mark.parametrize("path", [ONE, BATCH])
async def test_two_replicas_that_grade_one_key_at_once_answer_with_one_grade(held: Held, path: str) -> None:
    key, run, before = {"Idempotency-Key": f"at once {path}"}, f"at once {path}", held.calls
    body = {**SAMPLES[path], "run": {"id": run}}
    async with asking(*held.replicas) as clients:
        with held.closed():
            tries = [asyncio.create_task(client.post(path, json=body, headers=key)) for client in clients]
            # Neither knows of the other: both have begun to judge.
            await held.begun(before + 2)
        answers = await asyncio.gather(*tries)
        stored = (await clients[0].get("/v1/grades", params={"run": run, "limit": "100"})).json()["grades"]

    assert records(answers[0]) == records(answers[1])
    assert sorted(grade["record"] for grade in stored) == sorted(records(answers[0]))
    assert replayed(answers[0]) | replayed(answers[1]) == {True, False}


@pytest.mark.parametrize("path", [ONE, BATCH])
async def test_a_retry_waits_for_the_try_that_is_still_being_graded(held: Held, path: str) -> None:
    key, before = {"Idempotency-Key": f"retry {path}"}, held.calls
    async with asking(held.replicas[0], held.replicas[0]) as (first_client, second_client):
        with held.closed():
            first = asyncio.create_task(first_client.post(path, json=SAMPLES[path], headers=key))
            await held.begun(before + 1)
            retry = asyncio.create_task(second_client.post(path, json=SAMPLES[path], headers=key))
            for _ in range(3):
                assert (await first_client.get("/healthz")).status_code == 200
            assert not retry.done()
        answers = await asyncio.gather(first, retry)

    assert records(answers[0]) == records(answers[1])
    assert (replayed(answers[0]), replayed(answers[1])) == ({False}, {True})
    assert held.calls == before + len(records(answers[0]))


async def test_a_retry_of_a_caller_that_hung_up_gets_the_grade_that_had_begun(held: Held) -> None:
    key, before = {"Idempotency-Key": "hung up"}, held.calls
    async with asking(held.replicas[0], held.replicas[0]) as (impatient, patient):
        with held.closed():
            first = asyncio.create_task(impatient.post(ONE, json=SAMPLES[ONE], headers=key))
            await held.begun(before + 1)
            first.cancel()
            await asyncio.wait([first])
        retry = await patient.post(ONE, json=SAMPLES[ONE], headers=key)

    assert retry.json()["replayed"] is True
    assert held.calls == before + 1
