"""Rate limits as a caller meets them: 429 with the exact wait, never a reward, and nothing for what is replayed."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from app.keys.secret import hash_of, new_key
from tests.pace import SteadyClock
from tests.servers import Server
from tests.services import Redis
from tests.team import write_team

SAMPLE = {"item": {"reference": "94"}, "sample": "94"}
ONE = "/v1/graders/finance_qa@v1/grade"
BATCH = "/v1/graders/finance_qa@v1/grade-batch"


def batch(samples: int) -> dict:
    return {"samples": [SAMPLE] * samples}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One token in 100 s: what a test takes is gone. Tests call graders that no other test calls."""
    folder = tmp_path_factory.mktemp("limits")
    for name in ("a", "b", "c", "d", "e"):
        (folder / "graders" / name).mkdir(parents=True)
        (folder / "graders" / name / "v1.py").write_text(GRADER)
    write_team(folder / "graders")
    limits = {"RFT_GRADER_RATES": "*=0.01", "RFT_BURST": "10", "RFT_METRICS_PORT": "0"}
    with Server(folder / "data", RFT_GRADERS_PATH=str(folder / "graders"), **limits) as server:
        yield server


GRADER = '''"""Pays for every answer."""
from pydantic import BaseModel, ConfigDict
from graders.api import Grade
VERDICTS = ("paid",)
class Item(BaseModel):
    pass
class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")
def grade(sample, item, config, results):
    return Grade(1.0, "paid", "Always.")
'''


def test_the_request_that_is_over_the_limit_is_told_which_and_for_how_long(server: Server) -> None:
    passed = [server.client.post("/v1/graders/a@v1/grade", json=SAMPLE) for _ in range(10)]
    refused = server.client.post("/v1/graders/a@v1/grade", json=SAMPLE)

    assert [answer.status_code for answer in passed] == [200] * 10
    problem = refused.json()
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert (problem["code"], problem["retryable"], problem["violated-policies"]) == ("rate_limited", True, ["grader"])
    assert (
        "limit of caller 'local' for grader a@v1 is 0.01 samples a second, 10 at once, 0 left now" in problem["detail"]
    )
    assert "reward" not in problem
    wait_s = int(refused.headers["retry-after"])
    wait_ms = int(refused.headers["retry-after-ms"])
    assert 90 < wait_s <= 100
    assert wait_s - 1 < wait_ms / 1000 <= wait_s
    # "a@v1" in base64: the partition, whose tokens these are.
    assert refused.headers["ratelimit-policy"] == '"grader";q=10;w=1000;pk=:YUB2MQ==:'
    assert refused.headers["ratelimit"] == f'"grader";r=0;t={wait_s};pk=:YUB2MQ==:'


def test_headers_come_when_less_than_a_fifth_is_left(server: Server) -> None:
    answers = [server.client.post("/v1/graders/b@v1/grade", json=SAMPLE) for _ in range(10)]

    told = [answer.headers.get("ratelimit") for answer in answers]
    assert told[:8] == [None] * 8
    assert re.fullmatch(r'"grader";r=1;t=\d+;pk=:YkB2MQ==:', told[8])
    assert re.fullmatch(r'"grader";r=0;t=\d+;pk=:YkB2MQ==:', told[9])
    assert all(answer.headers.get("ratelimit-policy") is None for answer in answers[:8])


def test_a_batch_takes_a_token_per_sample_and_passes_whole_or_not_at_all(server: Server) -> None:
    first = server.client.post("/v1/graders/c@v1/grade-batch", json=batch(7))
    refused = server.client.post("/v1/graders/c@v1/grade-batch", json=batch(4))
    second = server.client.post("/v1/graders/c@v1/grade-batch", json=batch(3))

    assert [len(answer.json()["results"]) for answer in (first, second)] == [7, 3]
    assert refused.status_code == 429
    assert "4 samples were sent" in refused.json()["detail"]
    assert "ratelimit" in second.headers


def test_a_batch_over_the_burst_is_told_how_many_may_be_sent(server: Server) -> None:
    refused = server.client.post("/v1/graders/d@v1/grade-batch", json=batch(11))
    passed = server.client.post("/v1/graders/d@v1/grade-batch", json=batch(10))

    assert (refused.status_code, refused.json()["code"]) == (422, "batch_over_burst")
    assert "Send at most 10 in a request" in refused.json()["detail"]
    assert "retry-after" not in refused.headers
    assert passed.status_code == 200


def test_a_replay_takes_no_token(server: Server) -> None:
    key = {"Idempotency-Key": "same"}
    answers = [server.client.post("/v1/graders/e@v1/grade-batch", json=batch(10), headers=key) for _ in range(3)]
    other = server.client.post("/v1/graders/e@v1/grade", json=SAMPLE)

    assert [answer.status_code for answer in answers] == [200] * 3
    assert all(result["replayed"] for result in answers[2].json()["results"])
    assert other.status_code == 429


def test_a_group_takes_a_token_per_sample_that_can_be_read(server: Server) -> None:
    team = "/v1/graders/team@v1/grade-group"
    samples = [{"item": {"word": "yes"}, "sample": "yes", "run": {"rollout": number}} for number in range(9)]
    passed = server.client.post(team, json={"samples": [*samples, {"item": 1}]})
    refused = server.client.post(team, json={"samples": samples[:2]})

    assert passed.status_code == 200
    assert '"grader";r=1;' in passed.headers["ratelimit"]
    assert refused.status_code == 429


def test_a_recipe_counts_as_the_grader_it_stands_on(tmp_path: Path) -> None:
    with Server(tmp_path, RFT_GRADER_RATES="finance_qa@v1=0.01", RFT_BURST="1") as server:
        first = server.client.post("/v1/graders/four_tier@v1/grade", json=SAMPLE)
        second = server.client.post(ONE, json=SAMPLE)

    assert (first.status_code, second.status_code) == (200, 429)


def test_the_contract_for_azure_answers_429_too(tmp_path: Path) -> None:
    with Server(tmp_path, RFT_RATE_PER_S="0.01", RFT_BURST="1") as server:
        passed = server.client.post("/v1/contracts/azure/finance_qa@v1", json=SAMPLE)
        refused = server.client.post("/v1/contracts/azure/finance_qa@v1", json=SAMPLE)

    assert passed.headers["ratelimit"].startswith('"caller";r=0;t=')
    assert refused.status_code == 429
    assert "score" not in refused.json()
    assert int(refused.headers["retry-after"]) > 90


def test_without_a_rate_nothing_is_limited(tmp_path: Path) -> None:
    with Server(tmp_path, RFT_BURST="1") as server:
        answers = [server.client.post(BATCH, json=batch(50)) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert all("ratelimit" not in answer.headers for answer in answers)


def test_two_keys_of_a_caller_with_limits_of_their_own_do_not_fill_each_other_s_up(tmp_path: Path) -> None:
    keys = {new_key(): rate for rate in ("1/h", "2/h")}
    entries = [
        f'[[keys]]\nname = "trainer"\nsha256 = "{hash_of(key.encode()).hex()}"\nrate = "{rate}"\nburst = 3'
        for key, rate in keys.items()
    ]
    (tmp_path / "keys.toml").write_text("\n".join(entries))
    with Server(tmp_path / "data", RFT_API_KEYS_FILE=str(tmp_path / "keys.toml")) as server:
        answers = [
            server.client.post(ONE, json=SAMPLE, headers={"X-Api-Key": key}).status_code
            for _ in range(5)
            for key in keys
        ]

    assert answers == [200] * 6 + [429] * 4


def test_two_replicas_share_a_limit_and_go_on_without_redis(tmp_path: Path, redis: Redis, clock: SteadyClock) -> None:
    # A bucket each: where a slow machine makes Redis late by 0.05 s, a replica goes on with its share of one of them.
    callers = {f"trainer{number}": new_key() for number in range(5)}
    entries = [f'[[keys]]\nname = "{name}"\nsha256 = "{hash_of(key.encode()).hex()}"' for name, key in callers.items()]
    (tmp_path / "keys.toml").write_text("\n".join(entries))
    limits = {"RFT_REDIS_URL": redis.url, "RFT_RATE_PER_S": "0.01", "RFT_BURST": "100"}
    limits["RFT_API_KEYS_FILE"] = str(tmp_path / "keys.toml")
    with Server(tmp_path / "one", **limits) as one, Server(tmp_path / "two", **limits) as two:
        for key in callers.values():
            sent = {"json": batch(90), "headers": {"X-Api-Key": key}}
            answered = [server.client.post(BATCH, **sent).status_code for server in (one, two)]
            if answered == [200, 429]:
                break
        redis.freeze()
        started = clock()
        still = two.client.post(ONE, json=SAMPLE, headers={"X-Api-Key": key})
        waited_s = clock() - started
        states = [wait_for_redis(server, "cannot be reached") for server in (one, two)]
        redis.thaw()
        states += [wait_for_redis(server, "ok") for server in (one, two)]

    assert answered == [200, 429]
    assert still.status_code == 200
    assert waited_s < 0.5
    assert all(states)


def wait_for_redis(server: Server, wanted: str) -> bool:
    """Whether the server says so of Redis within 20 s."""
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        state = httpx2.get(f"{server.url}/readyz").json()
        assert state["ready"]
        if state["redis"].startswith(wanted):
            return True
    return False
