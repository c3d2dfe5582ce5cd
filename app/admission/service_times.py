"""How long one sample takes in one slot, by who asks and what it is done by: a guess that errs to the short side."""

_RISE = 1 / 16
_FALL = 1 / 2
_LIFE_S = 10.0


class ServiceTimes:
    """Times seen, smoothed; a shorter one counts more than a longer one.

    They are kept by caller, so that nobody's slow samples make the service expect little of somebody else's. Nothing
    seen for a while is nothing known: what is expected to take too long is not begun, and would never be seen again.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[float, float]] = {}
        self._mean_s = 0.0

    @property
    def mean_s(self) -> float:
        """Of all samples, whoever asked; 0: none was seen yet."""
        return self._mean_s

    def observe(self, caller: str, kind: str, seconds: float, now: float) -> None:
        """A sample took so long."""
        self._mean_s += (seconds - self._mean_s) * _RISE if self._mean_s else seconds
        known = self.expected_s(caller, kind, now)
        if known:
            seconds = known + (seconds - known) * (_FALL if seconds < known else _RISE)
        self._seen[caller, kind] = (seconds, now)

    def expected_s(self, caller: str, kind: str, now: float) -> float:
        """Seconds that a sample takes at least, as far as is known; 0: nothing is."""
        seconds, seen_at = self._seen.get((caller, kind), (0.0, 0.0))
        return seconds if now - seen_at < _LIFE_S else 0.0
