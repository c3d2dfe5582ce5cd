"""One JSON line per request, and nothing in it that no log may hold."""

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app.request_log import LINES_MAX, RequestLog
from app.trace import Trace
from tests.command_line import rft
from tests.servers import Server

PATH = "/v1/graders/finance_qa@v1/grade"
SECRET = "the answer that nobody else may read"
BODY = {"item": {"reference": "94", "question": SECRET}, "sample": f"{SECRET} 94", "run": {"id": "secret-run"}}


def lines_of(server: Server) -> dict[str, dict[str, Any]]:
    """Request id -> its line. The server has stopped."""
    found = [json.loads(line) for line in server.log if line.startswith("{")]
    lines = [line for line in found if line.get("event") == "request"]
    by_id = {line["request_id"]: line for line in lines}
    assert len(by_id) == len(lines)
    return by_id


def test_every_request_leaves_one_line_that_says_what_came_of_it(tmp_path: Path) -> None:
    key = rft("keys", "create", "trainer", RFT_DATA_DIR=str(tmp_path))[0].strip()
    with Server(tmp_path) as server:

        def ask(id: str, method: str, path: str, body: object = None, key: str = key) -> Any:
            return server.client.request(method, path, json=body, headers={"X-Api-Key": key, "X-Request-Id": id}).json()

        one = ask("one", "POST", PATH, BODY)
        batch = ask("batch", "POST", f"{PATH}-batch", {"samples": [BODY, {**BODY, "item": {}}, BODY, {"item": {}}]})
        ask("in-path", "POST", f"/k/{key}{PATH}", BODY)
        ask("unknown", "POST", f"/v1/graders/{SECRET}/grade", BODY)
        ask("nowhere", "GET", f"/v1/{SECRET}")
        ask("refused", "POST", PATH, BODY, key="rft_" + 43 * "w")
        ask("found", "GET", f"/v1/grades/{one['record']}")
        ask("probe", "GET", "/healthz")
        ask(f"has-{key}", "GET", "/v1/graders")
    lines = lines_of(server)

    grade = "POST /v1/graders/{id}/grade"
    assert {name: (line["route"], line["status"], line["code"], line["caller"]) for name, line in lines.items()} == {
        "one": (grade, 200, None, "trainer"),
        "batch": (f"{grade}-batch", 200, None, "trainer"),
        "in-path": (grade, 200, None, "trainer"),
        "unknown": (grade, 404, "unknown_grader", "trainer"),
        "nowhere": (None, 404, "unknown_route", "trainer"),
        "refused": (None, 401, "not_authorized", None),
        "found": ("GET /v1/grades/{record}", 200, None, "trainer"),
        f"has-{key[:10]}[redacted]": ("GET /v1/graders", 200, None, "trainer"),
    }
    assert (lines["one"]["record"], lines["one"]["graded"]) == (one["record"], 1)
    assert lines["one"]["grader"] == "finance_qa@v1"
    ids = [result["record"] for result in batch["results"] if "record" in result]
    assert (lines["batch"]["record"], lines["batch"]["last_record"]) == (ids[0], ids[-1])
    assert (lines["batch"]["graded"], lines["batch"]["unscored"]) == (2, 2)
    assert 0 < lines["one"]["ledger_ms"] < lines["one"]["duration_ms"]
    said = "".join(server.log)
    assert not [text for text in (SECRET, key[10:], "secret-run") if text in said]


def test_warnings_only_means_no_line_for_a_request(tmp_path: Path) -> None:
    with Server(tmp_path, RFT_LOG_LEVEL="warning") as server:
        server.client.post(PATH, json=BODY)

    assert lines_of(server) == {}


def read_all(descriptor: int) -> list[str]:
    with os.fdopen(descriptor) as lines:
        return lines.readlines()


@pytest.mark.anyio
async def test_a_reader_that_stands_still_costs_lines_and_no_time() -> None:
    reading, writing = os.pipe()
    lost: list[int] = []
    log = RequestLog(writing, lost.append)
    log.start()

    for number in range(LINES_MAX + 10):
        log.answered(Trace(f"r{number}"), 200, 0.001)
    assert sum(lost) == 10
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(read_all, reading)
        log.close()
        os.close(writing)

    ids = [json.loads(line)["request_id"] for line in read.result()]
    assert ids == [f"r{number}" for number in range(LINES_MAX)]


@pytest.mark.anyio
async def test_lines_that_nobody_can_read_are_counted_and_grading_goes_on() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    counted = asyncio.Event()
    log = RequestLog(writing, lambda lines: counted.set() if lines == 1 else None)
    log.start()

    log.answered(Trace("r"), 200, 0.001)
    async with asyncio.timeout(30):
        await counted.wait()

    log.close()
    os.close(writing)
