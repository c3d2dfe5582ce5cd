"""Every Prometheus metric, declared once: name with unit, labels, meaning."""

from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app.ledger import Record, SpoolState

# Grader ids are few, but recipes are anybody's to make: beyond this many they share one label.
_GRADERS_MAX = 200
_SECONDS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_RECORDS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class Metrics:
    """The meters of one process; `registry` is what `/metrics` shows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._grades = self._counter("rft_grades", "Samples judged and recorded.", "grader", "verdict")
        self._unscored = self._counter("rft_unscored", "Samples left without a judgement.", "grader", "code")
        self._judging = self._histogram(
            "rft_judging_seconds", "From a request's arrival to its judgement, the commit not counted.", _SECONDS
        )
        self._refused = self._counter("rft_refused_callers", "Requests that were not let in.", "reason")
        self._cut_off = self._counter("rft_connections_cut_off", "Connections ended because of a limit.", "reason")
        self._keys_read = Gauge(
            "rft_keys_read_timestamp_seconds", "When the API keys were last read.", registry=self.registry
        )
        self._group_records = self._histogram("rft_ledger_group_records", "Records per commit.", _RECORDS)
        self._commit = self._histogram("rft_ledger_commit_seconds", "Time of one group's durable commit.", _SECONDS)
        self._rate_limited = self._counter("rft_rate_limited", "Samples refused by a rate limit.", "limit")
        self._shared = self._gauge(
            "rft_limits_shared", "1: replicas share rate limits through Redis; 0: each goes on with its part."
        )
        self._dropped = self._counter(
            "rft_dropped", "Samples that were not begun: full, hopeless, late or gone.", "resource", "why"
        )
        self._waited = Histogram(
            "rft_waited_seconds", "From the door to a slot.", ["resource"], buckets=_SECONDS, registry=self.registry
        )
        self._queued = Gauge(
            "rft_queued_samples", "Samples that wait for a slot.", ["resource"], registry=self.registry
        )
        self._capacity = Gauge(
            "rft_capacity_samples_per_second",
            "Samples a second that all slots serve, by what samples took lately; 0: not known yet.",
            ["resource"],
            registry=self.registry,
        )
        self._replicas = self._gauge("rft_limits_replicas", "Replicas that share rate limits, as last seen.")
        self._spooled = self._counter(
            "rft_spool_rows",
            "Rows that went to the spool (spooled), from there to the database (replayed), were refused by it "
            "(quarantined), or do not count as another grade held their key (displaced, which are replayed too).",
            "what",
        )
        # Looking up a child by its labels costs more than counting with it.
        self._children: dict[tuple[str, str | None], Counter] = {}
        self._waits: dict[str, Histogram] = {}
        self._drops: dict[tuple[str, str], Counter] = {}
        self._codes: dict[tuple[str, str], Counter] = {}
        self._names: set[str] = set()

    def graded(self, records: Sequence[Record]) -> None:
        """The judgements of one request were recorded."""
        counts: Mapping[tuple[str, str | None], int]
        if len(records) == 1:
            counts = {(records[0].grader, records[0].verdict): 1}
        else:
            counts = Tally([(record.grader, record.verdict) for record in records])
        for (grader, verdict), count in counts.items():
            child = self._children.get((grader, verdict))
            (child or self._child(grader, verdict)).inc(count)
        if records:
            self._judging.observe(records[0].duration_us / 1e6)

    def unscored(self, grader: str, code: str) -> None:
        """One sample stayed unscored."""
        child = self._codes.get((grader, code))
        if child is None:
            name = self._label(grader)
            child = self._unscored.labels(name, code)
            if name == grader:
                self._codes[grader, code] = child
        child.inc()

    def cut_off(self, reason: str) -> None:
        """A connection was ended because of a limit."""
        self._cut_off.labels(reason).inc()

    def refused(self, reason: str) -> None:
        """A request was not let in."""
        self._refused.labels(reason).inc()

    def keys_read(self) -> None:
        """The API keys were read from the database."""
        self._keys_read.set_to_current_time()

    def group_committed(self, records: int, seconds: float) -> None:
        """The ledger made one group durable."""
        self._group_records.observe(records)
        self._commit.observe(seconds)

    def rate_limited(self, limit: str, samples: int) -> None:
        """A request of so many samples was over `limit`, `caller` or `grader`."""
        self._rate_limited.labels(limit).inc(samples)

    def queued(self, resource: str, samples: Callable[[], float], per_s: Callable[[], float]) -> None:
        """`resource` has a queue; how many wait there, and how many are served a second, are asked when wanted."""
        self._queued.labels(resource).set_function(samples)
        self._capacity.labels(resource).set_function(per_s)

    def waited(self, resource: str, seconds: float) -> None:
        """Something that waited has its turn."""
        child = self._waits.get(resource)
        if child is None:
            child = self._waits[resource] = self._waited.labels(resource)
        child.observe(seconds)

    def dropped(self, resource: str, why: str, samples: int) -> None:
        """So many samples will not be served."""
        child = self._drops.get((resource, why))
        if child is None:
            child = self._drops[resource, why] = self._dropped.labels(resource, why)
        child.inc(samples)

    def limits_shared(self, is_shared: bool, replicas: int) -> None:
        """Redis answered, or did not."""
        self._shared.set(is_shared)
        self._replicas.set(replicas)

    def spooled(self, what: str, rows: int) -> None:
        """Rows went into the spool or came out of it."""
        self._spooled.labels(what).inc(rows)

    def watch_ledger(self, is_away: Callable[[], bool], state: Callable[[], SpoolState]) -> None:
        """From now on shows whether the database is away, and what waits for it."""
        self._gauge("rft_database_away", "1: the database is known to be away; 0: it is used.").set_function(is_away)
        self._gauge("rft_spool_records", "Records that wait for the database.").set_function(lambda: state().records)
        self._gauge("rft_spool_bytes", "Size of the spool.").set_function(lambda: state().size_bytes)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, registry=self.registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(name, meaning, buckets=buckets, registry=self.registry)

    def _child(self, grader: str, verdict: str | None) -> Counter:
        name = self._label(grader)
        child = self._grades.labels(name, verdict)
        if name == grader:
            self._children[grader, verdict] = child
        return child

    def _label(self, grader: str) -> str:
        if grader not in self._names and len(self._names) >= _GRADERS_MAX:
            return "other"
        self._names.add(grader)
        return grader
