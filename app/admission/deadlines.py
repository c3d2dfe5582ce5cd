"""What ends when, soonest first: adding and taking out cost the logarithm of how many there are, and what was taken out
is not kept."""

from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")

_SPARE = 16


class Ending(Generic[T]):
    """One thing with its end; `what` is None once it has been taken out."""

    __slots__ = ("at", "number", "what")

    def __init__(self, at: float, number: int, what: T) -> None:
        self.at, self.number = at, number
        self.what: T | None = what

    def __lt__(self, other: "Ending[T]") -> bool:
        return self.at < other.at or (self.at == other.at and self.number < other.number)


class Deadlines(Generic[T]):
    """Things and their ends. Times are those of `time.monotonic`."""

    def __init__(self) -> None:
        self._heap: list[Ending[T]] = []
        self._numbers = 0
        self._live = 0

    def __len__(self) -> int:
        return self._live

    def add(self, at: float, what: T) -> Ending[T]:
        """Adds `what`; the result takes it out again."""
        self._numbers += 1
        self._live += 1
        ending = Ending(at, self._numbers, what)
        heappush(self._heap, ending)
        return ending

    def remove(self, ending: Ending[T]) -> None:
        """Takes it out, if it is still there."""
        if ending.what is None:
            return
        ending.what = None
        self._live -= 1
        if len(self._heap) > 2 * self._live + _SPARE:
            self._heap = [each for each in self._heap if each.what is not None]
            heapify(self._heap)

    @property
    def first(self) -> float | None:
        """The next end; None: there is none."""
        while self._heap and self._heap[0].what is None:
            heappop(self._heap)
        return self._heap[0].at if self._heap else None

    def due(self, now: float) -> list[T]:
        """Takes out what has ended by now, and returns it in order."""
        found: list[T] = []
        while (at := self.first) is not None and at <= now:
            ending = heappop(self._heap)
            assert ending.what is not None, "`first` has dropped what was taken out"
            found.append(ending.what)
            ending.what = None
            self._live -= 1
        return found
