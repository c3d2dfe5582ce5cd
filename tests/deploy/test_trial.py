"""The parts of `make try-image` that need no container: the trial itself builds and runs images, which tests do not."""

import re
from pathlib import Path
from typing import Any

import yaml

from deploy.trial.alone import NEEDED
from deploy.trial.composed import FILE, override, restrictions
from deploy.trial.engine import ulimits
from deploy.trial.seccomp import like_dockers

PROJECT = Path(__file__).parent.parent.parent
SERVICES: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]


def test_the_image_alone_is_held_by_every_restriction_of_the_compose_file() -> None:
    held = list(restrictions())

    assert {
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges:true",
        "--tmpfs=/tmp",
        "--memory=4g",
        "--pids-limit=1024",
    } <= set(held)
    assert [option for option in held if re.match("--(privileged|cap-add|user=|device|userns)", option)] == []


def test_the_override_changes_nothing_but_limits_of_this_machine() -> None:
    changed = yaml.safe_load(override())

    assert changed == {"services": {"rft-graders": {"ulimits": ulimits(SERVICES["rft-graders"]["ulimits"]["nofile"])}}}
    assert ulimits(1)["nofile"] == 1


def test_dockers_profile_denies_what_needs_a_capability_and_lets_threads_start() -> None:
    podmans = {"syscalls": [{"names": ["read", "clone", "clone3", "unshare", "mount"], "action": "SCMP_ACT_ALLOW"}]}

    rules = like_dockers(podmans)["syscalls"]

    allowed = {name for rule in rules if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}
    assert allowed == {"read", "clone"}
    [clone] = [rule for rule in rules if "clone" in rule["names"]]
    assert clone["args"][0]["value"] & 0x10000000, "CLONE_NEWUSER is among the flags that must be zero"
    [clone3] = [rule for rule in rules if "clone3" in rule["names"]]
    assert clone3["errnoRet"] == 38, "glibc then falls back to clone"


def test_the_layers_that_the_trial_asks_for_are_those_without_which_the_sandbox_does_not_start() -> None:
    told = (PROJECT / "sandbox" / "README.md").read_text()

    [required] = re.findall(r"^Required are (.+?);", told, re.MULTILINE)
    assert set(re.findall(r"\w+", required.lower())) - {"and"} <= set(NEEDED)


def test_it_installs_the_programs_that_it_calls() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    [packages] = re.findall(r"^TRIAL_PACKAGES := (.+)$", makefile, re.MULTILINE)
    called = {"buildah", "podman", "debootstrap", "runc"}

    assert called <= set(packages.split())
