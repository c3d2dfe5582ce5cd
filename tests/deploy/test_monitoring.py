"""Rules and dashboards: they parse, they are tested, and they ask for what is there."""

import re
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.metrics import Metrics
from tests.deploy.prometheus import MONITORING, scraping
from tests.ports import free_port
from tests.servers import Server

RULES = [
    rule
    for file in sorted((MONITORING / "rules").glob("*.yml"))
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = [rule for rule in RULES if "alert" in rule]
TESTS = [
    test
    for file in sorted((MONITORING / "rules" / "tests").glob("*.yml"))
    for test in yaml.safe_load(file.read_text())["tests"]
]


DASHBOARDS = runpy.run_path(str(MONITORING / "dashboards.py"))
EXPRESSIONS: list[str] = DASHBOARDS["expressions"]()


def run(*command: str, folder: Path = MONITORING) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_committed_dashboards_are_those_that_are_written() -> None:
    written: dict[Path, str] = DASHBOARDS["written"]()

    assert set(DASHBOARDS["FOLDER"].iterdir()) == set(written)
    for file, text in written.items():
        assert file.read_text() == text, f"Run `python deploy/monitoring/dashboards.py`: {file.name}"


def test_prometheus_and_alertmanager_accept_their_configuration() -> None:
    run("promtool", "check", "config", "prometheus.yml")
    run("promtool", "check", "rules", *(str(file) for file in (MONITORING / "rules").glob("*.yml")))
    run("amtool", "check-config", "alertmanager.yml")


def test_every_expression_of_a_dashboard_parses(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(EXPRESSIONS)]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))

    assert f"{len(EXPRESSIONS)} rules found" in run("promtool", "check", "rules", "panels.yml", folder=tmp_path)


def test_every_alert_fires_when_it_should_and_only_then() -> None:
    run("promtool", "test", "rules", *(str(file) for file in (MONITORING / "rules" / "tests").glob("*.yml")))

    expected: dict[str, set[bool]] = {rule["alert"]: set() for rule in ALERTS}
    for test in TESTS:
        for asked in test.get("alert_rule_test", ()):
            expected[asked["alertname"]].add(bool(asked["exp_alerts"]))
    assert {name: fires for name, fires in expected.items() if fires != {True, False}} == {}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_says_how_urgent_it_is_and_where_to_look(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert {"summary", "action"} == set(alert["annotations"])


def test_every_metric_and_label_that_is_asked_for_exists() -> None:
    declared = {metric.name: set(metric.labels) for metric in Metrics().declared}
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    for expression in [*EXPRESSIONS, *(rule["expr"] for rule in RULES)]:
        assert set(re.findall(r"\w+:\w+:\w+", expression)) <= recorded
        for name, selector in re.findall(r"(?<!:)\b(rft_\w+)\b(?!:)(?:\{([^}]*)\})?", expression):
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            metric = name if name in declared else base
            assert metric in declared, f"{name} in {expression}"
            labels = set(re.findall(r"(\w+)=~?\"", selector)) - {"job", "instance", "le"}
            assert labels <= declared[metric], f"{labels} of {name} in {expression}"


def test_a_real_prometheus_scrapes_a_live_service_and_answers_every_panel(tmp_path: Path) -> None:
    port = free_port()
    right, wrong = ({"item": {"reference": "94"}, "sample": text} for text in ("94", "9"))
    batch = {"samples": [right, right, right, wrong]}
    with Server(tmp_path / "data", RFT_METRICS_PORT=port) as server, scraping(port, tmp_path) as prometheus:
        prometheus.wait(lambda: prometheus.value('up{job="rft-graders"}') == 1)
        server.client.post("/v1/graders/finance_qa@v1/grade-batch", json=batch)
        prometheus.wait(lambda: prometheus.value("sum(rft_grades_total)") == 4)
        server.client.post("/v1/graders/finance_qa@v1/grade-batch", json=batch)
        prometheus.wait(lambda: prometheus.value("sum(rft_grades_total)") == 8)
        # Of what is counted for the first time, only the growth from then on is a rate.
        prometheus.wait(lambda: bool(prometheus.query("grader:rft_reward:mean30m > 0")))
        rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
        mean = prometheus.value('grader:rft_reward:mean30m{grader="finance_qa@v1"}')
        at_least = prometheus.value('grader:rft_reward_at_least:ratio30m{grader="finance_qa@v1"}')
        answered = {expression: prometheus.query(expression) for expression in EXPRESSIONS}
        firing = {alert["labels"]["alertname"] for alert in prometheus.get("alerts")["alerts"]}

    assert {rule["name"]: rule["lastError"] for rule in rules if rule["health"] == "err"} == {}
    assert len(rules) == len(RULES)
    assert mean == pytest.approx(0.75, abs=1e-6)
    assert at_least == pytest.approx(0.25, abs=1e-6)
    assert firing == set()
    # What has not happened has no series: programs, refusals, replays, Redis.
    assert sum(bool(series) for series in answered.values()) > 0.6 * len(EXPRESSIONS)
