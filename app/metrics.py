"""Every Prometheus metric, declared once: name with unit, labels, meaning. The README's table is made from this.

No label holds what a caller may choose freely (runs, items, keys); grader ids and verdicts are bounded.
"""

import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector

from app.records import Record
from app.tallies import Counters, Histograms, Observations
from app.trace import Stage

if TYPE_CHECKING:
    from app.ledger import SpoolState

# Grader ids are few, but recipes are anybody's to make: beyond this many they share one label.
_GRADERS_MAX = 200
_SECONDS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_RECORDS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
# What is above the last but one is the greatest reward itself.
_REWARDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.999999, 1.0)

Resource = Literal["workers", "sandbox"]
SandboxStateName = Literal["off", "idle", "starting", "ready", "degraded", "unavailable"]


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric as the README shows it."""

    name: str
    labels: tuple[str, ...]
    meaning: str


class Queue(Protocol):
    """What waits for a scarce resource."""

    @property
    def samples(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def samples_max(self) -> int: ...
    @property
    def per_s(self) -> float: ...
    @property
    def drained_in_s(self) -> float: ...


class Metrics:
    """The meters of one process; `registry` is what `/metrics` shows. All but the gauges are for the event loop."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.declared: list[Declared] = []
        self._names: set[str] = set()
        ProcessCollector(registry=self.registry)
        self._declare_requests()
        self._declare_grades()
        self._declare_queues()
        self._declare_limits()
        self._declare_ledger()
        self._declare_process()

    def _declare_requests(self) -> None:
        self._requests = self._counters(
            "rft_requests",
            "Requests answered. `route` is the method and the path's template (`none`: refused before, no such path, "
            "or FastAPI's own pages), `code` is `ok` or the problem's.",
            *("route", "status", "code"),
        )
        self._request = self._histograms(
            "rft_request_seconds", "From the arrival of a request's headers to its answer.", _SECONDS, "route"
        )
        self._in_flight = self._gauge("rft_requests_in_flight", "Requests that are being answered.")
        self._refused = self._counters("rft_refused_callers", "Requests that were not let in.", "reason")
        self._connections = self._gauge("rft_connections", "Open connections.")
        self._connections_max = self._gauge("rft_connections_max", "Connections that may be open.")
        self._receiving = self._gauge("rft_receiving_bytes", "Of requests that are still arriving.")
        self._cut_off = self._counters("rft_connections_cut_off", "Connections ended because of a limit.", "reason")
        self._keys_read = self._gauge("rft_keys_read_timestamp_seconds", "When the API keys were last read; 0: never.")

    def _declare_grades(self) -> None:
        self._grades = self._counters("rft_grades", "Samples judged and recorded.", "grader", "verdict")
        self._rewards = self._histograms(
            "rft_reward_ratio",
            "Rewards of samples judged and recorded: 0 is the least that the grader gives, 1 the greatest; in groups "
            "too, unless one of the grader's was paid beyond what samples alone are.",
            _REWARDS,
            "grader",
        )
        self._unscored = self._counters("rft_unscored", "Samples left without a judgement.", "grader", "code")
        self._replayed = self._counters(
            "rft_replayed", "Samples answered with the grade that their key had already.", "grader"
        )
        self._judging = self._histograms(
            "rft_judging_seconds",
            "From a request's arrival to its judgement, the commit not counted; a batch counts once.",
            _SECONDS,
            "grader",
        )
        self._stage = self._histograms(
            "rft_stage_seconds",
            "Stages of grading, each without the others: `queue` (waiting for a worker or slot), `plan` and `judge` "
            "(in a worker, with all that it was given at once, or on the event loop), `sandbox` (one program), "
            "`ledger` (a request's records, from judged to durable).",
            _SECONDS,
            "stage",
        )
        self._stages: dict[str, Observations] = {name: self._stage.of((name,)) for name in get_args(Stage)}
        self._executions = self._counters("rft_executions", "Programs run, by what the sandbox saw.", "outcome")
        self._execution_cpu = self._histograms("rft_execution_cpu_seconds", "CPU time of one program.", _SECONDS).of(())
        self._sandbox_state = self._gauge("rft_sandbox_state", "1: how the sandbox is, as `/readyz` has it.", "state")

    def _declare_queues(self) -> None:
        self._queued = self._gauge("rft_queued_samples", "Samples that wait for a worker or slot.", "resource")
        self._queued_bytes = self._gauge("rft_queued_bytes", "What they take.", "resource")
        self._queued_max = self._gauge("rft_queued_samples_max", "Samples that may wait.", "resource")
        self._queue_drain = self._gauge(
            "rft_queue_seconds", "Seconds until what waits now has been served; 0: nothing, or not known.", "resource"
        )
        self._waited = self._histograms("rft_waited_seconds", "From the door to a slot.", _SECONDS, "resource")
        self._dropped = self._counters(
            "rft_dropped", "Samples that were not begun: full, hopeless, late or gone.", "resource", "why"
        )
        self._capacity = self._gauge(
            "rft_capacity_samples_per_second",
            "Samples a second that all slots serve, by what samples took lately; 0: not known yet.",
            "resource",
        )
        self._slots = self._gauge("rft_slots", "Workers that are alive, and slots of the sandbox.", "resource")
        self._slots_in_use = self._gauge("rft_slots_in_use", "Those that work on something.", "resource")
        self._worker_ends = self._counters(
            "rft_worker_ends",
            "Workers replaced: `stopped` for taking too long, `died` by themselves.",
            "why",
            known=(("stopped",), ("died",)),
        )

    def _declare_limits(self) -> None:
        self._rate_admitted = self._counters(
            "rft_rate_admitted",
            "Samples that a rate limit let through: `at_once`, `held` for a lease, or by the replica's own share "
            "(`local`).",
            "how",
            known=(("at_once",), ("held",), ("local",)),
        )
        self._rate_limited = self._counters(
            "rft_rate_limited", "Samples refused by a rate limit.", "limit", known=(("caller",), ("grader",))
        )
        self._redis_configured = self._gauge("rft_redis_configured", "1: replicas are to share rate limits.")
        self._shared = self._gauge(
            "rft_limits_shared", "1: replicas share rate limits through Redis; 0: each goes on with its part."
        )
        self._replicas = self._gauge("rft_limits_replicas", "Replicas that share rate limits, as last seen.")
        self._redis_trip = self._histograms(
            "rft_redis_round_trip_seconds", "Exchanges with Redis that were answered.", _SECONDS
        ).of(())
        self._redis_failures = self._counters("rft_redis_failures", "Exchanges with Redis that failed.", known=((),))
        self._leases = self._counters(
            "rft_lease_tokens",
            "Tokens of shared limits that were `asked` for, and `granted`.",
            "what",
            known=(("asked",), ("granted",)),
        )

    def _declare_ledger(self) -> None:
        self._group_records = self._histograms("rft_ledger_group_records", "Records per commit.", _RECORDS).of(())
        self._commit = self._histograms(
            "rft_ledger_commit_seconds", "Time of one group's durable commit.", _SECONDS
        ).of(())
        self._pending = self._gauge("rft_ledger_pending_records", "Records that wait for their commit.")
        self._pending_max = self._gauge("rft_ledger_pending_records_max", "Records that may wait.")
        self._away = self._gauge("rft_database_away", "1: the database is known to be away; 0: it is used.")
        self._spool_rows = self._counters(
            "rft_spool_rows",
            "Rows that went to the spool (spooled), from there to the database (replayed), were refused by it "
            "(quarantined), or do not count as another grade held their key (displaced, which are replayed too).",
            "what",
            known=(("spooled",), ("replayed",), ("quarantined",), ("displaced",)),
        )
        self._spool_records = self._gauge("rft_spool_records", "Records that wait for the database.")
        self._spool_bytes = self._gauge("rft_spool_bytes", "Size of the spool.")
        self._spool_max_bytes = self._gauge("rft_spool_max_bytes", "Most that the spool may take.")
        self._retention_deleted = self._counters(
            "rft_retention_deleted", "Records deleted as they were older than RFT_RETENTION_DAYS.", known=((),)
        )
        self._retention_swept = self._gauge(
            "rft_retention_swept_timestamp_seconds",
            "When all that was too old was last gone; 0: never, or not asked for.",
        )
        self._spool_full = self._gauge("rft_spool_full", "1: the spool takes no more, and grades are refused.")

    def _declare_process(self) -> None:
        self._lag = self._histograms(
            "rft_event_loop_lag_seconds", "How much later than asked for the event loop came to a timer.", _SECONDS
        ).of(())
        self._stall = self._gauge("rft_event_loop_stall_seconds", "For how long the event loop has not come round now.")
        self._stopping = self._gauge("rft_stopping", "1: the service was asked to stop.")
        self._lines_lost = self._counters(
            "rft_log_lines_lost", "Lines about requests that were not written, as nobody took them.", known=((),)
        )
        self._build = self._gauge("rft_build_info", "1: what runs.", "version", "python")
        self._grader_info = self._gauge("rft_grader_info", "1: what is served at the start.", "grader", "digest")
        self._unhealthy = self._gauge("rft_unhealthy_graders", "Graders that were found and are not served.")

    def answered(self, route: str, status: int, code: str, seconds: float) -> None:
        """A request has its answer."""
        self._requests.add((route or "none", str(status), code or "ok"))
        self._request.of((route or "none",)).observe(seconds)

    def graded(self, records: Sequence[Record], rewards: tuple[float, float]) -> None:
        """The judgements of one request were recorded; `rewards` are the least and the greatest that there can be."""
        if not records:
            return
        first, least = records[0], rewards[0]
        label = self._label(first.grader)
        observe, span = self._rewards.of((label,)).observe, (rewards[1] - least) or 1.0
        counts: dict[tuple[str | None, float | None], int] = {}
        for record in records:
            judgement = record.verdict, record.reward
            counts[judgement] = counts.get(judgement, 0) + 1
        for (verdict, reward), samples in counts.items():
            self._grades.add((label, verdict or ""), samples)
            if reward is not None:
                observe((reward - least) / span, samples)
        self._judging.of((label,)).observe(first.duration_us / 1e6)

    def replayed(self, grader: str, samples: int) -> None:
        """So many samples had their grade already."""
        self._replayed.add((self._label(grader),), samples)

    def unscored(self, grader: str, code: str) -> None:
        """One sample stayed unscored."""
        self._unscored.add((self._label(grader), code))

    def stage(self, stage: Stage, seconds: float, times: int = 1) -> None:
        """So many things were in `stage` for so long."""
        self._stages[stage].observe(seconds, times)

    def executed(self, outcome: str, cpu_s: float) -> None:
        """A program was run."""
        self._executions.add((outcome,))
        self._execution_cpu.observe(cpu_s)

    def cut_off(self, reason: str) -> None:
        """A connection was ended because of a limit."""
        self._cut_off.add((reason,))

    def refused(self, reason: str) -> None:
        """A request was not let in."""
        self._refused.add((reason,))

    def keys_read(self) -> None:
        """The API keys were read from the database."""
        self._keys_read.set_to_current_time()

    def group_committed(self, records: int, seconds: float) -> None:
        """The ledger made one group durable."""
        self._group_records.observe(records)
        self._commit.observe(seconds)

    def rate_admitted(self, how: Literal["at_once", "held", "local"], samples: int) -> None:
        """So many samples had their tokens."""
        self._rate_admitted.add((how,), samples)

    def rate_limited(self, limit: str, samples: int) -> None:
        """A request of so many samples was over `limit`, `caller` or `grader`."""
        self._rate_limited.add((limit,), samples)

    def waited(self, resource: Resource, seconds: float) -> None:
        """Something that waited has its turn."""
        self._waited.of((resource,)).observe(seconds)
        self._stages["queue"].observe(seconds)

    def dropped(self, resource: str, why: str, samples: int) -> None:
        """So many samples will not be served."""
        self._dropped.add((resource, why), samples)

    def worker_ended(self, *, was_stopped: bool) -> None:
        """A worker is replaced."""
        self._worker_ends.add(("stopped" if was_stopped else "died",))

    def limits_shared(self, is_shared: bool, replicas: int) -> None:
        """Redis answered, or did not."""
        self._redis_configured.set(1)
        self._shared.set(is_shared)
        self._replicas.set(replicas)

    def exchanged(self, seconds: float | None, asked: int, granted: int) -> None:
        """Redis was asked for leases and took so long; None: it did not answer."""
        if seconds is None:
            self._redis_failures.add(())
        else:
            self._redis_trip.observe(seconds)
        self._leases.add(("asked",), asked)
        self._leases.add(("granted",), granted)

    def spooled(self, what: str, rows: int) -> None:
        """Rows went into the spool or came out of it."""
        self._spool_rows.add((what,), rows)

    def retained(self, deleted: int, *, is_done: bool) -> None:
        """So many records were deleted for their age; `is_done`: there are no more."""
        self._retention_deleted.add((), deleted)
        if is_done:
            self._retention_swept.set_to_current_time()

    def lagged(self, seconds: float) -> None:
        """The event loop came so much later than asked for."""
        self._lag.observe(seconds)

    def lines_lost(self, lines: int) -> None:
        """Log lines about requests were not written."""
        self._lines_lost.add((), lines)

    def queued(self, resource: Resource, queue: Queue) -> None:
        """`resource` has a queue; how it stands is asked when wanted."""
        self._queued.labels(resource).set_function(lambda: queue.samples)
        self._queued_bytes.labels(resource).set_function(lambda: queue.size_bytes)
        self._queued_max.labels(resource).set_function(lambda: queue.samples_max)
        self._queue_drain.labels(resource).set_function(lambda: queue.drained_in_s)
        self._capacity.labels(resource).set_function(lambda: queue.per_s)
        self._waited.of((resource,))

    def slots(self, resource: Resource, there: Callable[[], int], in_use: Callable[[], int]) -> None:
        """`resource` has slots; how many is asked when wanted."""
        self._slots.labels(resource).set_function(there)
        self._slots_in_use.labels(resource).set_function(in_use)

    def watch_requests(self, in_flight: Callable[[], int]) -> None:
        """From now on shows how many requests are being answered."""
        self._in_flight.set_function(in_flight)

    def watch_connections(self, open_now: Callable[[], int], receiving_bytes: Callable[[], int], most: int) -> None:
        """From now on shows the connections."""
        self._connections.set_function(open_now)
        self._receiving.set_function(receiving_bytes)
        self._connections_max.set(most)

    def watch_ledger(
        self,
        *,
        is_away: Callable[[], bool],
        pending: Callable[[], int],
        pending_max: int,
        spool: "Callable[[], SpoolState]",
        spool_max_bytes: int,
    ) -> None:
        """From now on shows whether the database is away, and what waits for it."""
        self._away.set_function(is_away)
        self._pending.set_function(pending)
        self._pending_max.set(pending_max)
        self._spool_records.set_function(lambda: spool().records)
        self._spool_bytes.set_function(lambda: spool().size_bytes)
        self._spool_full.set_function(lambda: spool().state == "full")
        self._spool_max_bytes.set(spool_max_bytes)

    def watch_sandbox(self, state: Callable[[], str]) -> None:
        """From now on shows how the sandbox is."""
        for name in get_args(SandboxStateName):
            self._sandbox_state.labels(name).set_function(partial(lambda name: state() == name, name))

    def watch_process(self, stalled_s: Callable[[], float], is_stopping: Callable[[], bool]) -> None:
        """From now on shows how the event loop is, and whether it is to end."""
        self._stall.set_function(stalled_s)
        self._stopping.set_function(is_stopping)

    def serving(self, version: str, graders: Iterable[tuple[str, str]], unhealthy: int) -> None:
        """What runs: the service's version, its graders with their digests, and how many could not be had."""
        self._build.labels(version, platform.python_version()).set(1)
        for grader, digest in graders:
            self._grader_info.labels(self._label(grader), digest).set(1)
        self._unhealthy.set(unhealthy)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        self.declared.append(Declared(name, labels, meaning))
        return Gauge(name, meaning, labels, registry=self.registry)

    def _counters(self, name: str, meaning: str, *labels: str, known: Iterable[tuple[str, ...]] = ()) -> Counters:
        """`known`: label values that are shown from the start."""
        self.declared.append(Declared(f"{name}_total", labels, meaning))
        return Counters(name, meaning, labels, self.registry, known)

    def _histograms(self, name: str, meaning: str, bounds: Sequence[float], *labels: str) -> Histograms:
        self.declared.append(Declared(name, labels, meaning))
        return Histograms(name, meaning, labels, bounds, self.registry)

    def _label(self, grader: str) -> str:
        if grader not in self._names:
            if len(self._names) >= _GRADERS_MAX:
                return "other"
            self._names.add(grader)
        return grader
