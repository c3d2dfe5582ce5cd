"""When a connection's time is up, tick by tick."""

from dataclasses import dataclass, field

import pytest

from app.errors import Overloaded, RequestTimeout, ServiceError
from app.http_watch import BODY_GRACE_S, KEEP_ALIVE_S, LINGER_S, STALL_S, TICK_S, HttpLimits, Place, Watch

LIMITS = HttpLimits(connections_max=2, head_timeout_s=5.0, body_timeout_s=60.0, receiving_max_bytes=1000)


@dataclass(eq=False)
class Connection:
    """Remembers how it was ended, and leaves its place then, as a connection does."""

    place: Place
    received_bytes: int = 0
    flushed: bool = True
    ends: list[str | ServiceError] = field(default_factory=list)

    def close_idle(self) -> None:
        self._end("closed")

    def refuse(self, error: ServiceError) -> None:
        self._end(error)

    def abort(self) -> None:
        self._end("aborted")

    def is_flushed(self) -> bool:
        return self.flushed

    def _end(self, how: str | ServiceError) -> None:
        self.ends.append(how)
        self.place.pop(self, None)


@pytest.fixture
def reasons() -> list[str]:
    return []


@pytest.fixture
def watch(reasons: list[str]) -> Watch:
    return Watch(LIMITS, reasons.append)


def put(watch: Watch, name: str) -> Connection:
    place: Place = getattr(watch, name)
    connection = Connection(place)
    place[connection] = watch.now
    return connection


def after(watch: Watch, seconds: float) -> None:
    for _ in range(round(seconds / TICK_S)):
        watch.sweep()


@pytest.mark.parametrize(
    ("place", "limit_s", "end"),
    [
        ("idle", KEEP_ALIVE_S, "closed"),
        ("head", LIMITS.head_timeout_s, RequestTimeout),
        ("stalled", STALL_S, "aborted"),
        ("ending", LINGER_S, "aborted"),
    ],
)
def test_a_connection_ends_at_its_limit_and_not_before(
    watch: Watch, place: str, limit_s: float, end: str | type
) -> None:
    first = put(watch, place)
    after(watch, limit_s / 2)
    second = put(watch, place)
    after(watch, limit_s / 2 - TICK_S)
    assert first.ends == []

    after(watch, TICK_S)
    [ended] = first.ends
    assert ended == end if isinstance(end, str) else isinstance(ended, end)
    assert second.ends == []


def test_an_answer_that_is_on_its_way_is_waited_for_longer(watch: Watch) -> None:
    connection = put(watch, "ending")
    connection.flushed = False
    after(watch, STALL_S - TICK_S)
    assert connection.ends == []

    after(watch, TICK_S)
    assert connection.ends == ["aborted"]


@pytest.mark.parametrize(("bytes_per_s", "lasts"), [(0, BODY_GRACE_S), (100, 11.25), (1100, 60.0)])
def test_a_body_must_come_at_the_least_rate_and_in_all_its_time(watch: Watch, bytes_per_s: int, lasts: float) -> None:
    connection = put(watch, "body")
    while not connection.ends:
        connection.received_bytes += int(bytes_per_s * TICK_S)
        watch.sweep()

    assert isinstance(connection.ends[0], RequestTimeout)
    assert watch.now * TICK_S == lasts


def test_room_is_made_by_the_longest_idle_then_the_slowest_head_then_the_newest(
    watch: Watch, reasons: list[str]
) -> None:
    heads, idle, newest = [put(watch, "head") for _ in range(2)], put(watch, "idle"), Connection({})

    for _ in range(4):
        watch.make_room(newest)

    assert idle.ends == ["closed"]
    assert [type(one.ends[0]) for one in heads] == [RequestTimeout, RequestTimeout]
    assert isinstance(newest.ends[0], Overloaded)
    assert reasons == ["idle_beyond_limit", "RequestTimeout", "RequestTimeout", "Overloaded"]
