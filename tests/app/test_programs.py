"""Programs over HTTP: from the sample to the sandbox and back, and why there is no grade when there is none."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.admission.claim import Claim
from app.auth import LOCAL
from app.keys.secret import hash_of, new_key
from app.metrics import Metrics
from app.programs import Programs
from graders.api import Program
from sandbox import SandboxSettings
from tests.app.programs import GRADE, GRADE_BATCH, SLEEP, SQUARE, called, install, judged
from tests.app.wire import connected, head
from tests.processes import programs, zygotes
from tests.servers import Server

WRONG = "def f(x):\n    return x + x"
FORGED = "class A:\n    __eq__ = lambda *_: True\ndef f(x):\n    return A()"
EXIT = "import os\ndef f(x):\n    os._exit(0)"
HANG = "def f(x):\n    while True: pass"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("programs")
    settings = {
        "RFT_GRADERS_PATH": install(folder),
        "RFT_SANDBOX_SLOTS": "2",
        "RFT_SANDBOX_MEMORY_MIB_MAX": "512",
        "RFT_DEADLINE_S": "8",
    }
    with Server(folder / "data", **settings) as server:
        # The sandbox starts with the first program.
        assert server.client.post(GRADE, json=called(SQUARE)).status_code == 200
        yield server


@pytest.fixture
def client(server: Server) -> httpx2.Client:
    return server.client


def graded(client: httpx2.Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(GRADE, json=body)
    assert answer.status_code == 200, answer.text
    grade: dict[str, Any] = answer.json()
    return grade


@pytest.mark.parametrize(
    ("source", "verdict", "outcome"),
    [
        (SQUARE, "right", "finished"),
        (WRONG, "wrong", "finished"),
        (FORGED, "wrong", "finished"),
        (EXIT, "wrong", "exited_early"),
        (HANG, "wrong", "cpu_limit"),
        ("def f(x:", "wrong", "load_error"),
    ],
)
@pytest.mark.parametrize("body", [called, judged])
def test_a_program_is_run_and_judged(client: httpx2.Client, body: Any, source: str, verdict: str, outcome: str) -> None:
    grade = graded(client, body(source, cpu_s=1))

    assert (grade["verdict"], grade["details"]["outcomes"]) == (verdict, [outcome])


def test_a_script_reads_its_stdin(client: httpx2.Client) -> None:
    grade = graded(client, {"item": {"stdin": "7", "expected": "49\n"}, "sample": "print(int(input()) ** 2)"})

    assert grade["reward"] == 1.0


def test_a_sample_that_needs_no_program_is_judged_without_one(client: httpx2.Client) -> None:
    assert graded(client, called(""))["details"]["outcomes"] == []


def test_the_record_holds_program_and_execution_with_the_layers_in_force(client: httpx2.Client) -> None:
    record = graded(client, called(SQUARE))["record"]

    [executed] = client.get(f"/v1/grades/{record}").json()["executions"]
    assert executed["program"]["source"] == SQUARE
    assert executed["execution"]["outcome"] == "finished"
    assert executed["execution"]["results"][0]["value"] == "9"
    assert executed["execution"]["layers"] == client.get("/readyz").json()["sandbox"]["layers"]
    assert {"seccomp", "rlimits"} <= set(executed["execution"]["layers"])


def test_ready_tells_the_sandbox(client: httpx2.Client) -> None:
    graded(client, called(SQUARE))

    sandbox = client.get("/readyz").json()["sandbox"]
    assert (sandbox["state"], sandbox["slots"], sandbox["sets"], sandbox["detail"]) == ("ready", 2, ["plain"], "")


def test_a_batch_keeps_its_order_and_one_bad_program_fails_no_other(client: httpx2.Client) -> None:
    good = [called(SLEEP.format(seconds=0.02 * (n % 3)), x=n) for n in range(20)]
    bodies = [*good, called(WRONG), called(SQUARE, memory_mib=513), called(SQUARE, dependencies="numpy"), called("")]

    results = client.post(GRADE_BATCH, json={"samples": bodies}).json()["results"]

    assert [result["verdict"] for result in results[:21]] == ["right"] * 20 + ["wrong"]
    assert [result["error"]["code"] for result in results[21:23]] == ["invalid_program"] * 2
    assert "RFT_SANDBOX_MEMORY_MIB_MAX" in results[21]["error"]["detail"]
    assert "RFT_SANDBOX_SETS" in results[22]["error"]["detail"]
    assert results[23]["verdict"] == "wrong"


def test_a_program_that_never_ends_costs_no_other_of_its_batch_the_reward(client: httpx2.Client) -> None:
    samples = [called(source) for source in (HANG, SQUARE, SQUARE)]
    answer = client.post(GRADE_BATCH, json={"samples": samples}, headers={"X-Request-Timeout-Ms": "4000"}).json()

    late, *others = answer["results"]
    assert late["error"]["code"] == "deadline_exceeded"
    assert "lower its timeout_s and cpu_s" in late["error"]["detail"]
    assert [other["reward"] for other in others] == [1.0, 1.0]


def test_a_batch_is_spread_over_all_slots(client: httpx2.Client) -> None:
    """One after the other they would take 8.4 s, longer than the request may."""
    body = {"samples": [called(SLEEP.format(seconds=4.2))] * 2}

    results = client.post(GRADE_BATCH, json=body).json()["results"]

    assert [result["verdict"] for result in results] == ["right"] * 2


def test_a_program_beyond_the_settings_is_the_requests_fault(client: httpx2.Client) -> None:
    answer = client.post(GRADE, json=called(SQUARE, memory_mib=513))

    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["retryable"]) == ("invalid_program", False)
    assert "Retry-After" not in answer.headers


def test_programs_that_outlast_the_request_leave_it_unscored(client: httpx2.Client) -> None:
    answer = client.post(GRADE, json=called(SLEEP.format(seconds=30), timeout_s=40))

    assert answer.status_code == 504
    assert answer.json()["code"] == "deadline_exceeded"
    assert answer.headers["Retry-After"]
    row = client.get(f"/v1/grades/{answer.json()['record']}").json()
    assert (row["reward"], row["code"]) == (None, "deadline_exceeded")
    assert graded(client, called(SQUARE))["reward"] == 1.0


def test_a_caller_that_hangs_up_leaves_its_grade_and_no_program(server: Server) -> None:
    body = json.dumps({**called(SLEEP.format(seconds=1)), "run": {"id": "gone"}}).encode()
    # The sandbox starts with the first program, and tries itself with programs of its own.
    assert graded(server.client, called(SQUARE))["reward"] == 1.0
    with connected(server) as wire:
        wire.send(head(GRADE, f"Content-Length: {len(body)}") + body)
        while not programs(server.process.pid):
            pass

    # The next two programs need both slots.
    results = server.client.post(GRADE_BATCH, json={"samples": [called(SLEEP.format(seconds=1))] * 2}).json()["results"]

    assert [result["reward"] for result in results] == [1.0, 1.0]
    [row] = server.client.get("/v1/grades", params={"run": "gone"}).json()["grades"]
    assert row["verdict"] == "right"


def test_tests_of_this_machines_callers_are_trusted_and_share_a_judge(server: Server) -> None:
    for _ in range(2):
        assert graded(server.client, judged(SQUARE))["reward"] == 1.0

    assert zygotes(server.process.pid, "replay")


def test_tests_of_callers_from_elsewhere_are_judged_in_a_process_of_their_own(tmp_path: Path) -> None:
    settings = {"RFT_HOST": "0.0.0.0", "RFT_ALLOW_ANONYMOUS": "1"}
    with Server(tmp_path / "data", RFT_GRADERS_PATH=install(tmp_path), RFT_SANDBOX_SLOTS="1", **settings) as server:
        for _ in range(2):
            assert graded(server.client, judged(SQUARE))["reward"] == 1.0

        assert zygotes(server.process.pid, "judge")
        assert not zygotes(server.process.pid, "replay")


def test_only_tests_of_callers_with_the_scope_share_a_judge(tmp_path: Path) -> None:
    keys = {name: new_key() for name in ("careful", "trusted")}
    lines = [
        f'[[keys]]\nname = "{name}"\nsha256 = "{hash_of(key.encode()).hex()}"\nscopes = {scopes}\n'
        for (name, key), scopes in zip(keys.items(), (["grade"], ["grade", "trusted_tests"]), strict=True)
    ]
    (tmp_path / "keys.toml").write_text("".join(lines))
    settings = {"RFT_API_KEYS_FILE": str(tmp_path / "keys.toml"), "RFT_SANDBOX_SLOTS": "1"}
    with Server(tmp_path / "data", RFT_GRADERS_PATH=install(tmp_path), **settings) as server:
        staying = {}
        for name, key in keys.items():
            for _ in range(2):
                answer = server.client.post(GRADE, json=judged(SQUARE), headers={"X-Api-Key": key})
                assert answer.json()["reward"] == 1.0
            staying[name] = len(zygotes(server.process.pid, "replay")) > 0

    assert staying == {"careful": False, "trusted": True}


def test_nothing_in_a_request_makes_its_tests_trusted(tmp_path: Path) -> None:
    settings = {"RFT_HOST": "0.0.0.0", "RFT_ALLOW_ANONYMOUS": "1"}
    claims = {"trusted": True, "scopes": ["trusted_tests"], "caller": "local"}
    with Server(tmp_path / "data", RFT_GRADERS_PATH=install(tmp_path), RFT_SANDBOX_SLOTS="1", **settings) as server:
        body = judged(SQUARE)
        body["item"] |= claims
        body["sample"] = {"output_text": SQUARE, **claims}
        for _ in range(2):
            answer = server.client.post(GRADE, json=body, headers={name: str(said) for name, said in claims.items()})
            assert answer.json()["reward"] == 1.0

        assert not zygotes(server.process.pid, "replay")


@pytest.mark.parametrize(
    ("settings", "state", "words"),
    [
        ({"RFT_SANDBOX_SLOTS": "0"}, "off", "RFT_SANDBOX_SLOTS=0"),
        ({"RFT_SANDBOX_SLOTS": "1", "RFT_SANDBOX_PYTHON": "/nowhere/python3"}, "unavailable", "/nowhere/python3"),
        ({"RFT_SANDBOX_SLOTS": "1", "RFT_SANDBOX_SETS": "nonesuch"}, "unavailable", "nonesuch"),
    ],
)
def test_without_a_sandbox_programs_are_refused_and_other_graders_go_on(
    tmp_path: Path, settings: dict[str, str], state: str, words: str
) -> None:
    with Server(tmp_path / "data", RFT_GRADERS_PATH=install(tmp_path), **settings) as server:
        refused = server.client.post(GRADE, json=called(SQUARE))
        other = server.client.post(
            "/v1/graders/finance_qa@v1/grade", json={"item": {"reference": "94"}, "sample": "94"}
        )
        ready = server.client.get("/readyz")

    assert refused.status_code == 503
    assert (refused.json()["code"], refused.json()["retryable"]) == ("sandbox_unavailable", True)
    assert words in refused.json()["detail"]
    assert refused.headers["Retry-After"]
    assert refused.json()["record"]
    assert other.json()["reward"] == 1.0
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert ready.json()["sandbox"]["state"] == state
    assert words in ready.json()["sandbox"]["detail"]


@pytest.mark.anyio
async def test_a_sandbox_that_nobody_starts_is_started_by_the_first_program() -> None:
    programs = Programs(SandboxSettings(slots=1), Metrics())
    try:
        assert programs.state.state == "idle"

        [found] = await programs.run([Program("print(1)")], Claim.within(30, LOCAL))

        assert found.stdout == "1\n"
        assert programs.state.state == "ready"
    finally:
        await programs.close()


def test_the_start_says_what_programs_will_meet(tmp_path: Path) -> None:
    with Server(tmp_path / "data", RFT_GRADERS_PATH=install(tmp_path), RFT_SANDBOX_SLOTS="1") as server:
        graded(server.client, called(SQUARE))
        server.stop()

    [line] = [line for line in server.log if line.startswith("Sandbox")]
    assert "ready: 1 slots" in line
    assert "seccomp" in line
