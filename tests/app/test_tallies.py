"""Own counters and histograms show what prometheus_client's would."""

import random

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from app.tallies import Counters, Histograms, Observations

BOUNDS = (0.001, 0.5, 1, 30)


def shown(registry: CollectorRegistry) -> list[str]:
    return sorted(line for line in generate_latest(registry).decode().splitlines() if "_created" not in line)


def test_numbers_are_shown_as_by_prometheus_client() -> None:
    chance, ours, theirs = random.Random(4), CollectorRegistry(), CollectorRegistry()
    counters, counter = Counters("a", "A.", ("x", "y"), ours), Counter("a", "A.", ("x", "y"), registry=theirs)
    histograms = Histograms("b_seconds", "B.", ("x",), BOUNDS, ours)
    histogram = Histogram("b_seconds", "B.", ("x",), buckets=BOUNDS, registry=theirs)

    for _ in range(500):
        labels, amount = (chance.choice("pq"), chance.choice('r"\n')), chance.randint(1, 3)
        value = chance.choice([*BOUNDS, 0, chance.random(), 40 * chance.random()])
        counters.add(labels, amount)
        counter.labels(*labels).inc(amount)
        histograms.of(labels[:1]).observe(value)
        histogram.labels(labels[0]).observe(value)

    assert len(shown(ours)) > 20
    assert shown(ours) == shown(theirs)


def test_a_value_may_be_observed_several_times_at_once() -> None:
    once, one_by_one = Observations(BOUNDS), Observations(BOUNDS)

    once.observe(0.5, times=3)
    for _ in range(3):
        one_by_one.observe(0.5)

    assert (once.counts, once.total) == (one_by_one.counts, one_by_one.total)


def test_known_labels_are_shown_from_the_start() -> None:
    registry = CollectorRegistry()
    Counters("a", "A.", ("x",), registry, known=(("p",),))
    Histograms("b_seconds", "B.", (), BOUNDS, registry).of(())

    assert registry.get_sample_value("a_total", {"x": "p"}) == 0
    assert registry.get_sample_value("b_seconds_count") == 0
