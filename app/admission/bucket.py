"""A limit kept in this process: GCRA, the generic cell rate algorithm (ITU-T I.371), which is one number per key."""

from app.admission.limit import Limit


class Bucket:
    """The tokens of one key. The one number is when the bucket will be full again if nobody takes from it.

    In any stretch of time, no more tokens are taken than the burst and the rate times its length. Times are those of
    `time.monotonic_ns` and must not go backwards.
    """

    __slots__ = ("_full_at_ns", "_interval_ns", "_low_ns", "_tolerance_ns", "limit")

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._interval_ns, self._tolerance_ns = limit.interval_ns, limit.tolerance_ns
        self._low_ns = self._tolerance_ns * 4 // 5
        self._full_at_ns = 0

    def fits(self, tokens: int, now_ns: int) -> bool:
        """Whether so many can be taken now."""
        cost_ns = tokens * self._interval_ns
        ahead_ns = self._full_at_ns - now_ns
        return (ahead_ns + cost_ns if ahead_ns > 0 else cost_ns) <= self._tolerance_ns

    def take(self, tokens: int, now_ns: int) -> bool:
        """Takes tokens that fit; returns whether less than a fifth of the burst is left."""
        full_at_ns = self._full_at_ns
        if full_at_ns < now_ns:
            full_at_ns = now_ns
        self._full_at_ns = full_at_ns = full_at_ns + tokens * self._interval_ns
        return full_at_ns - now_ns > self._low_ns

    def give_back(self, tokens: int, now_ns: int) -> None:
        """Returns tokens that were taken and not used."""
        self._full_at_ns -= tokens * self._interval_ns

    def wait_ns(self, tokens: int, now_ns: int) -> int:
        """How long until so many fit, if nobody takes any; 0: now."""
        return max(0, self.full_in_ns(now_ns) + tokens * self._interval_ns - self._tolerance_ns)

    def full_in_ns(self, now_ns: int) -> int:
        """How long until the bucket is full, if nobody takes any."""
        return max(0, self._full_at_ns - now_ns)

    def left(self, now_ns: int) -> int:
        """Tokens that are there now."""
        return max(0, self._tolerance_ns - self.full_in_ns(now_ns)) // self._interval_ns
