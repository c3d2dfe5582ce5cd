"""Slots that are taken in turns: each is handed on, whatever becomes of who had it."""

import asyncio

import pytest

from app.admission.claim import Claim, Presence
from app.admission.fair_queue import DEFAULT_BOUNDS, Bounds
from app.admission.turns import Turn, Turns
from app.admission.waiting_room import WaitingRoom
from app.auth import LOCAL, Caller
from app.errors import CallerGone, LateInQueue, Overloaded
from app.metrics import Metrics

pytestmark = pytest.mark.anyio

# Longer than all tests take: it counts from when they are collected.
A_WHILE = Claim.within(3600, LOCAL)


class Bench:
    """Two slots, and work that ends when it is told to."""

    def __init__(self, bounds: Bounds = DEFAULT_BOUNDS) -> None:
        self.turns = Turns(2, WaitingRoom[Turn]("bench", 2, bounds, Metrics()))
        self.working: dict[str, asyncio.Future[str]] = {}

    def use(self, name: str, claim: Claim = A_WHILE) -> asyncio.Task[str]:
        async def work() -> str:
            self.working[name] = asyncio.get_running_loop().create_future()
            return await self.working[name]

        return asyncio.create_task(self.turns.use(claim, "work", 1, work))

    async def working_now(self) -> set[str]:
        for _ in range(5):
            await asyncio.sleep(0)
        return {name for name, end in self.working.items() if not end.done()}


async def test_no_more_than_there_are_slots_at_a_time() -> None:
    bench = Bench()
    uses = [bench.use(name) for name in "abcd"]
    assert await bench.working_now() == {"a", "b"}

    bench.working["a"].set_result("done")

    assert await uses[0] == "done"
    assert await bench.working_now() == {"b", "c"}


async def test_work_that_fails_or_is_cancelled_hands_its_slot_on() -> None:
    bench = Bench()
    failing, cancelled, *others = [bench.use(name) for name in "abcd"]
    await bench.working_now()
    bench.working["a"].set_exception(ValueError("boom"))
    cancelled.cancel()

    with pytest.raises(ValueError, match="boom"):
        await failing
    assert await bench.working_now() >= {"c", "d"}
    for name in "cd":
        bench.working[name].set_result(name)
    assert [await use for use in others] == ["c", "d"]


async def test_who_gives_up_while_waiting_leaves_the_queue() -> None:
    bench = Bench()
    uses = [bench.use(name) for name in "abcd"]
    await bench.working_now()
    uses[2].cancel()
    bench.working["a"].set_result("done")

    assert await bench.working_now() == {"b", "d"}


async def test_who_is_cancelled_at_the_moment_of_its_turn_hands_it_on() -> None:
    bench = Bench()
    uses = [bench.use(name) for name in "abcd"]
    await bench.working_now()
    bench.working["a"].set_result("done")
    uses[0].add_done_callback(lambda _: uses[2].cancel())

    assert await bench.working_now() == {"b", "d"}


async def test_who_is_late_hangs_up_or_finds_no_room_is_told() -> None:
    bench = Bench(Bounds(samples=2, size_bytes=1 << 20))
    presence = Presence()
    for name in "ab":
        bench.use(name)
    await bench.working_now()
    late = bench.use("late", Claim.within(0.05, LOCAL))
    gone = bench.use("gone", Claim.within(60, Caller("other"), presence=presence))
    await bench.working_now()
    shed = bench.use("shed")
    with pytest.raises(Overloaded):
        await shed
    presence.leave()
    with pytest.raises(CallerGone):
        await gone
    with pytest.raises(LateInQueue, match="of its time were left, too little for it"):
        await late

    assert not {"late", "gone", "shed"} & bench.working.keys()
