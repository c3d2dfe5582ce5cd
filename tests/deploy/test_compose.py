"""docker-compose.yml: it is valid, hardened, and fits what it mounts."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import from_environ
from tests.deploy.prometheus import MONITORING

PROJECT = Path(__file__).parent.parent.parent
FILE = PROJECT / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
GRADERS = SERVICES["rft-graders"]


def mounts(service: str) -> dict[str, str]:
    """Place inside -> file of the project or name of a volume."""
    return {inside: source for source, inside, *_ in (mount.split(":") for mount in SERVICES[service]["volumes"])}


def provided(kind: str, file: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((MONITORING / "grafana" / "provisioning" / kind / file).read_text())
    return found


def test_it_has_the_form_of_the_compose_specification() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", FILE]
    done = subprocess.run(check, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_has_little_to_break_out_with(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert set(service) & {"privileged", "network_mode", "pid", "ipc", "devices"} == set()


@pytest.mark.parametrize("name", SERVICES)
def test_every_port_is_open_to_this_machine_only(name: str) -> None:
    assert [port for port in SERVICES[name].get("ports", ()) if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_is_there_and_files_cannot_be_written(name: str) -> None:
    for mount in SERVICES[name].get("volumes", ()):
        source, _, *mode = mount.split(":")
        if source.startswith("./"):
            assert (PROJECT / source).exists()
            assert mode == ["ro"]
        else:
            assert source in COMPOSE["volumes"]


def test_every_setting_is_one_that_the_service_reads() -> None:
    written = {name: re.sub(r"\$\{\w+(:-([^}]*)|[^}]*)\}", r"\2", str(value)) for name, value in settings().items()}

    chosen = from_environ(written)

    assert chosen.database.startswith("postgresql://")
    assert chosen.redis_url == "redis://redis/0"


def test_what_was_admitted_is_answered_before_the_container_is_killed() -> None:
    assert int(GRADERS["stop_grace_period"].removesuffix("s")) > settings()["RFT_DRAIN_TIMEOUT_S"] + 3


def test_the_spool_outlives_the_container() -> None:
    assert mounts("rft-graders") == {"/var/lib/rft-graders": "data"}


def test_secrets_come_from_the_environment_only() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if "PASSWORD" in variable or "@" in str(value):
                assert "${POSTGRES_PASSWORD:?" in value, (name, variable)


def test_monitoring_is_a_profile_of_its_own() -> None:
    profiles = {name: service.get("profiles", []) for name, service in SERVICES.items()}

    assert {name for name, chosen in profiles.items() if chosen == ["monitoring"]} == {
        "prometheus",
        "alertmanager",
        "grafana",
    }
    assert [profiles[name] for name in ("rft-graders", "postgres", "redis")] == [[], [], []]


def test_prometheus_finds_every_replica_and_its_alertmanager_by_name() -> None:
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    [job] = [job for job in config["scrape_configs"] if job["job_name"] == "rft-graders"]
    [alertmanagers] = config["alerting"]["alertmanagers"]

    assert job["dns_sd_configs"][0]["names"] == ["rft-graders"]
    assert alertmanagers["static_configs"][0]["targets"] == ["alertmanager:9093"]
    assert "container_name" not in GRADERS
    assert mounts("prometheus")["/etc/prometheus/prometheus.yml"] == "./deploy/monitoring/prometheus.yml"
    assert mounts("prometheus")["/etc/prometheus/rules"] == "./deploy/monitoring/rules"
    assert config["rule_files"] == ["rules/*.yml"]


def test_grafana_finds_its_dashboards_and_prometheus() -> None:
    [source] = provided("datasources", "prometheus.yml")["datasources"]
    [folder] = provided("dashboards", "rft_graders.yml")["providers"]

    assert source["url"] == "${PROMETHEUS_URL}"
    assert SERVICES["grafana"]["environment"]["PROMETHEUS_URL"] == "http://prometheus:9090"
    assert mounts("grafana")[folder["options"]["path"]] == "./deploy/monitoring/grafana/dashboards"


def settings() -> dict[str, Any]:
    found: dict[str, Any] = GRADERS["environment"]
    return found
