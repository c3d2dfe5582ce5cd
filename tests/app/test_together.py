"""Work on what comes in one turn of the event loop: who is told of what."""

import asyncio
from collections.abc import Sequence

import pytest

from app.together import Together

pytestmark = pytest.mark.anyio


class Doubling:
    """The first step writes down which numbers it was given, the next doubles one, the last writes down both."""

    def __init__(self, refuses: str = "", held: bool = False) -> None:
        self.first: list[list[int]] = []
        self.given: list[list[tuple[int, int]]] = []
        self._refuses = refuses
        self.begun = asyncio.Semaphore(0)
        self.go_on = asyncio.Event()
        if not held:
            self.go_on.set()

    def together(self) -> Together[int, int]:
        return Together(self._all, self._each, self._rest)

    def _all(self, numbers: Sequence[int]) -> None:
        if 0 in numbers:
            raise ZeroDivisionError("there is nothing to double")
        self.first.append(list(numbers))

    def _each(self, number: int) -> int:
        if number < 0:
            raise ValueError(f"{number} cannot be doubled")
        return 2 * number

    async def _rest(self, doubled: Sequence[tuple[int, int]]) -> None:
        self.given.append(list(doubled))
        self.begun.release()
        await self.go_on.wait()
        if self._refuses:
            raise RuntimeError(self._refuses)


async def test_what_joins_in_one_turn_is_worked_on_together_in_its_order() -> None:
    work = Doubling()
    together = work.together()

    await asyncio.gather(*map(together.join, [3, 1, 2]))
    await together.join(4)

    assert work.first == [[3, 1, 2], [4]]
    assert work.given == [[(3, 6), (1, 2), (2, 4)], [(4, 8)]]


async def test_what_comes_later_does_not_wait_for_the_last_step_of_those_before() -> None:
    work = Doubling(held=True)
    together = work.together()
    first = asyncio.create_task(together.join(1))
    await work.begun.acquire()

    second = asyncio.create_task(together.join(2))
    await work.begun.acquire()
    work.go_on.set()
    await asyncio.gather(first, second)

    assert work.given == [[(1, 2)], [(2, 4)]]


async def test_a_step_for_one_that_fails_is_told_to_its_own_caller_alone() -> None:
    work = Doubling()
    together = work.together()

    answers = await asyncio.gather(*map(together.join, [1, -2, 3]), return_exceptions=True)

    assert [str(answer) for answer in answers] == ["None", "-2 cannot be doubled", "None"]
    assert work.given == [[(1, 2), (3, 6)]]


async def test_there_is_no_last_step_of_nothing() -> None:
    work = Doubling()

    with pytest.raises(ValueError, match="-1"):
        await work.together().join(-1)

    assert work.given == []


async def test_a_first_step_that_fails_is_told_to_everyone() -> None:
    work = Doubling()

    answers = await asyncio.gather(*map(work.together().join, [1, 0]), return_exceptions=True)

    assert [str(answer) for answer in answers] == ["there is nothing to double"] * 2
    assert work.given == []


async def test_a_last_step_that_fails_is_told_to_everyone_who_came_so_far() -> None:
    work = Doubling(refuses="no room")

    answers = await asyncio.gather(*map(work.together().join, [1, -2, 3]), return_exceptions=True)

    assert [str(answer) for answer in answers] == ["no room", "-2 cannot be doubled", "no room"]


async def test_who_does_not_wait_any_more_stops_nothing() -> None:
    work = Doubling(held=True)
    together = work.together()
    gone, waiting = asyncio.create_task(together.join(1)), asyncio.create_task(together.join(2))
    await work.begun.acquire()

    gone.cancel()
    work.go_on.set()
    await waiting

    assert gone.cancelled()
    assert work.given == [[(1, 2), (2, 4)]]
