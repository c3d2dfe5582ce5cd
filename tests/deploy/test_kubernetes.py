"""Base and overlays as `kubectl kustomize` builds them."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from app.commands.group import COMMANDS
from app.main import VERSION
from app.settings import from_environ

FOLDER = Path(__file__).parent.parent.parent / "deploy" / "kubernetes"
KUBECTL = Path(sys.executable).parent / "kubectl"
BUILDS = ["base", "overlays/hpa", "overlays/keda"]
KUBERNETES = "1.34"
# Kinds that a cluster learns from an operator; their schemas come with it.
FOREIGN = {"ScaledObject"}
Resource = dict[str, Any]


@cache
def built(name: str) -> tuple[Resource, ...]:
    done = subprocess.run([KUBECTL, "kustomize", FOLDER / name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def only(kind: str, build: str = "base") -> Resource:
    [found] = [one for one in built(build) if one["kind"] == kind]
    return found


def pods() -> list[Resource]:
    """The specification of every pod, with its labels under `labels`."""
    templates = [only(kind)["spec"]["template"] for kind in ("StatefulSet", "Job")]
    return [{**template["spec"], "labels": template["metadata"]["labels"]} for template in templates]


def replica() -> Resource:
    """The container of the service."""
    [found] = only("StatefulSet")["spec"]["template"]["spec"]["containers"]
    return found


@pytest.mark.parametrize("build", BUILDS)
def test_every_resource_has_the_form_that_kubernetes_accepts(build: str) -> None:
    checked = [one for one in built(build) if one["kind"] not in FOREIGN]
    for one in checked:
        kubernetes_validate.validate(one, KUBERNETES, strict=True)

    assert len(checked) >= 7


def test_every_overlay_is_tested() -> None:
    assert {str(file.parent.relative_to(FOLDER)) for file in FOLDER.rglob("kustomization.yaml")} == set(BUILDS)


@pytest.mark.parametrize("build", BUILDS)
def test_all_of_it_is_in_one_namespace_held_to_the_restricted_standard(build: str) -> None:
    namespace = only("Namespace", build)

    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    places = {one["metadata"].get("namespace") for one in built(build) if one is not namespace}
    assert places == {namespace["metadata"]["name"]}


@pytest.mark.parametrize("pod", pods(), ids=lambda pod: pod["containers"][0]["name"])
def test_pods_keep_the_restricted_standard(pod: Resource) -> None:
    [container] = pod["containers"]
    security = container["securityContext"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert security == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {kind for volume in pod.get("volumes", ()) for kind in volume} <= {"name", "secret", "emptyDir"}
    assert set(pod) & {"hostNetwork", "hostPID", "hostIPC"} == set()


@pytest.mark.parametrize("pod", pods(), ids=lambda pod: pod["containers"][0]["name"])
def test_pods_get_no_variables_of_services_and_no_token_of_the_cluster(pod: Resource) -> None:
    assert pod["enableServiceLinks"] is False
    assert pod["automountServiceAccountToken"] is False
    assert pod["containers"][0]["resources"]["limits"]["memory"]
    assert pod["containers"][0]["image"] == f"rft-graders:{VERSION}"


def test_every_selector_finds_the_replicas() -> None:
    replicas = only("StatefulSet")["spec"]
    labels = replicas["template"]["metadata"]["labels"]
    selectors = [one["spec"]["selector"] for one in built("base") if one["kind"] == "Service"]
    selectors.append(only("PodDisruptionBudget")["spec"]["selector"]["matchLabels"])
    selectors.append(only("NetworkPolicy")["spec"]["podSelector"]["matchLabels"])
    selectors.append(replicas["selector"]["matchLabels"])

    assert [selector for selector in selectors if not selector.items() <= labels.items()] == []
    assert replicas["serviceName"] in {one["metadata"]["name"] for one in built("base") if one["kind"] == "Service"}


def test_the_network_policy_covers_the_migration_too() -> None:
    selector = only("NetworkPolicy")["spec"]["podSelector"]["matchLabels"]

    assert [pod["labels"] for pod in pods() if not selector.items() <= pod["labels"].items()] == []


def test_ports_and_probes_are_where_the_service_listens() -> None:
    chosen = from_environ({})
    ports = {port["name"]: port["containerPort"] for port in replica()["ports"]}
    targets = {port["targetPort"] for one in built("base") if one["kind"] == "Service" for port in one["spec"]["ports"]}

    assert ports == {"api": chosen.port, "metrics": chosen.metrics_port}
    assert targets == set(ports)
    probes = {name: replica()[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {probe["path"] for probe in probes.values()} == {"/healthz", "/readyz"}
    assert {probe["port"] for probe in probes.values()} == {"metrics"}


def test_every_setting_is_one_that_the_service_reads_and_it_stops_within_its_grace() -> None:
    written = {one["name"]: one["value"] for one in replica()["env"] if "value" in one}
    secret = {one["name"]: "" for one in replica()["env"] if "valueFrom" in one}

    chosen = from_environ(written | secret)

    grace_s = only("StatefulSet")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace_s > chosen.drain_timeout_s + 3
    assert chosen.drain_wait < chosen.drain_timeout_s
    mounted = {mount["mountPath"] for mount in replica()["volumeMounts"]}
    assert str(chosen.api_keys_file.parent if chosen.api_keys_file else None) in mounted


def test_the_spool_is_on_a_volume_that_outlives_pod_and_scaling() -> None:
    spec = only("StatefulSet")["spec"]
    [claim] = spec["volumeClaimTemplates"]
    places = {mount["name"]: mount["mountPath"] for mount in replica()["volumeMounts"]}

    assert places[claim["metadata"]["name"]] == "/var/lib/rft-graders"
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenScaled": "Retain", "whenDeleted": "Retain"}
    assert "RFT_DATA_DIR=/var/lib/rft-graders" in (FOLDER.parent.parent / "Dockerfile").read_text()


def test_the_migration_runs_a_command_that_there_is() -> None:
    [container] = only("Job")["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["migrate"]
    assert "migrate" in COMMANDS
