"""Grafana's dashboards, as a table of panels: `python deploy/monitoring/dashboards.py` writes the JSON beside it.

A test holds what is committed to what this writes, every expression to PromQL, and every metric to a live service.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "grafana" / "dashboards"

_COLUMNS, _HEIGHT = 24, 8
_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_HERE = '{job="$job",instance=~"$instance"}'


@dataclass(frozen=True)
class Panel:
    """One panel. In an expression `HERE` stands for the chosen replicas, `{x, HERE}` for those and more."""

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    """PromQL and the legend of its series."""
    meaning: str
    kind: str = "timeseries"
    width: int = 8
    stacked: bool = False
    most: float | None = None
    """End of the axis."""


@dataclass(frozen=True)
class Dashboard:
    """One file."""

    uid: str
    title: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]
    by_grader: bool = False
    tags: tuple[str, ...] = field(default=("rft-graders",))


def _p(title: str, unit: str, meaning: str, *queries: tuple[str, str], **more: Any) -> Panel:
    return Panel(title, unit, queries, meaning, **more)


def _rate(metric: str, by: str = "", only: str = "HERE") -> str:
    """The rate of a counter, summed over all but `by`."""
    return f"sum{f' by ({by})' if by else ''} (rate({metric}{{{only}}}[$__rate_interval]))"


def _quantiles(metric: str, by: str = "", only: str = "HERE") -> tuple[tuple[str, str], ...]:
    """Median, 95th and 99th percentile of a histogram, one series each for every value of `by`."""
    buckets = _rate(f"{metric}_bucket", f"{by}, le" if by else "le", only)
    legend = f"{{{{{by}}}}} " if by else ""
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return tuple((f"histogram_quantile({share}, {buckets})", legend + name) for name, share in shares.items())


_FAILED = _rate("rft_requests_total", only='status=~"5..", HERE')

# fmt: off
SERVICE = Dashboard("rft-service", "RFT Graders: service", (
    ("At a glance", (
        _p("Replicas", "none", "Those that answer on the metrics port.", ("sum(up{HERE})", ""), kind="stat", width=4),
        _p("Samples a second", "reqps", "Judged and recorded.", (_rate("rft_grades_total"), ""), kind="stat", width=4),
        _p("Requests failed", "percentunit", "Share answered 5xx; 5 % raises an alert.",
           (f"{_FAILED} / {_rate('rft_requests_total')}", ""),
           kind="stat", width=4),
        _p("Slowest of a hundred", "s", "99th percentile of a request, from its headers to its answer.",
           _quantiles("rft_request_seconds")[2], kind="stat", width=4),
        _p("Database away", "none", "Replicas that do without it; their grades are in the spool.",
           ("sum(rft_database_away{HERE})", ""), kind="stat", width=4),
        _p("Sandbox", "none", "Replicas by state of the sandbox.",
           ("sum by (state) (rft_sandbox_state{HERE}) > 0", "{{state}}"), kind="stat", width=4),
    )),
    ("Requests", (
        _p("Requests by answer", "reqps", "`ok`, or the problem's code: the README says what each means.",
           (_rate("rft_requests_total", "code"), "{{code}}"), stacked=True),
        _p("Requests by route", "reqps", "`none`: refused at the border, or no such path.",
           (_rate("rft_requests_total", "route"), "{{route}}"), stacked=True),
        _p("Time of a request", "s", "From its headers to its answer.", *_quantiles("rft_request_seconds")),
        _p("Stages, slowest of a hundred", "s", "Waiting, planning, sandbox, judging, commit: where the time goes.",
           _quantiles("rft_stage_seconds", "stage")[2]),
        _p("In flight", "none", "Requests that are being answered, and open connections.",
           ("sum by (instance) (rft_requests_in_flight{HERE})", "in flight {{instance}}"),
           ("sum by (instance) (rft_connections{HERE})", "connections {{instance}}")),
        _p("Not let in, cut off", "reqps", "Callers without a right key, and connections ended by a limit.",
           (_rate("rft_refused_callers_total", "reason"), "refused: {{reason}}"),
           (_rate("rft_connections_cut_off_total", "reason"), "cut off: {{reason}}")),
    )),
    ("Ledger", (
        _p("Commit", "s", "Time of one group's durable commit.", *_quantiles("rft_ledger_commit_seconds")),
        _p("Records per commit", "none", "Groups grow with the load; 500 is the most.",
           (f"{_rate('rft_ledger_group_records_sum')} / {_rate('rft_ledger_group_records_count')}", "mean")),
        _p("Records that wait", "none", "For their commit, and in the spool for the database.",
           ("sum by (instance) (rft_ledger_pending_records{HERE})", "commit {{instance}}"),
           ("sum by (instance) (rft_spool_records{HERE})", "spool {{instance}}")),
        _p("Spool", "percentunit", "How full it is; full, grades are refused.",
           ("rft_spool_bytes{HERE} / (rft_spool_max_bytes{HERE} > 0)", "{{instance}}"), most=1),
        _p("Rows through the spool", "none", "Spooled, replayed, quarantined, displaced; a second.",
           (_rate("rft_spool_rows_total", "what"), "{{what}}")),
        _p("Retention", "none", "Rows deleted since they were older than RFT_RETENTION_DAYS; a second.",
           (_rate("rft_retention_deleted_total"), "deleted")),
    )),
    ("Process", (
        _p("Event loop", "s", "How late it comes; above 0.1 s the process has more to do than it can.",
           *_quantiles("rft_event_loop_lag_seconds")),
        _p("CPU", "percentunit", "Of one processor, without its workers.",
           (_rate("process_cpu_seconds_total", "instance"), "{{instance}}")),
        _p("Memory", "bytes", "Resident, without its workers.",
           ("process_resident_memory_bytes{HERE}", "{{instance}}")),
        _p("What runs", "none", "Version and Python of each replica.",
           ("rft_build_info{HERE}", "{{instance}}: {{version}}, Python {{python}}"), kind="table", width=12),
        _p("Graders served", "none", "Two digests of one grader: replicas disagree.",
           ("count by (grader, digest) (rft_grader_info{HERE})", "{{grader}} {{digest}}"), kind="table", width=12),
    )),
))

_ONE = 'grader=~"$grader", HERE'
_REWARDS = _rate("rft_reward_ratio_count", "grader", _ONE)
_BELOW = _rate("rft_reward_ratio_bucket", "grader", f'le="0.999999", {_ONE}')
_LEAST = _rate("rft_reward_ratio_bucket", "grader", f'le="0.0", {_ONE}')
_GRADES = _rate("rft_grades_total", "grader", _ONE)

GRADERS = Dashboard("rft-graders", "RFT Graders: graders and rewards", (
    ("Rewards", (
        _p("Mean reward", "percentunit", "Of the grader's range: 0 is its least reward, 1 its greatest.",
           (f"{_rate('rft_reward_ratio_sum', 'grader', _ONE)} / {_REWARDS}", "{{grader}}"), most=1),
        _p("Share at the greatest reward", "percentunit",
           "A jump to 1: the task is learnt, or the grader is being fooled. Read samples.",
           (f"1 - {_BELOW} / {_REWARDS}", "{{grader}}"), most=1),
        _p("Share at the least reward", "percentunit", "Near 1 there is no signal to train on.",
           (f"{_LEAST} / {_REWARDS}", "{{grader}}"), most=1),
        _p("Distribution of rewards", "none", "Samples by reward, within the grader's range.",
           (f"sum by (le) (increase(rft_reward_ratio_bucket{{{_ONE}}}[$__rate_interval]))", "{{le}}"),
           kind="heatmap", width=12),
        _p("Verdicts", "percentunit", "Share of each verdict.",
           (f"{_rate('rft_grades_total', 'grader, verdict', _ONE)} / on (grader) group_left () {_GRADES}",
            "{{grader}} {{verdict}}"), width=12, stacked=True),
    )),
    ("Judgements", (
        _p("Samples judged", "reqps", "And recorded, by grader.", (_GRADES, "{{grader}}"), stacked=True),
        _p("Left without a judgement", "reqps", "By code; never a reward. A trainer may drop them.",
           (_rate("rft_unscored_total", "grader, code", _ONE), "{{grader}} {{code}}"), stacked=True),
        _p("Answered from the ledger", "reqps", "Retries with a key whose sample had a grade already.",
           (_rate("rft_replayed_total", "grader", _ONE), "{{grader}}")),
        _p("Time to a judgement", "s", "From a request's arrival, the commit not counted.",
           *_quantiles("rft_judging_seconds", "grader", _ONE), width=24),
    )),
    ("Programs", (
        _p("What the sandbox saw", "reqps", "Outcomes of programs; `sandbox_violation` deserves a look.",
           (_rate("rft_executions_total", "outcome"), "{{outcome}}"), stacked=True),
        _p("CPU of a program", "s", "Of the programs alone, not of their tests.",
           *_quantiles("rft_execution_cpu_seconds")),
        _p("Time in the sandbox", "s", "Of one program, its wait not counted.",
           *_quantiles("rft_stage_seconds", only='stage="sandbox", HERE')),
    )),
), by_grader=True)

OVERLOAD = Dashboard("rft-overload", "RFT Graders: overload", (
    ("Queues", (
        _p("Seconds of queue", "s", "Until what waits has been served: what the autoscaler looks at.",
           ("max by (resource) (rft_queue_seconds{HERE})", "{{resource}}")),
        _p("Slots in use", "percentunit", "Share of workers, and of sandbox slots, that work.",
           ("sum by (resource) (rft_slots_in_use{HERE}) / sum by (resource) (rft_slots{HERE})", "{{resource}}"),
           most=1),
        _p("Samples that wait", "none", "The bounds are RFT_WORKER_QUEUE_MAX and RFT_SANDBOX_QUEUE_MAX.",
           ("sum by (resource) (rft_queued_samples{HERE})", "{{resource}}"),
           ("sum by (resource) (rft_queued_samples_max{HERE})", "{{resource}}: most")),
        _p("Wait", "s", "From the door to a slot.", *_quantiles("rft_waited_seconds", "resource")),
        _p("Burst headroom", "none", "Samples of a burst that are judged within 12 s: capacity times 0.7 times 12.",
           ("sum by (resource) (rft_capacity_samples_per_second{HERE}) * 0.7 * 12", "{{resource}}")),
        _p("Bytes that wait", "bytes", "In the queues, and of requests that are arriving.",
           ("sum by (resource) (rft_queued_bytes{HERE})", "{{resource}}"),
           ("sum(rft_receiving_bytes{HERE})", "arriving")),
    )),
    ("What is turned away", (
        _p("Not begun", "reqps",
           "`full`, `hopeless` (refused at the door), `late` (its time was up), `gone` (the caller hung up).",
           (_rate("rft_dropped_total", "resource, why"), "{{resource}} {{why}}"), stacked=True),
        _p("Rate limits", "reqps", "Samples let through at once, after a wait, or by the replica's share; refused.",
           (_rate("rft_rate_admitted_total", "how"), "{{how}}"),
           (_rate("rft_rate_limited_total", "limit"), "refused: {{limit}}")),
        _p("Workers replaced", "none", "Stopped for taking too long, or died; in five minutes.",
           ("sum by (why) (increase(rft_worker_ends_total{HERE}[5m]))", "{{why}}")),
    )),
    ("Redis", (
        _p("Limits are shared", "none", "1: through Redis; 0: each replica goes on with its part.",
           ("min(rft_limits_shared{HERE})", "shared"), ("max(rft_limits_replicas{HERE})", "replicas")),
        _p("Round trip", "s", "Beside the requests: nobody waits for it but who has no token.",
           *_quantiles("rft_redis_round_trip_seconds")),
        _p("Tokens leased", "reqps", "Asked for and granted; failures of the exchange.",
           (_rate("rft_lease_tokens_total", "what"), "{{what}}"), (_rate("rft_redis_failures_total"), "failures")),
    )),
))
# fmt: on

DASHBOARDS = (SERVICE, GRADERS, OVERLOAD)


def written() -> dict[Path, str]:
    """File -> what is to stand in it."""
    return {FOLDER / f"{one.uid}.json": json.dumps(_dashboard(one), indent=1) + "\n" for one in DASHBOARDS}


def expressions() -> list[str]:
    """Every PromQL expression, with its variables as Grafana would fill them."""
    fills = {"$__rate_interval": "1m", "$job": "rft-graders", "$instance": ".*", "$grader": ".*"}
    found = [_promql(query) for one in DASHBOARDS for _, row in one.rows for panel in row for query, _ in panel.queries]
    for name, value in fills.items():
        found = [query.replace(name, value) for query in found]
    return found


def _promql(query: str) -> str:
    return query.replace("HERE", _HERE[1:-1])


def _dashboard(one: Dashboard) -> dict[str, Any]:
    return {
        "uid": one.uid,
        "title": one.title,
        "tags": list(one.tags),
        "schemaVersion": 39,
        "editable": False,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "graphTooltip": 1,
        "links": [{"type": "dashboards", "title": "RFT Graders", "tags": ["rft-graders"], "asDropdown": False}],
        "templating": {"list": list(_variables(one))},
        "panels": list(_panels(one)),
    }


def _variables(one: Dashboard) -> Iterator[dict[str, Any]]:
    yield {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    yield _choice("job", "Job", "label_values(rft_build_info, job)", several=False)
    yield _choice("instance", "Replica", 'label_values(rft_build_info{job="$job"}, instance)')
    if one.by_grader:
        yield _choice("grader", "Grader", 'label_values(rft_grades_total{job="$job"}, grader)')


def _choice(name: str, label: str, query: str, *, several: bool = True) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": _DATASOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        "multi": several,
        "includeAll": several,
        **({"allValue": ".*"} if several else {}),
    }


def _panels(one: Dashboard) -> Iterator[dict[str, Any]]:
    number = y = 0
    for title, row in one.rows:
        number += 1
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "panels": [],
               "gridPos": {"x": 0, "y": y, "w": _COLUMNS, "h": 1}}  # fmt: skip
        x, y = 0, y + 1
        for panel in row:
            number += 1
            height = _HEIGHT // 2 if panel.kind == "stat" else _HEIGHT
            if x + panel.width > _COLUMNS:
                x, y = 0, y + height
            yield _panel(panel, number, {"x": x, "y": y, "w": panel.width, "h": height})
            x += panel.width
        y += height


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    is_snapshot = panel.kind in {"stat", "table"}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.meaning,
        "datasource": _DATASOURCE,
        "gridPos": place,
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _DATASOURCE,
                "expr": _promql(query),
                "legendFormat": legend or "__auto",
                "instant": is_snapshot,
                "range": not is_snapshot,
                "format": {"heatmap": "heatmap", "table": "table"}.get(panel.kind, "time_series"),
            }
            for index, (query, legend) in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    lines = {"lineWidth": 1, "fillOpacity": 30 if panel.stacked else 5, "showPoints": "never"}
    stacking = {"stacking": {"mode": "normal"}} if panel.stacked else {}
    return {
        "unit": panel.unit,
        **({"min": 0} if panel.kind == "timeseries" else {}),
        **({} if panel.most is None else {"max": panel.most}),
        "custom": lines | stacking if panel.kind == "timeseries" else {},
    }


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "timeseries":
        return {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    if panel.kind == "stat":
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "none", "graphMode": "none"}
    if panel.kind == "heatmap":
        return {"calculate": False, "yAxis": {"axisPlacement": "left"}, "cellGap": 1}
    return {"showHeader": True}


if __name__ == "__main__":
    for file, text in written().items():
        file.write_text(text, "utf-8")
