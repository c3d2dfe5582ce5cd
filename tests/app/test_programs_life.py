"""What ends while programs run: zygotes, callers, the service. Nothing hangs, nothing is left, nothing becomes a
reward."""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.app.programs import GRADE, GRADE_BATCH, SLEEP, SQUARE, called, install, judged
from tests.app.wire import connected, head
from tests.pace import SteadyClock
from tests.processes import Watched, below, programs, zygotes
from tests.servers import Server

_KILLS = 5


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {"RFT_GRADERS_PATH": install(tmp_path), "RFT_SANDBOX_SLOTS": "2"}


@pytest.fixture
def server(data_dir: Path, settings: dict[str, str]) -> Iterator[Server]:
    """A service whose sandbox is ready."""
    with Server(data_dir, **settings) as server:
        assert server.client.post(GRADE, json=called(SQUARE)).json()["reward"] == 1.0
        yield server


def kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_programs_whose_zygotes_are_killed_are_lost_and_the_others_judged(server: Server) -> None:
    results = asyncio.run(_graded_while_zygotes_are_killed(server))
    rows = server.client.get("/v1/grades", params={"scored": "false", "limit": "500"}).json()["grades"]

    seen = Counter(result.get("verdict") or result["error"]["code"] for result in results)
    assert set(seen) <= {"right", "infra_error", "sandbox_unavailable"}, seen
    assert seen["infra_error"] > 0
    assert seen["right"] > 100
    assert all(result["reward"] == 1.0 for result in results if "verdict" in result)
    assert all(result["error"]["retryable"] for result in results if "error" in result)
    assert Counter(row["code"] for row in rows) == Counter(seen) - Counter(right=seen["right"])


async def _graded_while_zygotes_are_killed(server: Server) -> list[dict[str, Any]]:
    """The results of 150 programs in batches, while which all zygotes are killed again and again."""
    bodies = [(called, judged)[n % 2](SLEEP.format(seconds=0.05)) for n in range(30)]
    async with httpx2.AsyncClient(base_url=server.url, timeout=60) as http:
        work = [asyncio.create_task(http.post(GRADE_BATCH, json={"samples": bodies})) for _ in range(5)]
        for _ in range(_KILLS):
            while not programs(server.process.pid):
                await asyncio.wait(work, timeout=0.01)
            kill(zygotes(server.process.pid))
        return [result for answer in await asyncio.gather(*work) for result in answer.json()["results"]]


def test_the_service_is_healthy_within_a_second_after_every_zygote_was_killed(
    data_dir: Path, settings: dict[str, str], clock: SteadyClock
) -> None:
    began = clock()
    with Server(data_dir, **settings) as server:
        assert server.client.post(GRADE, json=called(SQUARE)).json()["reward"] == 1.0
        # On this machine, all of it.
        start_s = clock() - began
        kill(zygotes(server.process.pid))

        killed = clock()
        answers = [server.client.post(GRADE, json=called(SQUARE))]
        while answers[-1].status_code != 200:
            assert answers[-1].json()["code"] in {"infra_error", "sandbox_unavailable"}
            answers.append(server.client.post(GRADE, json=called(SQUARE)))
        assert clock() - killed < max(1.0, start_s / 2)
        assert answers[-1].json()["reward"] == 1.0
        assert server.client.get("/readyz").json()["sandbox"]["state"] == "ready"


def test_the_answer_to_a_lost_program_may_be_asked_for_again(server: Server) -> None:
    answer = asyncio.run(_answer_of_a_killed_one(server))

    assert answer.status_code == 503
    assert (answer.json()["code"], answer.json()["retryable"]) == ("infra_error", True)
    assert answer.headers["Retry-After"]


async def _answer_of_a_killed_one(server: Server) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=server.url, timeout=60) as http:
        asking = asyncio.create_task(http.post(GRADE, json=called(SLEEP.format(seconds=20), timeout_s=30)))
        while not programs(server.process.pid):
            await asyncio.wait([asking], timeout=0.02)
        kill(zygotes(server.process.pid, "candidate"))
        return await asking


def test_callers_that_are_killed_cost_no_slot(server: Server) -> None:
    """A hundred callers reset their connections while their programs wait or run."""
    body = json.dumps(called(SLEEP.format(seconds=0.02))).encode()
    request = b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    callers = [socket.create_connection(address) for _ in range(100)]
    for caller in callers:
        caller.sendall(request % (GRADE.encode(), len(body), body))
    for caller in callers:
        # An RST instead of a FIN, as from a host that is gone.
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        caller.close()
    grade = server.client.post(GRADE, json=called(SQUARE)).json()
    state = server.client.get("/readyz").json()["sandbox"]["state"]

    assert grade["reward"] == 1.0
    assert state == "ready"


def test_a_stop_lets_programs_end_and_leaves_no_process(server: Server) -> None:
    assert server.client.post(GRADE, json=judged(SQUARE)).json()["reward"] == 1.0
    processes = Watched(below(server.process.pid))

    grade, code = asyncio.run(_stopped_while_it_grades(server))

    assert grade.json()["reward"] == 1.0
    assert code == 0
    assert processes.outliving(5.0) == []
    server.start()
    assert server.client.get(f"/v1/grades/{grade.json()['record']}").json()["verdict"] == "right"
    assert server.client.post(GRADE, json=called(SQUARE)).json()["reward"] == 1.0
    assert server.stop() == 0


async def _stopped_while_it_grades(server: Server) -> tuple[httpx2.Response, int]:
    async with httpx2.AsyncClient(base_url=server.url, timeout=60) as http:
        asking = asyncio.create_task(http.post(GRADE, json=called(SLEEP.format(seconds=1))))
        while not programs(server.process.pid):
            await asyncio.wait([asking], timeout=0.02)
        code = await asyncio.to_thread(server.stop)
        return await asking, code


def test_a_stop_while_the_sandbox_starts_leaves_no_process(data_dir: Path, settings: dict[str, str]) -> None:
    states: list[str] = []
    # Where the machine stalls for as long as the sandbox takes, we are too late.
    while "starting" not in states and len(states) < 5:
        with Server(data_dir.with_name(f"data{len(states)}"), **settings) as server:
            states.append(server.client.get("/readyz").json()["sandbox"]["state"])
            processes = Watched(below(server.process.pid))
            assert server.stop() == 0
        assert processes.outliving(5.0) == []

    assert states[-1] == "starting"


def test_a_killed_service_leaves_no_process(server: Server) -> None:
    assert server.client.post(GRADE, json=judged(SQUARE)).json()["reward"] == 1.0
    body = json.dumps(called(SLEEP.format(seconds=20), timeout_s=30)).encode()
    with connected(server) as wire:
        wire.send(head(GRADE, f"Content-Length: {len(body)}") + body)
        while not programs(server.process.pid):
            assert not wire.has_answer(0)
        processes = Watched(below(server.process.pid))

        server.kill()

    assert processes.outliving(5.0) == []
