"""`kill -9` at any instant: every grade that was answered is in the ledger, once, and a retry adds nothing twice."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.servers import Server

SEEDS = range(10)
LEAST_GRADES = 500
BATCH = 20
CLIENTS = 12
PATH = "/v1/graders/finance_qa@v1/grade-batch"


@pytest.mark.timeout(240)
def test_no_answered_grade_is_lost_and_none_is_counted_twice(tmp_path: Path, database_url: str) -> None:
    server = Server(tmp_path / "data", RFT_DATABASE_URL=database_url)
    server.start()
    for seed in SEEDS:
        answered, sent = asyncio.run(_load_until_killed(server, seed))
        assert sent * BATCH >= LEAST_GRADES
        server.start()
        stored = dict(_stored(server, seed))

        lost = {key: record for key, record in answered.items() if stored.get(key) != record}
        assert not lost, f"seed {seed}: answered and not stored"

        # Whoever got no answer sends the same again: what was recorded is replayed, the rest is graded now.
        for number in range(sent - CLIENTS, sent):
            answer = server.client.post(PATH, json=_body(seed, number), headers=_headers(seed, number))
            for key, result in zip(_keys(seed, number), answer.json()["results"], strict=True):
                assert result["replayed"] == (key in stored)
                assert stored.setdefault(key, result["record"]) == result["record"]
        assert dict(_stored(server, seed)) == stored
    assert server.stop() == 0


async def _load_until_killed(server: Server, seed: int) -> tuple[dict[str, str], int]:
    """The record of every grade that was answered before the kill, by its key, and how many batches were sent."""
    chance = random.Random(seed)
    kill_after = chance.randint(LEAST_GRADES // BATCH, 3 * LEAST_GRADES // BATCH)
    answered: dict[str, str] = {}
    numbers = iter(range(10**6))
    sent, enough = 0, asyncio.Event()

    async def client(http: httpx2.AsyncClient) -> None:
        nonlocal sent
        for number in numbers:
            sent = max(sent, number + 1)
            if sent > kill_after:
                enough.set()
            try:
                answer = await http.post(PATH, json=_body(seed, number), headers=_headers(seed, number))
            except httpx2.TransportError:
                return
            answered.update(
                zip(_keys(seed, number), (result["record"] for result in answer.json()["results"]), strict=True)
            )

    async with httpx2.AsyncClient(base_url=server.url, timeout=30) as http:
        clients = [asyncio.create_task(client(http)) for _ in range(CLIENTS)]
        await enough.wait()
        for _ in range(chance.randint(0, 200)):
            await asyncio.sleep(0)
        server.kill()
        await asyncio.gather(*clients)
    return answered, sent


def _stored(server: Server, seed: int) -> Iterator[tuple[str, str]]:
    """Key and record of every row of the seed's run; a key that stands twice is a grade counted twice."""
    seen: set[str] = set()
    cursor: dict[str, str] = {}
    while True:
        page = server.client.get("/v1/grades", params={"run": f"seed-{seed}", "limit": "500", **cursor}).json()
        for row in page["grades"]:
            assert row["item_id"] not in seen
            seen.add(row["item_id"])
            yield row["item_id"], row["record"]
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


def _body(seed: int, number: int) -> dict[str, object]:
    samples = [
        {"item": {"reference": str(index)}, "sample": f"{number + index}", "run": {"item_id": key}}
        for index, key in enumerate(_keys(seed, number))
    ]
    return {"samples": samples, "run": {"id": f"seed-{seed}"}}


def _keys(seed: int, number: int) -> list[str]:
    return [f"{seed}/{number}/{index}" for index in range(BATCH)]


def _headers(seed: int, number: int) -> dict[str, str]:
    return {"Idempotency-Key": f"{seed}/{number}"}
