"""What comes in one turn of the event loop is worked on together. Done in a row, a step costs less than amid all else
that its request needs, since its code and data stay in the processor's caches (Larus and Parkes, "Using cohort
scheduling to enhance server performance", USENIX 2002); and what a group needs once is done once."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """Work in three steps.

    Args:
        first: for all of a turn, in the order in which they came.
        each: for one alone: if it fails, nobody else is told of it.
        rest: for all that are left, with what the step before made of them.
    """

    def __init__(
        self,
        first: Callable[[Sequence[T]], None],
        each: Callable[[T], R],
        rest: Callable[[Sequence[tuple[T, R]]], Coroutine[Any, Any, None]],
    ) -> None:
        self._first, self._each, self._rest = first, each, rest
        self._joined: list[tuple[T, asyncio.Future[None]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def join(self, one: T) -> None:
        """Returns when all steps are done with `one`, or raises what they raise. They are done even if nobody waits
        any more."""
        loop = asyncio.get_running_loop()
        if not self._joined:
            task = loop.create_task(self._work(self._joined))
            self._tasks.add(task)
            task.add_done_callback(partial(self._worked, self._joined))
        done: asyncio.Future[None] = loop.create_future()
        self._joined.append((one, done))
        await done

    async def _work(self, joined: list[tuple[T, asyncio.Future[None]]]) -> None:
        """Begins in the turn after the first of them joined: by then all of that turn have."""
        self._joined = []
        self._first([one for one, _ in joined])
        begun = []
        for one, done in joined:
            try:
                begun.append((one, self._each(one)))
            # It is raised where `one` is waited for, as if it had been done there.
            except Exception as error:  # noqa: BLE001
                if not done.done():
                    done.set_exception(error)
        if begun:
            await self._rest(begun)

    def _worked(self, joined: list[tuple[T, asyncio.Future[None]]], task: asyncio.Task[None]) -> None:
        """Lets no one wait for ever: if a step for all failed, everyone is told."""
        self._tasks.discard(task)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        for _, done in joined:
            if done.done():
                continue
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)
