"""A bucket decides as a token bucket counted in fractions does, to the nanosecond."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from app.admission.bucket import Bucket
from app.admission.limit import Limit

NS_PER_S = 1_000_000_000

rates = st.floats(0.01, 1_000_000) | st.sampled_from([1.0, 3.0, 7.0, 500.0, 2000.0, 999_999.0])
gaps_ns = st.integers(0, 3 * NS_PER_S) | st.integers(0, 1000) | st.just(0)
# (time since the last request, samples)
requests = st.lists(st.tuples(gaps_ns, st.integers(1, 40)), max_size=60)


class Reference:
    """A token bucket as it is usually told: a level that rises with time, counted without rounding."""

    def __init__(self, limit: Limit) -> None:
        self.burst, self.interval = limit.burst, limit.interval_ns
        self.level, self.at_ns = Fraction(limit.burst), 0

    def take(self, tokens: int, now_ns: int) -> bool:
        self.level = min(Fraction(self.burst), self.level + Fraction(now_ns - self.at_ns, self.interval))
        self.at_ns = now_ns
        if self.level < tokens:
            return False
        self.level -= tokens
        return True


@given(rates, st.integers(1, 100), requests, st.integers(0, 10**18))
def test_it_decides_as_a_token_bucket_does(rate, burst, sent, start_ns) -> None:
    bucket, reference = Bucket(Limit(rate, burst)), Reference(Limit(rate, burst))
    now_ns = start_ns
    for gap_ns, samples in sent:
        now_ns += gap_ns
        fits = bucket.fits(samples, now_ns)
        assert fits == reference.take(samples, now_ns)
        if fits:
            bucket.take(samples, now_ns)
        assert bucket.left(now_ns) == int(reference.level)


@given(rates, st.integers(1, 100), requests)
def test_no_stretch_of_time_holds_more_than_burst_and_rate(rate, burst, sent) -> None:
    bucket = Bucket(Limit(rate, burst))
    taken = []
    now_ns = 0
    for gap_ns, samples in sent:
        now_ns += gap_ns
        if bucket.fits(samples, now_ns):
            bucket.take(samples, now_ns)
            taken.append((now_ns, samples))
    for first, (start_ns, _) in enumerate(taken):
        total = 0
        for end_ns, samples in taken[first:]:
            total += samples
            assert total <= burst + Fraction(end_ns - start_ns) * Fraction(rate) / NS_PER_S


@given(rates, st.integers(1, 100), requests, st.integers(1, 100))
def test_the_wait_is_exact(rate, burst, sent, samples) -> None:
    bucket = Bucket(Limit(rate, burst))
    now_ns = 0
    for gap_ns, tokens in sent:
        now_ns += gap_ns
        if bucket.fits(tokens, now_ns):
            bucket.take(tokens, now_ns)

    wait_ns = bucket.wait_ns(samples, now_ns)

    assert bucket.fits(samples, now_ns) == (wait_ns == 0)
    if samples <= burst:
        assert bucket.fits(samples, now_ns + wait_ns)
    if wait_ns:
        assert not bucket.fits(samples, now_ns + wait_ns - 1)


def test_it_says_when_less_than_a_fifth_is_left() -> None:
    bucket = Bucket(Limit(10, 100))

    assert not bucket.take(80, 0)
    assert bucket.take(1, 0)
    assert (bucket.left(0), bucket.full_in_ns(0)) == (19, 8_100_000_000)
