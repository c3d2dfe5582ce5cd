"""Times in measures that do not hang on the machine, for tests that hold what something costs or how long it waits."""

import gc
from collections.abc import Callable
from functools import partial
from statistics import median
from threading import Event, Thread
from time import monotonic, thread_time
from typing import Self

_TEXT = "Revenue was $1,234.5 million, or 12% more. " * 40


def paces_of(work: Callable[[], object], limit: float) -> float:
    """The fewest paces that `work` took: it is run once if that was below `limit`, else up to eight times.

    A pace is a fixed piece of Python's work, measured just before each run: about 1 ms where this was written. A
    machine that is slow, or busy with other things, is slow at both; one that changes between the two is asked again.
    """
    fewest = float("inf")
    for _ in range(8):
        pace_s = min(cpu_s_of(_walk) for _ in range(3))
        fewest = min(fewest, cpu_s_of(work) / pace_s)
        if fewest < limit:
            break
    return fewest


def ratio_of(work: Callable[[], object], other: Callable[[], object]) -> float:
    """How many times as long as `other` a `work` of microseconds takes: the median of many pairs, one right after the
    other, so that both meet the same machine."""

    def thousand(each: Callable[[], object]) -> None:
        for _ in range(1000):
            each()

    return median(cpu_s_of(partial(thousand, work)) / cpu_s_of(partial(thousand, other)) for _ in range(101))


def cpu_s_of(work: Callable[[], object]) -> float:
    """CPU seconds of this thread, without the garbage collector: it would count what all tests before have left."""
    gc.disable()
    started = thread_time()
    try:
        work()
    finally:
        spent_s = thread_time() - started
        gc.enable()
    return spent_s


def _walk() -> None:
    for _ in range(17):
        words = _TEXT.split()
        counts = dict.fromkeys(words, 0)
        for word in words:
            counts[word] += len(word.strip("$%,.").lower())


class SteadyClock:
    """Seconds as this process had them: while the machine runs something else instead, or nothing, it stands still.

    For what may only wait so long: a machine that stalls for a second adds nothing, a product that waits adds all.
    """

    _LOOK_EVERY_S, _LOOK_MOST_S = 0.005, 0.02

    def __init__(self) -> None:
        self._last = 0.0, monotonic()
        self._is_over = Event()
        self._looking = Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._looking.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_over.set()
        self._looking.join()

    def __call__(self) -> float:
        return self._at(monotonic())

    def _at(self, now: float) -> float:
        counted_s, looked_at = self._last
        return counted_s + min(now - looked_at, self._LOOK_MOST_S)

    def _look(self) -> None:
        while not self._is_over.wait(self._LOOK_EVERY_S):
            now = monotonic()
            self._last = self._at(now), now
