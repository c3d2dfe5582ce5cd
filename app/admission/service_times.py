"""How long one sample takes in one slot, by who asks and what it is done by: two guesses, of which one errs to the
short side. And how much longer it takes until that is known to the service."""

_RISE = 1 / 16
_FALL = 1 / 2
_LIFE_S = 10.0
# What is lost on the way to a slot and back is forgotten sooner, s, and never taken for more, s: it is this moment's
# load, not the samples.
_DELAY_LIFE_S = 2.0
_DELAY_MOST_S = 0.15
_UNKNOWN = (0.0, 0.0, 0.0, float("-inf"))


class ServiceTimes:
    """Times seen, smoothed.

    They are kept by caller, so that nobody's slow samples make the service expect little of somebody else's. Nothing
    seen for a while is nothing known: what is expected to take too long is not begun, and would never be seen again.
    """

    def __init__(self) -> None:
        # The short guess, the mean, the mean distance from it, s, and when the last sample was seen.
        self._seen: dict[tuple[str, str], tuple[float, float, float, float]] = {}
        self._mean_s = 0.0

    @property
    def mean_s(self) -> float:
        """Of all samples, whoever asked; 0: none was seen yet."""
        return self._mean_s

    def observe(self, caller: str, kind: str, seconds: float, now: float) -> None:
        """A sample took so long."""
        self._mean_s += (seconds - self._mean_s) * _RISE if self._mean_s else seconds
        short, mean, off = self._known(caller, kind, now) or (seconds, seconds, 0.0)
        off += (abs(seconds - mean) - off) * _RISE
        mean += (seconds - mean) * _RISE
        short += (seconds - short) * (_FALL if seconds < short else _RISE)
        self._seen[caller, kind] = (short, mean, off, now)

    def expected_s(self, caller: str, kind: str, now: float) -> float:
        """Seconds that a sample takes at least, as far as is known; 0: nothing is. A shorter time that was seen counts
        more than a longer one."""
        known = self._known(caller, kind, now)
        return known[0] if known else 0.0

    def needed_s(self, caller: str, kind: str, now: float) -> float:
        """Seconds without which a sample is not worth beginning; 0: nothing is known.

        Nearly all of those that take about the same take less: the mean and three mean distances from it. It is never
        more than twice the short guess, so that slow ones do not keep the quick ones among them from being begun.
        """
        known = self._known(caller, kind, now)
        return min(known[1] + 3 * known[2], 2 * known[0]) if known else 0.0

    def _known(self, caller: str, kind: str, now: float) -> tuple[float, float, float] | None:
        short, mean, off, seen_at = self._seen.get((caller, kind), _UNKNOWN)
        return (short, mean, off) if now - seen_at < _LIFE_S else None


class Delays:
    """What passes beside the time in a slot, smoothed: until it is begun there, and until the event loop has read what
    came of it. Under load the loop is late; what is begun so shortly before its deadline that it would be done just in
    time is then judged for nobody."""

    def __init__(self) -> None:
        self._mean = self._off = 0.0
        self._seen_at = float("-inf")

    def observe(self, seconds: float, now: float) -> None:
        """So much passed."""
        if now - self._seen_at > _DELAY_LIFE_S:
            self._mean, self._off = seconds, 0.0
        self._seen_at = now
        self._off += (abs(seconds - self._mean) - self._off) * _RISE
        self._mean += (seconds - self._mean) * _RISE

    def expected_s(self, now: float) -> float:
        """Seconds that nearly all delays are shorter than."""
        if now - self._seen_at > _DELAY_LIFE_S:
            return 0.0
        return min(_DELAY_MOST_S, self._mean + 3 * self._off)
