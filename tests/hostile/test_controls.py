"""Negative controls: the same programs do harm where graders are as people write them."""

import pytest

from tests.hostile.corpus import GROUPS, of_group, programs
from tests.hostile.hosts import run
from tests.hostile.runners import RUNNERS


@pytest.mark.parametrize("group", GROUPS)
def test_unjailed_the_programs_do_what_their_headers_say(group: str, subtests: pytest.Subtests) -> None:
    found = run("user", "tests.hostile.controls", group)

    for hostile in of_group(group):
        runner, effect = hostile.control
        if runner:
            with subtests.test(program=hostile.name, runner=runner):
                assert effect in found[hostile.name]["effects"], found[hostile.name]


def test_right_solutions_pass_the_naive_runners() -> None:
    """Otherwise a runner that passes nobody would seem to be safe."""
    found = run("user", "tests.hostile.controls", "right")

    assert found.keys() == RUNNERS.keys()
    assert all(verdict["effects"] == ["forged"] for verdict in found.values()), found


def test_every_runner_is_used() -> None:
    assert {hostile.control[0] for hostile in programs()} - {""} == RUNNERS.keys()
