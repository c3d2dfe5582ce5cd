"""SIGTERM and Ctrl-C: what was accepted is answered, what comes late is told so, nothing is lost, nothing is left."""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.ledger import Ledger, RecordFilter
from tests.app import programs as runs
from tests.app import wire
from tests.processes import Watched, below, programs
from tests.servers import Server
from tests.services import running_postgres

BATCH = "/v1/graders/finance_qa@v1/grade-batch"
GRADE = "/v1/graders/finance_qa@v1/grade"
HELD = "/v1/graders/held@v1/grade"
BODY = {"item": {"reference": "94"}, "sample": "94"}
BODY_BYTES = json.dumps(BODY).encode()
CLIENTS = 12
BURST = 500
ROUND_TRIP_S = 0.5
# Later than this nobody need be there.
TOO_LATE_S = 0.9
BATCHES_BEFORE_THE_STOP = 60

# Says in one pipe that it has begun, and ends when somebody opens the other.
HELD_GRADER = '''"""Is held until it is let go."""
from pydantic import BaseModel
from graders.api import Grade
VERDICTS = ("done",)
class Item(BaseModel):
    pass
class Config(BaseModel):
    pass
def grade(sample, item, config, results):
    open({begun!r}, "w").close()
    open({let_go!r}).close()
    return Grade(1.0, "done", "It was let go.")
'''


class Held:
    """The grader `held@v1` of one service."""

    def __init__(self, folder: Path) -> None:
        self._begun, self._let_go = folder / "begun", folder / "let_go"
        self.graders_path = folder / "graders"
        (self.graders_path / "held").mkdir(parents=True)
        source = HELD_GRADER.format(begun=str(self._begun), let_go=str(self._let_go))
        (self.graders_path / "held" / "v1.py").write_text(source)
        os.mkfifo(self._begun)
        os.mkfifo(self._let_go)

    def wait(self) -> None:
        """Returns when a judgement has begun."""
        self._begun.open().close()

    def let_go(self) -> None:
        self._let_go.open("w").close()


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return Held(tmp_path)


@contextmanager
def asking(server: Server, path: str, body: object) -> Iterator[Future[httpx2.Response]]:
    """A request that is under way."""
    with ThreadPoolExecutor(1) as pool, httpx2.Client(base_url=server.url, timeout=60) as client:
        yield pool.submit(client.post, path, json=body)


def fresh(server: Server, method: str, path: str, body: object = None) -> httpx2.Response:
    """The answer on a connection of its own."""
    with httpx2.Client(base_url=server.url, timeout=30) as client:
        return client.request(method, path, json=body)


def ended(server: Server, children: Watched) -> int:
    """The exit code; nothing that the service started has outlived it."""
    server.process.wait(30)
    code = server.stop()
    assert children.outliving(5.0) == []
    return code


def test_under_load_whatever_was_accepted_is_answered_and_recorded_once(tmp_path: Path, database_url: str) -> None:
    with Server(tmp_path / "data", RFT_DATABASE_URL=database_url, RFT_WORKERS="2") as server:
        children = Watched(below(server.process.pid))
        answers = asyncio.run(_answers_while_it_stops(server))
        code = ended(server, children)

    graded = [result for answer in answers if answer.status_code == 200 for result in answer.json()["results"]]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {result["reward"] for result in graded} == {1.0}
    assert sorted(result["record"] for result in graded) == asyncio.run(_recorded(database_url))
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(503, "shutting_down")}
    assert {answer.headers["connection"] for answer in refused} == {"close"}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    assert len(refused) == CLIENTS
    assert code == 0


async def _answers_while_it_stops(server: Server) -> list[httpx2.Response]:
    """Every client sends batches, one after the other, until it is refused; none may be left without an answer."""
    answers: list[httpx2.Response] = []
    body = {"samples": [BODY] * 20, "run": {"id": "load"}}

    async def client(http: httpx2.AsyncClient) -> None:
        while True:
            answer = await http.post(BATCH, json=body)
            answers.append(answer)
            if len(answers) == BATCHES_BEFORE_THE_STOP:
                server.process.terminate()
            if answer.status_code != 200:
                return

    async with httpx2.AsyncClient(base_url=server.url, timeout=30) as http:
        await asyncio.gather(*(client(http) for _ in range(CLIENTS)))
    return answers


def test_a_burst_that_a_stop_meets_is_answered_to_the_last(tmp_path: Path) -> None:
    request = wire.head(GRADE, f"Content-Length: {len(BODY_BYTES)}") + BODY_BYTES
    with Server(tmp_path / "data") as server, ExitStack() as stack:
        wires = [stack.enter_context(wire.connected(server)) for _ in range(BURST)]
        for number, one in enumerate(wires):
            one.send(request)
            if number == BURST // 2:
                server.process.terminate()
        answers = [one.answer() for one in wires]
        server.process.wait(30)
        code = server.stop()

    assert {(answer.status, answer.json.get("code")) for answer in answers} <= {(200, None), (503, "shutting_down")}
    assert code == 0


def test_a_caller_that_was_answered_a_moment_ago_finds_somebody_a_round_trip_later(tmp_path: Path) -> None:
    late, tries = None, 0
    while late is None and tries < 5:
        tries += 1
        with Server(tmp_path / f"data{tries}") as server:
            assert server.client.post(GRADE, json=BODY).status_code == 200
            answered = time.monotonic()
            server.process.terminate()
            while time.monotonic() < answered + ROUND_TRIP_S:
                pass
            late = _answer_unless_too_late(server, answered)
            code = ended(server, Watched([]))

    assert late is not None
    assert (late.status_code, late.json()["code"]) == (503, "shutting_down")
    assert late.headers["connection"] == "close"
    assert code == 0


def _answer_unless_too_late(server: Server, answered: float) -> httpx2.Response | None:
    """None: a machine that stalls has held us up, and nobody was there any more."""
    try:
        return server.client.post(GRADE, json=BODY)
    except httpx2.TransportError:
        if time.monotonic() < answered + TOO_LATE_S:
            raise
        return None


async def _recorded(database_url: str) -> list[str]:
    """The ids of all grades in the ledger."""
    ledger = await Ledger.open(database_url)
    found: list[str] = []
    page = await ledger.search(RecordFilter(caller=None, run="load", scored=True), after=None, limit=500)
    while page:
        found += [record.record for record in page]
        page = await ledger.search(RecordFilter(caller=None, run="load", scored=True), after=found[-1], limit=500)
    await ledger.close()
    return sorted(found)


def test_what_the_deadline_cuts_off_is_a_503_and_a_row_without_a_reward(tmp_path: Path, held: Held) -> None:
    runs.install(tmp_path / "more")
    settings = {
        "RFT_GRADERS_PATH": f"{held.graders_path}:{tmp_path / 'more' / 'graders'}",
        "RFT_CALL_TIMEOUT_S": "60",
        "RFT_SANDBOX_SLOTS": "4",
        "RFT_WORKERS": "4",
        "RFT_DRAIN_TIMEOUT_S": "1",
    }
    program = runs.called(runs.SLEEP.format(seconds=40), timeout_s=50)
    batch = {"samples": [*[runs.called(runs.SQUARE)] * 8, program], "run": {"id": "cut"}}
    with Server(tmp_path / "data", **settings) as server:
        assert server.client.post(runs.GRADE, json=runs.called(runs.SQUARE)).json()["reward"] == 1.0
        children = Watched(below(server.process.pid))
        with (
            asking(server, HELD, {"item": {}, "sample": "", "run": {"id": "cut"}}) as in_a_worker,
            asking(server, runs.GRADE, {**program, "run": {"id": "cut"}}) as in_the_sandbox,
            asking(server, runs.GRADE_BATCH, batch) as in_part,
            _half_sent(server) as half_sent,
        ):
            held.wait()
            _wait_for_a_grade_and_two_programs(server)
            server.process.terminate()
            answers = [in_a_worker.result(), in_the_sandbox.result(), in_part.result()]
            body_never_came = half_sent.recv(1 << 16)
        code = ended(server, children)
    rows = asyncio.run(_unscored(f"sqlite:///{tmp_path / 'data' / 'rft.sqlite3'}"))

    for answer in answers[:2]:
        assert (answer.status_code, answer.json()["code"]) == (503, "shutting_down")
        assert answer.headers["retry-after"]
    done, *_, cut_off = answers[2].json()["results"]
    assert (done["reward"], cut_off["error"]["code"]) == (1.0, "shutting_down")
    assert cut_off["error"]["record"] in rows
    assert body_never_came.startswith(b"HTTP/1.1 503 ")
    assert list(rows.values()) == ["shutting_down"] * len(rows)
    assert len(rows) >= 3
    assert code == 0


@contextmanager
def _half_sent(server: Server) -> Iterator[socket.socket]:
    """A connection on which the headers and a part of the body of a request were sent."""
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=30) as connection:
        head = (
            f"POST {GRADE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
        )
        connection.sendall(head.encode() + b'{"item":')
        yield connection


def _wait_for_a_grade_and_two_programs(server: Server) -> None:
    where = {"run": "cut", "scored": "true"}
    while not server.client.get("/v1/grades", params=where).json()["grades"] or len(programs(server.process.pid)) < 2:
        pass


async def _unscored(database_url: str) -> dict[str, str | None]:
    ledger = await Ledger.open(database_url)
    found = await ledger.search(RecordFilter(caller=None, run="cut", scored=False), after=None, limit=500)
    await ledger.close()
    return {record.record: record.code for record in found}


def test_readiness_goes_first_then_the_door_and_a_second_signal_hastens(tmp_path: Path, held: Held) -> None:
    settings = {
        "RFT_GRADERS_PATH": str(held.graders_path),
        "RFT_CALL_TIMEOUT_S": "60",
        "RFT_DRAIN_WAIT_S": "60",
        "RFT_DRAIN_TIMEOUT_S": "60",
    }
    with Server(tmp_path / "data", **settings) as server, asking(server, HELD, {"item": {}, "sample": ""}) as judging:
        held.wait()
        children = Watched(below(server.process.pid))
        server.process.terminate()
        ready = _until(server, "/readyz", 503)
        while_it_waits = [server.client.post(GRADE, json=BODY), fresh(server, "POST", GRADE, BODY)]
        alive = fresh(server, "GET", "/healthz")
        server.process.send_signal(signal.SIGINT)
        cut_off = judging.result()
        code = ended(server, children)

    assert (ready["ready"], ready["stopping"]) == (False, True)
    assert [answer.json()["reward"] for answer in while_it_waits] == [1.0, 1.0]
    assert {answer.headers["connection"] for answer in while_it_waits} == {"close"}
    assert alive.status_code == 200
    assert (cut_off.status_code, cut_off.json()["code"]) == (503, "shutting_down")
    assert code == 0


def test_a_signal_to_all_processes_lets_judgements_end_while_late_comers_are_refused(
    tmp_path: Path, held: Held
) -> None:
    """Ctrl-C goes to every process of a terminal, and systemd's stop to all of a service."""
    settings = {"RFT_GRADERS_PATH": str(held.graders_path), "RFT_CALL_TIMEOUT_S": "60"}
    with Server(tmp_path / "data", **settings) as server, asking(server, HELD, {"item": {}, "sample": ""}) as judging:
        held.wait()
        children = below(server.process.pid)
        for number in (signal.SIGINT, signal.SIGTERM):
            for child in children:
                os.kill(child, number)
        server.process.send_signal(signal.SIGINT)
        _until(server, "/readyz", 503)
        kept_alive, on_a_fresh_one = server.client.post(GRADE, json=BODY), fresh(server, "POST", GRADE, BODY)
        held.let_go()
        judged = judging.result()
        code = ended(server, Watched(children))

    assert judged.json()["reward"] == 1.0
    for answer in (kept_alive, on_a_fresh_one):
        assert (answer.status_code, answer.json()["code"]) == (503, "shutting_down")
        assert answer.headers["connection"] == "close"
    assert code == 0


def _until(server: Server, path: str, status: int) -> dict[str, Any]:
    """The first answer with that status. A signal is not there the moment it is sent."""
    while (answer := fresh(server, "GET", path)).status_code != status:
        assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_a_database_that_stands_still_does_not_keep_the_service_from_ending(tmp_path: Path) -> None:
    with running_postgres() as postgres:
        settings = {"RFT_DATABASE_URL": postgres.new_database(), "RFT_DRAIN_TIMEOUT_S": "1"}
        with Server(tmp_path / "data", **settings) as server, asking(server, GRADE, BODY) as first:
            assert first.result().status_code == 200
            children = Watched(below(server.process.pid))
            postgres.freeze()
            try:
                with asking(server, GRADE, BODY) as asked:
                    server.process.terminate()
                    answer = asked.result()
                code = ended(server, children)
            finally:
                postgres.thaw()

    assert answer.status_code in {200, 503}
    assert code == 0
