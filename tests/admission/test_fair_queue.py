"""Nothing is lost, nobody is starved, and what one caller sends costs another no more than its share."""

from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.admission.claim import Claim, Presence
from app.admission.fair_queue import RESERVE, Bounds
from app.auth import Caller, Limits
from tests.admission.pool import FAR, KIND_COSTS_S, Pool, UnknownTimes, Waiting

NAMES = "abc"

quick = settings(max_examples=60)


arrivals = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "run": st.sampled_from(["", "one", "two"]),
        "kind": st.sampled_from(list(KIND_COSTS_S)),
        "priority": st.sampled_from(["train", "train", "eval", "interactive", "probe"]),
        "concurrency": st.sampled_from([None, 1, 3]),
        "deadline": st.sampled_from([FAR, 0.5, 5.0]),
        "samples": st.integers(1, 4),
        "has_begun": st.booleans(),
    }
)
steps = st.one_of(
    arrivals,
    st.sampled_from(["take", "take", "finish", "hang up", "sweep"]),
    st.floats(0.0, 1.0).map(lambda seconds: ("pass", seconds)),
)


@quick
@given(st.lists(steps, max_size=80))
def test_whatever_happens_each_ticket_is_served_or_dropped_once_and_the_counts_are_true(script: list[object]) -> None:
    pool = Pool()
    pushed: dict[Waiting, Presence] = {}
    for step in script:
        match step:
            case dict():
                presence = Presence()
                pushed[pool.push(presence=presence, **step)] = presence
            case "take":
                pool.take()
            case "finish" if pool.serving:
                pool.finish(pool.serving[0], 0.3)
            case "hang up" if pushed:
                list(pushed.values())[len(pushed) // 2].leave()
            case "sweep":
                pool.queue.drop_late(pool.now)
            case ("pass", float(seconds)):
                pool.now += seconds
        ended = [*pool.served, *(ticket for ticket, _ in pool.losses)]
        waiting = set(pushed) - set(ended)
        assert len(set(ended)) == len(ended)
        assert pool.queue.samples == sum(ticket.samples for ticket in waiting)
        assert pool.queue.size_bytes == sum(ticket.size_bytes for ticket in waiting)
        assert len(pool.queue) == len(waiting)
    for ticket in list(pool.serving):
        pool.finish(ticket)
    pool.drain()
    assert len(pool.served) + len(pool.losses) == len(pushed)
    assert (len(pool.queue), pool.queue.samples, pool.queue.size_bytes) == (0, 0, 0)


@quick
@given(st.lists(arrivals, max_size=60))
def test_within_one_flow_the_first_is_served_first(arriving: list[dict[str, object]]) -> None:
    pool = Pool()
    for one in arriving:
        pool.push(**{**one, "deadline": FAR, "priority": "train"})  # type: ignore[arg-type]  # as `arrivals` makes them
    by_flow: dict[object, list[int]] = defaultdict(list)
    for ticket in pool.drain():
        by_flow[ticket.flow, ticket.claim.has_begun].append(ticket.number)

    assert all(numbers == sorted(numbers) for numbers in by_flow.values())


def test_what_has_begun_goes_before_the_rest_of_its_flow() -> None:
    pool = Pool()
    pool.push()
    begun = [pool.push(has_begun=True), pool.push(has_begun=True)]

    assert [pool.serve(), pool.serve()] == begun


@quick
@given(
    st.lists(st.sampled_from(list(KIND_COSTS_S)), min_size=40, max_size=80),
    st.lists(st.sampled_from(list(KIND_COSTS_S)), min_size=40, max_size=80),
    st.floats(0.2, 5.0),
    st.floats(0.2, 5.0),
    st.integers(1, 4),
    st.integers(0, 30),
)
def test_two_callers_that_wait_are_never_further_apart_than_one_largest_ticket_of_each(
    first: list[str], second: list[str], weight: float, other_weight: float, samples: int, late_by: int
) -> None:
    pool = Pool()
    for kind in first:
        pool.push("a", kind=kind, weight=weight, samples=samples)
    weights = {"a": weight, "b": other_weight}
    for _ in range(late_by):
        pool.serve()
    for kind in second:
        pool.push("b", kind=kind, weight=other_weight)
    work = {"a": 0.0, "b": 0.0}
    largest = {
        "a": max(map(KIND_COSTS_S.__getitem__, first)) * samples,
        "b": max(map(KIND_COSTS_S.__getitem__, second)),
    }
    bound = sum(largest[name] / weights[name] for name in work)
    waiting = {"a": len(first) - late_by, "b": len(second)}
    points = [0.0]
    while min(waiting.values()) > 0:
        ticket = pool.serve()
        assert ticket is not None
        name = ticket.claim.caller.name
        work[name] += ticket.cost
        waiting[name] -= 1
        points.append(work["a"] / weight - work["b"] / other_weight)

    # The bound holds for every stretch of time in which both wait, so for every pair of points.
    assert max(points) - min(points) <= bound + 1e-9


@quick
@given(st.integers(1, 12), st.integers(1, 12))
def test_more_runs_give_a_caller_no_larger_share(runs: int, other_runs: int) -> None:
    pool = Pool()
    for name, number in (("a", runs), ("b", other_runs)):
        for index in range(240):
            pool.push(name, run=str(index % number))
    served = Counter(ticket.claim.caller.name for ticket in (pool.serve() for _ in range(200)) if ticket)

    assert abs(served["a"] - served["b"]) <= 2


def test_the_runs_of_one_caller_share_alike() -> None:
    pool = Pool()
    for run, number in (("large", 900), ("small", 50)):
        for _ in range(number):
            pool.push(run=run)
    served = Counter(ticket.claim.run for ticket in (pool.serve() for _ in range(100)) if ticket)

    assert abs(served["large"] - served["small"]) <= 2


def test_weights_divide_the_time() -> None:
    pool = Pool()
    for name, weight in (("a", 1.0), ("b", 3.0)):
        for _ in range(400):
            pool.push(name, weight=weight)
    served = Counter(ticket.claim.caller.name for ticket in (pool.serve() for _ in range(400)) if ticket)

    assert served["b"] == pytest.approx(300, abs=3)


def test_an_idle_caller_has_saved_nothing_up() -> None:
    pool = Pool()
    for _ in range(500):
        pool.push("a")
    for _ in range(300):
        pool.serve()
    for _ in range(100):
        pool.push("b")
    served = Counter(ticket.claim.caller.name for ticket in (pool.serve() for _ in range(100)) if ticket)

    assert abs(served["a"] - served["b"]) <= 2


def test_who_had_the_slots_while_nobody_else_wanted_them_does_not_pay_for_it() -> None:
    pool = Pool()
    for _ in range(300):
        pool.push("a")
    pool.drain()
    for _ in range(100):
        pool.push("a")
        pool.push("b")
    served = Counter(ticket.claim.caller.name for ticket in (pool.serve() for _ in range(100)) if ticket)

    assert abs(served["a"] - served["b"]) <= 2


def test_a_neighbour_passes_a_burst() -> None:
    pool = Pool()
    for _ in range(3000):
        pool.push("a")
    for _ in range(10):
        pool.serve()
    neighbour = pool.push("b")

    assert neighbour in [pool.serve(), pool.serve()]


def test_time_is_shared_though_one_caller_s_tickets_take_long_and_nobody_knew() -> None:
    pool = Pool(times=UnknownTimes())
    spent = {"a": 0.0, "b": 0.0}
    for _ in range(1000):
        pool.push("a")
        pool.push("b")
    for _ in range(400):
        ticket = pool.take()
        assert ticket is not None
        name = ticket.claim.caller.name
        seconds = 5.0 if name == "a" else 0.05
        spent[name] += seconds
        pool.finish(ticket, seconds)

    assert spent["a"] - spent["b"] <= 5.1


def test_what_is_no_training_passes_though_its_caller_has_a_burst_of_its_own() -> None:
    pool = Pool()
    for _ in range(1000):
        pool.push("a")
    pool.serve()
    probe = pool.push("a", priority="probe")

    assert probe in [pool.serve(), pool.serve()]


def test_training_keeps_all_but_the_reserve_however_much_else_waits() -> None:
    pool = Pool()
    for _ in range(1000):
        pool.push("a", run="train")
        pool.push("a", run="train", priority="interactive")
    served = Counter(ticket.claim.priority for ticket in (pool.serve() for _ in range(800)) if ticket)

    # In its own flow each second ticket is for training; the reserve serves none of it.
    assert served["train"] == pytest.approx(800 * (1 - RESERVE) / 2, rel=0.15)


def test_no_slot_is_kept_free_for_what_does_not_come() -> None:
    pool = Pool(slots=16)
    for _ in range(16):
        pool.push()

    assert [pool.take() is not None for _ in range(16)] == [True] * 16


def test_a_caller_at_its_limit_waits_and_the_others_go_on() -> None:
    pool = Pool()
    for _ in range(10):
        pool.push("a", concurrency=2)
    taken = [pool.take() for _ in range(3)]
    pool.push("b")
    neighbour = pool.take()
    assert taken[2] is None
    assert neighbour is not None
    assert neighbour.claim.caller.name == "b"
    assert pool.take() is None

    first = taken[0]
    assert first is not None
    pool.finish(first)
    following = pool.take()
    assert following is not None
    assert following.claim.caller.name == "a"
    assert pool.take() is None


def test_a_ticket_larger_than_its_caller_s_limit_is_served_alone() -> None:
    pool = Pool()
    pool.push(concurrency=2, samples=5)
    pool.push(concurrency=2)
    large = pool.take()
    assert large is not None
    assert pool.take() is None

    pool.finish(large)

    assert pool.take() is not None


def test_what_is_late_or_whose_caller_is_gone_is_not_served() -> None:
    pool = Pool()
    presence = Presence()
    late = pool.push(deadline=1.0)
    gone = pool.push(presence=presence)
    begun = pool.push(presence=presence, has_begun=True)
    last = pool.push()
    presence.leave()
    pool.now = 2.0

    assert pool.drain() == [begun, last]
    assert pool.losses == [(gone, "gone"), (late, "late")]


def test_what_can_no_longer_be_done_in_time_is_late_before_its_deadline() -> None:
    pool = Pool()
    pool.push(kind="slower", deadline=1.0)
    pool.now = 0.7

    assert pool.serve() is None
    assert [why for _, why in pool.losses] == ["late"]


def test_a_sweep_takes_what_is_late_and_nothing_else() -> None:
    pool = Pool()
    tickets = [pool.push(deadline=float(deadline)) for deadline in (3, 1, 2)]
    assert pool.queue.first_deadline == 1.0

    pool.queue.drop_late(2.0)

    assert [ticket for ticket, _ in pool.losses] == [tickets[1], tickets[2]]
    assert pool.queue.first_deadline == 3.0


@pytest.mark.parametrize(
    ("bounds", "ticket"), [(Bounds(3, 10**6), {"samples": 2}), (Bounds(100, 25), {"size_bytes": 10})]
)
def test_no_more_waits_than_the_bounds_allow(bounds: Bounds, ticket: dict[str, int]) -> None:
    pool = Pool(bounds=bounds)
    pool.push(size_bytes=10)
    pool.push(size_bytes=10)
    another = Waiting(9, Claim(Caller("a"), FAR), **ticket)
    begun = Waiting(9, Claim(Caller("a"), FAR, has_begun=True), **ticket)

    assert pool.queue.refusal(another, pool.now) == "full"
    assert pool.queue.refusal(begun, pool.now) is None


def test_what_is_larger_than_the_bounds_may_wait_alone() -> None:
    pool = Pool(bounds=Bounds(3, 10))

    assert pool.queue.refusal(Waiting(0, Claim(Caller("a"), FAR), samples=5, size_bytes=50), pool.now) is None


def test_only_what_surely_cannot_be_done_is_hopeless() -> None:
    pool = Pool(slots=10)
    for _ in range(100):
        pool.push("a", kind="slow")
    for _ in range(1000):
        pool.push("b", kind="slow")

    def refusal(seconds: float, name: str = "a", run: str = "", concurrency: int | None = None) -> str | None:
        claim = Claim(Caller(name, limits=Limits(concurrency=concurrency)), seconds, run)
        return pool.queue.refusal(Waiting(0, claim, "slow"), pool.now)

    # Its own 100 tickets of 50 ms on all ten slots, and then itself.
    assert refusal(0.54) == "hopeless"
    assert refusal(0.56) is None
    assert refusal(0.06, run="another") is None
    assert refusal(0.06, name="c") is None
    assert refusal(0.04, name="c") == "hopeless"
    assert refusal(2.54, concurrency=2) == "hopeless"


def test_what_nothing_is_known_of_is_never_hopeless() -> None:
    pool = Pool(times=UnknownTimes())
    for _ in range(1000):
        pool.push()

    assert pool.queue.refusal(Waiting(0, Claim(Caller("a"), 0.001)), pool.now) is None


def test_flows_that_have_ended_are_forgotten() -> None:
    pool = Pool()
    for number in range(1000):
        pool.push("a", run=str(number), priority="eval")
        pool.push(str(number))
        pool.serve()
        pool.serve()
    pool.drain()
    assert pool.take() is None

    assert pool.queue.known == 0
