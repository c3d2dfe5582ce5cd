"""Dependency sets: packages that a set has imported are there for its programs, and for no others."""

import asyncio
import time

import pytest

from graders.api import Execution, Program
from sandbox import Sandbox, SandboxSettings, Unavailable

CALL = ('{"args":[],"kwargs":{}}',)
SOURCE = "import idna\ndef f():\n    return idna.encode('ドメイン').decode()"


def _run(sandbox: Sandbox, *programs: Program) -> "asyncio.Future[list[Execution]]":
    return asyncio.ensure_future(sandbox.run(programs, time.monotonic() + 60))


def test_a_sets_packages_are_there_for_its_programs_and_judges_alone() -> None:
    async def scenario() -> None:
        async with Sandbox(SandboxSettings(slots=1, sets={"plain": (), "names": ("idna",)})) as sandbox:
            test = "import idna\ndef check(c):\n    assert idna.decode(c()) == 'ドメイン'"
            named, plain, judged = await _run(
                sandbox,
                Program(SOURCE, entry_point="f", calls=CALL, dependencies="names"),
                Program(SOURCE, entry_point="f", calls=CALL),
                Program(SOURCE, entry_point="f", test=test, dependencies="names"),
            )
            assert named.results[0].value == '"xn--eckwd4c7c"'
            assert (plain.outcome, plain.error[:19]) == ("load_error", "ModuleNotFoundError")
            assert judged.checks[0].outcome == "held"

    asyncio.run(scenario())


def test_a_package_that_is_not_installed_is_named_at_the_start() -> None:
    async def scenario() -> None:
        with pytest.raises(Unavailable, match="No package 'not_installed_anywhere' in"):
            await Sandbox(SandboxSettings(slots=1, sets={"plain": ("not_installed_anywhere",)})).start()

    asyncio.run(scenario())


def test_numpy_values_come_back_as_pythons() -> None:
    pytest.importorskip("numpy", reason="numpy is not installed")
    source = (
        "import numpy\ndef f():\n    return [numpy.arange(3), numpy.float64(0.5), numpy.int8(7), numpy.bool_(True)]"
    )

    async def scenario() -> None:
        async with Sandbox(SandboxSettings(slots=1, sets={"numpy": ("numpy",)})) as sandbox:
            (found,) = await _run(sandbox, Program(source, entry_point="f", calls=CALL, dependencies="numpy"))
            assert found.results[0].value == "[[0,1,2],0.5,7,true]"

    asyncio.run(scenario())
