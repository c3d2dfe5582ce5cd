"""Alive, ready, and what is wrong: on both ports, the second one of which saturation cannot hide."""

import os
import re
import select
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

import httpx2

from app.probes import REQUESTS_MAX
from tests.ports import free_port
from tests.servers import Server
from tests.services import Redis


def test_ready_says_of_every_part_how_it_is(tmp_path: Path, redis: Redis) -> None:
    (tmp_path / "graders" / "broken").mkdir(parents=True)
    (tmp_path / "graders" / "broken" / "v1.py").write_text("import no_such_module_at_all")
    (tmp_path / "graders" / "unfit").mkdir()
    (tmp_path / "graders" / "unfit" / "v1.py").write_text(
        '"""Never right."""\nfrom pydantic import BaseModel\nfrom graders.api import Grade\n'
        'VERDICTS = ("right", "wrong")\n'
        "class Item(BaseModel):\n    pass\nclass Config(BaseModel):\n    pass\n"
        'def grade(sample, item, config, results):\n    return Grade(0.0, "wrong", "")\n'
    )
    (tmp_path / "graders" / "unfit" / "cases.toml").write_text(
        '[[case]]\nname = "holds"\nwhy = "Never pays."\nitem = {}\nsample = ""\n'
        'expect.v1 = { reward = 0.0, verdict = "wrong" }\n'
        '[[case]]\nname = "does not hold"\nwhy = "Should pay."\nitem = {}\nsample = ""\n'
        'expect.v1 = { reward = 1.0, verdict = "right" }\n'
    )
    with Server(tmp_path / "data", RFT_REDIS_URL=redis.url, RFT_GRADERS_PATH=str(tmp_path / "graders")) as server:
        state = server.client.get("/readyz").json()
        refused = server.client.post("/v1/graders/unfit@v1/grade", json={"item": {}, "sample": ""})
        heads = [server.client.head(path) for path in ("/healthz", "/readyz")]

    assert (state["ready"], state["database"], state["redis"]) == (True, "ok", "ok")
    assert "no_such_module_at_all" in state["unhealthy_graders"]["broken@v1"]
    assert "case 'does not hold': expected 1 right, got 0 wrong" in state["unhealthy_graders"]["unfit@v1"]
    assert refused.status_code == 404
    assert [(head.status_code, head.content) for head in heads] == [(200, b"")] * 2


def test_redis_that_is_away_is_reported_and_grading_goes_on(tmp_path: Path) -> None:
    with Server(tmp_path / "data", RFT_REDIS_URL=f"redis://127.0.0.1:{free_port()}") as server:
        answer = server.client.get("/readyz")
        graded = server.client.post(
            "/v1/graders/finance_qa@v1/grade", json={"item": {"reference": "94"}, "sample": "94"}
        )

    assert answer.status_code == 200
    assert "cannot be reached" in answer.json()["redis"]
    assert graded.json()["reward"] == 1.0


def test_the_metrics_port_has_metrics_and_probes_and_the_api_port_no_metrics(tmp_path: Path) -> None:
    port = free_port()
    with Server(tmp_path / "data", RFT_METRICS_PORT=port) as server:
        server.client.post("/v1/graders/finance_qa@v1/grade", json={"item": {"reference": "94"}, "sample": "94"})
        server.client.post("/v1/graders/finance_qa@v1/grade", json={"item": {}, "sample": "94"})
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as probes:
            metrics, alive, ready = (probes.get(path) for path in ("/metrics", "/healthz", "/readyz"))
        on_the_api_port = server.client.get("/metrics").status_code

    assert 'rft_grades_total{grader="finance_qa@v1",verdict="accurate"} 1.0' in metrics.text
    assert 'rft_unscored_total{code="invalid_item",grader="finance_qa@v1"} 1.0' in metrics.text
    assert re.search(r"rft_ledger_commit_seconds_count [12]\.0", metrics.text)
    assert alive.json() == {"status": "ok"}
    assert ready.json()["ready"]
    assert on_the_api_port == 404


def test_slow_callers_of_the_metrics_port_are_few_and_are_hung_up_on(tmp_path: Path) -> None:
    port = int(free_port())
    with Server(tmp_path / "data", RFT_METRICS_PORT=str(port)) as server, ExitStack() as stack:

        def slow() -> socket.socket:
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            connection.sendall(b"GET /metrics HTTP/1.1\r\n")
            return connection

        before = _threads(server)
        crowd = [slow() for _ in range(3 * REQUESTS_MAX)]
        hung_up_at_once = _received(crowd[-1])
        hung_up_later = b"".join(map(_received, crowd[:REQUESTS_MAX]))
        # Each of them gives its place back a moment after it was hung up on.
        scraped = next(filter(None, (_scraped(port) for _ in range(1000))))

        # Each has a thread and a timer.
        assert _threads(server) <= before + 2 * REQUESTS_MAX
        assert "Traceback" not in "".join(server.log)
    assert hung_up_at_once == hung_up_later == b""
    assert scraped.status_code == 200


def _scraped(port: int) -> httpx2.Response | None:
    """The metrics; None: there was no place."""
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/metrics")
    except httpx2.TransportError:
        return None


def _threads(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/task").iterdir()))


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1000)
    except ConnectionResetError:
        return b""


def test_a_stop_leaves_no_process_and_exits_0(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(server.process.pid)], capture_output=True, text=True, check=False
        ).stdout.split()
        assert children
        code = server.stop()

    assert code == 0
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_killing_the_service_kills_its_workers(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        listing = ["ps", "-o", "pid=", "--ppid", str(server.process.pid)]
        children = subprocess.run(listing, capture_output=True, text=True, check=False).stdout.split()
        ends = [os.pidfd_open(int(child)) for child in children]
        server.kill()

    assert ends
    for end in ends:
        assert select.select([end], [], [], 10)[0], "a worker outlived its service"
        os.close(end)
