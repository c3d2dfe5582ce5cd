"""Redis frozen under a service that is busy: nobody is refused for it and nobody waits for it."""

import asyncio
import time
from pathlib import Path

import httpx2
import pytest

from tests.servers import Server
from tests.services import Redis

pytestmark = pytest.mark.anyio

SAMPLE = {"item": {"reference": "94"}, "sample": "94"}
PATH = "/v1/graders/finance_qa@v1/grade"
CLIENTS = 6
FREEZES = 3
REQUESTS = 200
# Above what the clients can send, and so few at once that tokens are leased again and again.
LIMITS = {"RFT_RATE_PER_S": "3000", "RFT_BURST": "300", "RFT_GRADER_RATES": "*=3000"}

STALL_MAX_S = 0.1


class Load:
    """Clients that send one request after the other, until it is over."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.took_s: list[float] = []
        self.refused: list[int] = []
        self.is_over = False

    async def client(self, http: httpx2.AsyncClient) -> None:
        while not self.is_over:
            started = time.perf_counter()
            answer = await http.post(PATH, json=SAMPLE)
            self.took_s.append(time.perf_counter() - started)
            if answer.status_code != 200:
                self.refused.append(answer.status_code)

    async def longest_s(self, http: httpx2.AsyncClient, redis: str) -> float:
        """The longest request until /readyz says so of Redis and so many requests were sent."""
        first = len(self.took_s)
        async with asyncio.timeout(60):
            # The clients owe this test no event, and Redis is another process.
            while len(self.took_s) < first + REQUESTS:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            while not (await http.get("/readyz")).json()["redis"].startswith(redis):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return max(self.took_s[first:])


async def test_a_frozen_redis_costs_no_request_an_error_or_a_tenth_of_a_second(tmp_path: Path, redis: Redis) -> None:
    with Server(tmp_path, RFT_REDIS_URL=redis.url, **LIMITS) as server:
        load = Load(server.url)
        async with httpx2.AsyncClient(base_url=server.url, timeout=30) as http:
            clients = [asyncio.create_task(load.client(http)) for _ in range(CLIENTS)]
            usual_s, frozen_s = [], []
            for _ in range(FREEZES):
                usual_s.append(await load.longest_s(http, "ok"))
                redis.freeze()
                frozen_s.append(await load.longest_s(http, "cannot be reached"))
                redis.thaw()
                await load.longest_s(http, "ok")
            load.is_over = True
            await asyncio.gather(*clients)

    assert load.refused == []
    # What else the machine does makes single requests slow; a Redis that was waited for would make each freeze slow.
    assert min(frozen_s) <= max(usual_s) + STALL_MAX_S
