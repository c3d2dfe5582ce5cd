"""More comes than may wait: what has no room is shed, told so, and costs its caller nothing."""

from collections.abc import Iterator

import pytest

from tests.app.overload import AZURE, GATED, GATED_BATCH, Overloaded, one, overloaded

ROOM = 4


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Overloaded]:
    folder = tmp_path_factory.mktemp("shedding")
    with overloaded(folder, RFT_WORKERS="1", RFT_WORKER_QUEUE_MAX=str(ROOM), RFT_QUEUE_MAX_MIB="1") as service:
        yield service


def batch(name: str, samples: int) -> dict[str, object]:
    return {"samples": [one(f"{name}{number}") for number in range(samples)], "run": {"id": name}}


def test_what_of_a_batch_has_no_room_is_an_error_inside_the_200(service: Overloaded) -> None:
    [held] = service.hold("part")
    sent = service.send(GATED_BATCH, batch("part", 10))
    service.wait_until_queued(ROOM)
    service.open("part")
    results = sent.result().json()["results"]

    assert (sent.result().status_code, held.result().status_code) == (200, 200)
    assert [result["reward"] for result in results[:ROOM]] == [1.0] * ROOM
    assert [result["error"]["code"] for result in results[ROOM:]] == ["overloaded"] * (10 - ROOM)
    assert not any("reward" in result for result in results[ROOM:])


@pytest.mark.parametrize("size", [1, 6])
def test_where_nothing_has_room_the_whole_request_is_refused(service: Overloaded, size: int) -> None:
    gate = f"whole{size}"
    [held] = service.hold(gate)
    waiting = [service.send(GATED, one(f"{gate}-{number}"), "b") for number in range(ROOM)]
    service.wait_until_queued(ROOM)
    single = service.post(GATED, one("shed"))
    many = service.post(GATED_BATCH, batch("shed", size))
    azure = service.post(AZURE, one("shed"))
    service.open(gate)

    assert [answer.status_code for answer in (single, many, azure)] == [503] * 3
    assert [answer.json()["code"] for answer in (single, many, azure)] == ["overloaded"] * 3
    assert "4 samples (0 MiB) wait for workers already" in single.json()["detail"]
    assert [each.result().status_code for each in [held, *waiting]] == [200] * (ROOM + 1)
    assert "shed" not in service.begun


def test_what_waits_is_bounded_in_bytes_too(service: Overloaded) -> None:
    [held] = service.hold("bytes")
    large = "x" * 700_000
    first = service.send(GATED, one(large), "b")
    service.wait_until_queued(1)
    second = service.post(GATED, one(large))
    service.open("bytes")

    assert (second.status_code, second.json()["code"]) == (503, "overloaded")
    assert [each.result().status_code for each in (held, first)] == [200, 200]


def test_tokens_of_what_was_not_begun_are_given_back(service: Overloaded) -> None:
    # 20 tokens, and hardly any more come.
    [held] = service.hold("tokens")
    late = service.post(GATED, one("late"), "counted", X_Request_Timeout_Ms="50")
    sent = service.send(GATED_BATCH, batch("tokens", 12), "counted")
    service.wait_until_queued(ROOM)
    service.open("tokens")
    shed = [result for result in sent.result().json()["results"] if "error" in result]
    left = service.post(GATED_BATCH, batch("left", 16), "counted")
    refused = service.post(GATED_BATCH, batch("more", 20), "counted")

    assert (held.result().status_code, late.status_code) == (200, 504)
    assert len(shed) == 12 - ROOM
    # Only the four that were judged have cost a token, so that 16 more pass as one request.
    assert left.status_code == 200
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
