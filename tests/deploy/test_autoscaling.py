"""What the autoscalers ask Prometheus for: it is there, and it is one replica's share."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.metrics import Metrics
from tests.deploy.prometheus import MONITORING
from tests.deploy.test_kubernetes import FOLDER, only

ADAPTER = yaml.safe_load((FOLDER / "overlays" / "hpa" / "prometheus-adapter.yaml").read_text())["rules"]
TRIGGERS = [trigger["metadata"] for trigger in only("ScaledObject", "overlays/keda")["spec"]["triggers"]]
SCALED = [("HorizontalPodAutoscaler", "overlays/hpa"), ("ScaledObject", "overlays/keda")]

# Two replicas: one waits 3 s for workers of which all work, the other's sandbox has no slot at all.
SERIES = {
    ("rft_queue_seconds", "a", "workers"): 3,
    ("rft_queue_seconds", "a", "sandbox"): 1,
    ("rft_queue_seconds", "b", "workers"): 0.5,
    ("rft_queue_seconds", "b", "sandbox"): 0,
    ("rft_slots", "a", "workers"): 4,
    ("rft_slots", "a", "sandbox"): 2,
    ("rft_slots", "b", "workers"): 4,
    ("rft_slots", "b", "sandbox"): 0,
    ("rft_slots_in_use", "a", "workers"): 4,
    ("rft_slots_in_use", "a", "sandbox"): 1,
    ("rft_slots_in_use", "b", "workers"): 1,
    ("rft_slots_in_use", "b", "sandbox"): 0,
}


def adapted(name: str) -> str:
    """The adapter's query for the metric `name` of all pods, as the adapter writes it."""
    [rule] = [rule for rule in ADAPTER if rule["name"]["as"] == name]
    query: str = rule["metricsQuery"]
    series = rule["seriesQuery"].partition("{")[0]
    words = {"<<.GroupBy>>": "pod", "<<.Series>>": series, "<<.LabelMatchers>>": 'namespace="rft-graders"'}
    for word, meaning in words.items():
        query = query.replace(word, meaning)
    return query


def promtool(*arguments: str, folder: Path) -> None:
    done = subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def expect(tmp_path: Path, query: str, values: dict[str, float]) -> None:
    """Holds `query` to `values`: labels -> value, at the series above."""
    labels = 'job="rft-graders", namespace="rft-graders"'
    series = [
        {
            "series": f'{name}{{{labels}, pod="{pod}", instance="{pod}:8001", resource="{resource}"}}',
            "values": f"{value}x3",
        }
        for (name, pod, resource), value in SERIES.items()
    ]
    samples = [{"labels": found, "value": value} for found, value in values.items()]
    asked = [{"expr": query, "eval_time": "1m", "exp_samples": samples}]
    test: dict[str, Any] = {"interval": "1m", "input_series": series, "promql_expr_test": asked}
    (tmp_path / "test.yml").write_text(yaml.safe_dump({"tests": [test]}))
    promtool("test", "rules", "test.yml", folder=tmp_path)


@pytest.mark.parametrize(("kind", "build"), SCALED)
def test_the_replicas_are_scaled_and_nothing_else_sets_their_number(kind: str, build: str) -> None:
    replicas = only("StatefulSet", build)

    assert only(kind, build)["spec"]["scaleTargetRef"] == {
        "apiVersion": replicas["apiVersion"],
        "kind": "StatefulSet",
        "name": replicas["metadata"]["name"],
    }
    assert "replicas" not in replicas["spec"]
    assert only("StatefulSet")["spec"]["replicas"] == 2


def test_the_adapter_gives_every_metric_that_is_asked_for() -> None:
    asked = [
        metric["pods"]["metric"]["name"]
        for metric in only("HorizontalPodAutoscaler", "overlays/hpa")["spec"]["metrics"]
    ]

    assert asked == [rule["name"]["as"] for rule in ADAPTER]


def test_the_service_has_every_metric_and_label_that_is_asked_for() -> None:
    declared = {metric.name: set(metric.labels) for metric in Metrics().declared}
    queries = [adapted(rule["name"]["as"]) for rule in ADAPTER] + [trigger["query"] for trigger in TRIGGERS]

    asked = {name for query in queries for name in re.findall(r"\brft_\w+", query)}
    assert asked == {"rft_queue_seconds", "rft_slots", "rft_slots_in_use"}
    assert [declared[name] for name in asked] == [{"resource"}] * 3


def test_a_pod_has_the_longest_of_its_queues(tmp_path: Path) -> None:
    expect(tmp_path, adapted("rft_queue_seconds"), {'{pod="a"}': 3, '{pod="b"}': 0.5})


def test_a_pod_has_the_fullest_of_its_slots_and_no_slots_count_for_nothing(tmp_path: Path) -> None:
    expect(tmp_path, adapted("rft_slots_in_use_ratio"), {'{pod="a"}': 1, '{pod="b"}': 0.25})


def test_keda_gets_sums_over_replicas_since_it_divides_by_one_replicas_share(tmp_path: Path) -> None:
    queue, slots = (trigger["query"] for trigger in TRIGGERS)

    expect(tmp_path, queue, {"{}": 3.5})
    expect(tmp_path, slots, {"{}": 1.25})


def test_both_autoscalers_have_the_same_thresholds_and_bounds() -> None:
    hpa = only("HorizontalPodAutoscaler", "overlays/hpa")["spec"]
    keda = only("ScaledObject", "overlays/keda")["spec"]
    targets = [metric["pods"]["target"]["averageValue"] for metric in hpa["metrics"]]

    assert (targets, [trigger["threshold"] for trigger in TRIGGERS]) == (["2", "700m"], ["2", "0.7"])
    assert (hpa["minReplicas"], hpa["maxReplicas"]) == (keda["minReplicaCount"], keda["maxReplicaCount"])
    assert hpa["behavior"] == keda["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]


def test_prometheus_gives_pods_the_labels_that_the_adapter_asks_for(tmp_path: Path) -> None:
    config = yaml.safe_load((MONITORING / "kubernetes.yml").read_text())
    [job] = config["scrape_configs"]
    # Debian builds Prometheus without discovery in Kubernetes, so that part is checked here.
    [discovery] = job.pop("kubernetes_sd_configs")
    config["rule_files"] = [str(MONITORING / file) for file in config["rule_files"]]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))

    promtool("check", "config", "prometheus.yml", folder=tmp_path)

    given = {rule["target_label"] for rule in job["relabel_configs"] if "target_label" in rule}
    assert given == {name for rule in ADAPTER for name in rule["resources"]["overrides"]}
    assert job["job_name"] == "rft-graders"
    assert config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] == ["alertmanager.monitoring:9093"]
    assert discovery == {"role": "pod", "namespaces": {"names": [only("Namespace")["metadata"]["name"]]}}


def test_prometheus_keeps_the_metrics_port_of_the_replicas() -> None:
    [job] = yaml.safe_load((MONITORING / "kubernetes.yml").read_text())["scrape_configs"]
    [keep] = [rule for rule in job["relabel_configs"] if rule.get("action") == "keep"]
    labels = only("StatefulSet")["spec"]["template"]["metadata"]["labels"]

    assert keep["source_labels"][0] == "__meta_kubernetes_pod_label_app_kubernetes_io_component"
    assert keep["regex"] == f"{labels['app.kubernetes.io/component']};metrics"
