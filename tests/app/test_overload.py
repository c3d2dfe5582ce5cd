"""More comes than can be judged: neighbours are not held up, what cannot be in time is not begun, and nobody gets a
number for it."""

from collections.abc import Iterator
from concurrent.futures import Future

import httpx2
import pytest

from tests.app.overload import AZURE, GATED, GATED_BATCH, Overloaded, key_of, one, overloaded


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Overloaded]:
    with overloaded(tmp_path_factory.mktemp("overload"), RFT_WORKERS="2") as service:
        yield service


def outcomes(sent: list[Future[httpx2.Response]]) -> list[int]:
    return [each.result().status_code for each in sent]


def one_left(service: Overloaded, gate: str) -> list[Future[httpx2.Response]]:
    """Has both workers stand still, one at `gate`, the other at a gate that `go_on` opens last: of two that work, one
    may be late to say what it was given first."""
    return [*service.hold(gate), *service.hold(f"{gate}-rest")]


def go_on(service: Overloaded, gate: str, sent: list[Future[httpx2.Response]]) -> None:
    """Lets one worker do all of `sent`, then the other go on."""
    service.open(gate)
    assert outcomes(sent) == [200] * len(sent)
    service.open(f"{gate}-rest")


def since(service: Overloaded, before: int) -> list[str]:
    """What has been executed after the first `before`."""
    return service.begun[before:]


def test_a_neighbour_passes_a_burst(service: Overloaded) -> None:
    held = one_left(service, "burst")
    before = len(service.begun)
    burst = [service.send(GATED, one(f"burst{number}"), "a") for number in range(40)]
    service.wait_until_queued(40)
    neighbour = service.send(GATED, one("neighbour"), "b")
    service.wait_until_queued(41)
    go_on(service, "burst", [*burst, neighbour])

    assert outcomes(held) == [200, 200]
    assert "neighbour" in since(service, before)[:4]


def test_a_probe_passes_its_own_caller_s_burst(service: Overloaded) -> None:
    held = one_left(service, "probe")
    before = len(service.begun)
    burst = [service.send(GATED, one(f"train{number}"), "a") for number in range(20)]
    service.wait_until_queued(20)
    probe = service.send(GATED, one("probe"), "a", X_Priority="probe")
    service.wait_until_queued(21)
    go_on(service, "probe", [*burst, probe])

    assert outcomes(held) == [200, 200]
    assert "probe" in since(service, before)[:4]


def test_runs_of_one_caller_share(service: Overloaded) -> None:
    held = one_left(service, "runs")
    before = len(service.begun)
    burst = [service.send(GATED, one(f"large{number}", id="large"), "a") for number in range(20)]
    service.wait_until_queued(20)
    other = service.send(GATED, one("small", id="small"), "a")
    service.wait_until_queued(21)
    go_on(service, "runs", [*burst, other])

    assert outcomes(held) == [200, 200]
    assert "small" in since(service, before)[:4]


def test_a_batch_waits_sample_by_sample(service: Overloaded) -> None:
    held = one_left(service, "batch")
    before = len(service.begun)
    samples = [one(f"batch{number}") for number in range(30)]
    batch = service.send(GATED_BATCH, {"samples": samples}, "a")
    service.wait_until_queued(30)
    neighbour = service.send(GATED, one("beside_a_batch"), "b")
    service.wait_until_queued(31)
    go_on(service, "batch", [batch, neighbour])

    assert outcomes(held) == [200, 200]
    assert [result["answer"] for result in batch.result().json()["results"]] == [f"batch{n}" for n in range(30)]
    assert "beside_a_batch" in since(service, before)[:4]


def test_what_is_late_is_told_so_at_its_deadline_and_never_begun(service: Overloaded) -> None:
    held = service.hold("late", 2)
    run = one("late", id="late-run")
    late = service.post(GATED, run, "a", X_Request_Timeout_Ms="300")
    azure = service.post(AZURE, run, "a", X_Request_Timeout_Ms="300")
    batch = service.post(GATED_BATCH, {"samples": [run, run]}, "a", X_Request_Timeout_Ms="300")
    service.open("late")

    assert outcomes(held) == [200, 200]
    assert (late.status_code, late.json()["code"]) == (504, "deadline_exceeded")
    assert late.elapsed.total_seconds() > 0.29
    # A machine that stalls may hold up one of them.
    assert min(answer.elapsed.total_seconds() for answer in (late, azure, batch)) < 1.5
    assert (azure.status_code, azure.json()["code"]) == (503, "deadline_exceeded")
    assert batch.status_code == 200
    assert [result["error"]["code"] for result in batch.json()["results"]] == ["deadline_exceeded"] * 2
    assert "late" not in service.begun
    assert unscored(service, "late-run") == ["deadline_exceeded"] * 3


def test_what_surely_cannot_be_in_time_is_told_so_at_once(service: Overloaded) -> None:
    # Two workers stand still for a while, so that the caller's samples are known to take about as long.
    known = service.hold("slow", 2, "slow")
    assert service.post(GATED, one("meanwhile"), "b", X_Request_Timeout_Ms="500").status_code == 504
    service.open("slow")
    assert outcomes(known) == [200, 200]

    held = service.hold("door", 2)
    waiting = [service.send(GATED, one(f"door{number}"), "slow") for number in range(20)]
    service.wait_until_queued(20)
    hopeless = service.post(GATED, one("hopeless"), "slow", X_Request_Timeout_Ms="2500")
    neighbour = service.send(GATED, one("hopeful"), "b", X_Request_Timeout_Ms="10000")
    service.wait_until_queued(21)
    service.open("door")

    assert (hopeless.status_code, hopeless.json()["code"]) == (503, "overloaded")
    assert hopeless.elapsed.total_seconds() < 2
    assert "It was not begun" in hopeless.json()["detail"]
    assert outcomes([*held, *waiting, neighbour]) == [200] * 23
    assert "hopeless" not in service.begun


def test_who_hangs_up_while_waiting_is_not_served(service: Overloaded) -> None:
    held = service.hold("ghost", 2)
    gone = service.metric('rft_dropped_total{resource="workers",why="gone"}')
    connections = [service.hang_up(GATED, one(f"ghost{number}", id="ghosts"), "a") for number in range(5)]
    service.wait_until_queued(5)
    for connection in connections:
        connection.close()
    service.wait_for('rft_dropped_total{resource="workers",why="gone"}', gone + 5)
    assert service.metric('rft_queued_samples{resource="workers"}') == 0
    service.open("ghost")

    assert outcomes([*held, service.send(GATED, one("after"), "a")]) == [200] * 3
    assert not [name for name in service.begun if name.startswith("ghost") and "holder" not in name]
    assert unscored(service, "ghosts") == ["caller_gone"] * 5


def test_a_grade_once_begun_is_recorded_though_its_caller_hung_up(service: Overloaded) -> None:
    connection = service.hang_up(GATED, one("begun", "begun", id="begun-run"), "a")
    while "begun" not in service.begun:
        pass
    connection.close()
    assert service.post(GATED, one("beside"), "b").status_code == 200
    service.open("begun")
    while not (found := grades(service, "begun-run")):
        pass

    assert [grade["reward"] for grade in found] == [1.0]


def test_a_caller_at_its_limit_is_held_and_not_refused(service: Overloaded) -> None:
    limited = [service.send(GATED, one(f"limited{number}", "limit"), "one_at_a_time") for number in range(5)]
    service.wait_until_queued(4)
    while not [name for name in service.begun if name.startswith("limited")]:
        pass
    # The other worker is free, and there for everybody else.
    others = [service.post(GATED, one(f"other{number}"), "b").status_code for number in range(5)]
    begun = [name for name in service.begun if name.startswith("limited")]
    service.open("limit")

    assert others == [200] * 5
    assert len(begun) == 1
    assert outcomes(limited) == [200] * 5


def unscored(service: Overloaded, run: str) -> list[str]:
    return [grade["code"] for grade in grades(service, run) if grade["reward"] is None]


def grades(service: Overloaded, run: str) -> list[dict]:
    headers = {"X-Api-Key": key_of("a")}
    return service.server.client.get("/v1/grades", params={"run": run}, headers=headers).json()["grades"]
