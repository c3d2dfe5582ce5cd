"""Hostile programs in the sandbox, in every shape: as root, and as an ordinary user in what a container is."""

from typing import Any

import pytest

from tests.hostile.corpus import GROUPS, programs
from tests.hostile.hosts import CANARY, HOSTS, run
from tests.hostile.tasks import SHAPES

BY_NAME = {hostile.name: hostile for hostile in programs()}


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("group", GROUPS)
def test_hostile_programs_get_nothing_and_leave_nothing(host: str, group: str, subtests: pytest.Subtests) -> None:
    told = run(host, "tests.hostile.service", group)
    found = told.pop("programs")

    assert {(each["name"], each["shape"]) for each in found} == {
        (hostile.name, shape) for hostile in programs() if hostile.group == group for shape in SHAPES
    }
    for each in found:
        with subtests.test(program=each["name"], shape=each["shape"]):
            _check_program(each, host)
    with subtests.test("nothing is changed or left, and nobody else is hurt"):
        _check_machine(told, host)


def _check_program(each: dict[str, Any], host: str) -> None:
    """No pass, the expected end, no secret read, nothing reached; a right program in the same slot still passes."""
    assert each["said"] != "finished right", "a forged pass"
    assert each["said"] in BY_NAME[each["name"]].expected(each["shape"], host), each["told"][:999]
    assert each["reward"] == 0.0
    assert each["verdict"] in BY_NAME[each["name"]].verdicts(each["shape"], host)
    assert CANARY not in each["told"]
    assert "REACHED" not in each["told"]
    assert each["after"] == ["finished right", "passed", 1.0]


def _check_machine(told: dict[str, Any], host: str) -> None:
    layers = told.pop("layers")

    assert told == {
        "harm": [],
        "slots_lost": [],
        "processes_left": [],
        "descriptors_left": 0,
        "neighbour_lives": True,
    }
    assert ("uid" in layers) == (host == "root")
    assert any(layer.startswith("namespaces") for layer in layers) == (host == "root")
    assert "seccomp" in layers
    assert any(layer.startswith("landlock") for layer in layers)
