"""A burst begins little by little, nobody's before everybody else's, and what waited too long is refused."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from app.admission.claim import Presence
from app.http_cycle import Cycle
from app.http_doorway import Doorway
from app.main import create_app
from app.settings import Settings

pytestmark = pytest.mark.anyio


class Turns:
    """The time as the doorway sees it: a turn takes none that a test does not add."""

    def __init__(self) -> None:
        self.now = time.monotonic()

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    turns = Turns()
    monkeypatch.setattr("app.http_doorway.time", turns)
    return turns


class Arrivals:
    """Requests at a doorway, and which of them have begun, in order."""

    def __init__(self) -> None:
        self.doorway = Doorway(deadline_s=3.0)
        self.begun: list[str] = []

    def arrive(self, name: str, key: bytes = b"", path: bytes = b"/") -> Cycle:
        headers = [(b"host", b"localhost"), (b"authorization", key)]
        scope: Any = {"raw_path": path, "headers": headers, "presence": Presence()}
        nothing: Any = None
        cycle = Cycle(scope, nothing, nothing, nothing, nothing, False, [], asyncio.Event(), False, True, lambda: None)
        self.doorway.enter(cycle, lambda _: self.begun.append(name), asyncio.get_running_loop())
        return cycle

    async def all_begun(self, wanted: int) -> None:
        for _ in range(wanted):
            await asyncio.sleep(0)
        assert len(self.begun) == wanted


async def test_few_begin_in_one_turn_and_all_in_the_end() -> None:
    arrivals = Arrivals()
    for number in range(1000):
        arrivals.arrive(str(number))
    at_once = len(arrivals.begun)
    await asyncio.sleep(0)
    after_a_turn = len(arrivals.begun)
    await arrivals.all_begun(1000)

    assert 0 < at_once < 20
    assert at_once < after_a_turn < 40
    assert arrivals.begun == [str(number) for number in range(1000)]


async def test_more_begin_in_a_turn_while_turns_are_short_and_few_again_after_long_ones(turns: Turns) -> None:
    async def begun_in_a_turn(busy_s: float) -> int:
        before = len(arrivals.begun)
        turns.now += busy_s
        await asyncio.sleep(0)
        return len(arrivals.begun) - before

    arrivals = Arrivals()
    for number in range(2000):
        arrivals.arrive(str(number))
    in_short = [await begun_in_a_turn(0.0) for _ in range(30)]
    in_long = [await begun_in_a_turn(0.02) for _ in range(4)]

    assert in_short[0] < 12
    assert in_short[-1] > 25
    assert in_long[-1] == 8


async def test_as_many_begin_after_a_burst_as_in_it_until_few_come() -> None:
    arrivals = Arrivals()
    for number in range(2000):
        arrivals.arrive(str(number))
    await arrivals.all_begun(2000)
    for number in range(40):
        arrivals.arrive(str(number))
    in_a_steady_load = len(arrivals.begun) - 2000
    await arrivals.all_begun(2040)
    for _ in range(100):
        arrivals.arrive("lone")
        await asyncio.sleep(0)
    for number in range(40):
        arrivals.arrive(str(number))

    assert in_a_steady_load == 40
    assert len(arrivals.begun) - 2140 == 8


async def test_a_line_that_is_far_behind_is_served_from_both_ends(turns: Turns) -> None:
    arrivals = Arrivals()
    for number in range(100):
        arrivals.arrive(str(number))
    at_once = len(arrivals.begun)
    turns.now = time.monotonic() + 0.9
    await asyncio.sleep(0)
    begun = [int(name) for name in arrivals.begun[at_once:]]

    assert begun == [at_once, 99, at_once + 1, 98, at_once + 2, 97, at_once + 3, 96]


async def test_a_lone_request_begins_at_once() -> None:
    arrivals = Arrivals()
    for number in range(50):
        arrivals.arrive(str(number))
        assert arrivals.begun[-1] == str(number)
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("burst", "other"), [({"key": b"a%b"}, {"key": b"b%b"}), ({"path": b"/k/a%b/v1/x"}, {"path": b"/k/b%b/v1/x"})]
)
async def test_a_neighbour_s_request_passes_a_burst(burst: dict[str, bytes], other: dict[str, bytes]) -> None:
    places = []
    # Some keys share a line; most do not.
    for number in range(20):
        arrivals = Arrivals()
        mark = str(number).encode()
        for each in range(500):
            arrivals.arrive(f"burst{each}", **{name: value % mark for name, value in burst.items()})
        arrivals.arrive("neighbour", **{name: value % mark for name, value in other.items()})
        await arrivals.all_begun(501)
        places.append(arrivals.begun.index("neighbour"))

    assert sorted(places)[len(places) // 2] < 30


async def test_who_hung_up_meanwhile_does_not_begin() -> None:
    arrivals = Arrivals()
    cycles = [arrivals.arrive(str(number)) for number in range(100)]
    for cycle in cycles[50:99]:
        cycle.disconnected = True
    await arrivals.all_begun(51)

    assert arrivals.begun == [str(number) for number in (*range(50), 99)]


@pytest.mark.parametrize(
    ("held_s", "timeout_ms", "path", "status"),
    [
        (1.1, b"3000", "/v1/graders/finance_qa@v1/grade", 503),
        (0.9, b"3000", "/v1/graders/finance_qa@v1/grade", 401),
        (9.9, b"", "/v1/graders/finance_qa@v1/grade", 401),
        (10.1, b"", "/v1/graders/finance_qa@v1/grade", 503),
        (10.1, b"\xb2", "/v1/graders/finance_qa@v1/grade", 503),
        (60.0, b"", "/healthz", 200),
    ],
)
async def test_what_has_spent_a_third_of_its_time_at_the_door_is_refused(
    data_dir: Path, held_s: float, timeout_ms: bytes, path: str, status: int
) -> None:
    app = create_app(Settings(data_dir=data_dir, host="192.0.2.1"))
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"grader"), (b"x-request-timeout-ms", timeout_ms)],
        "client": None,
        "held_s": held_s,
    }
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    await app(scope, receive, send)

    assert sent[0]["status"] == status
    if status == 503:
        assert json.loads(sent[1]["body"])["code"] == "overloaded"
        assert dict(sent[0]["headers"])[b"retry-after"]
