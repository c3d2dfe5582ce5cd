"""The sandbox beside the service: when it is started, what it says of itself, what becomes of a start that failed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app import programs
from app.admission.claim import Claim
from app.auth import ANONYMOUS, LOCAL, Caller
from app.errors import DeadlineExceeded, InvalidProgram, SandboxUnavailable
from app.metrics import Metrics
from app.programs import Programs
from graders.api import Program
from sandbox import SandboxSettings
from sandbox.interpreter import candidates

pytestmark = pytest.mark.anyio

ONE = Program("print(1)")
SETTINGS = SandboxSettings(slots=1)


def soon(seconds: float = 60.0, caller: Caller = LOCAL) -> Claim:
    return Claim.within(seconds, caller)


@asynccontextmanager
async def closing(settings: SandboxSettings) -> AsyncIterator[Programs]:
    runner = Programs(settings, Metrics())
    try:
        yield runner
    finally:
        await runner.close()


async def test_the_first_program_starts_it_and_those_that_come_meanwhile_wait() -> None:
    async with closing(SETTINGS) as runner:
        assert runner.state.state == "idle"
        found = await asyncio.gather(*(runner.run([ONE], soon(caller=caller)) for caller in (LOCAL, ANONYMOUS)))

        assert [execution.stdout for [execution] in found] == ["1\n", "1\n"]
        assert runner.state.state == "ready"
        assert "seccomp" in runner.state.layers


async def test_a_program_whose_time_is_up_before_the_start_is_over_is_late() -> None:
    async with closing(SETTINGS) as runner:
        with pytest.raises(DeadlineExceeded, match="still being started"):
            await runner.run([ONE], soon(0.01))
        assert runner.state.state == "starting"
        assert (await runner.settled()).state == "ready"


async def test_a_start_that_failed_is_tried_again_but_not_by_every_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python3"
    async with closing(replace(SETTINGS, python=str(python))) as runner:
        with pytest.raises(SandboxUnavailable, match="cannot be started"):
            await runner.run([ONE], soon())
        python.symlink_to(candidates("")[-1])
        with pytest.raises(SandboxUnavailable, match="cannot be started"):
            await runner.run([ONE], soon())
        assert runner.state.state == "unavailable"

        monkeypatch.setattr(programs, "_AGAIN_AFTER_S", 0.0)
        runner._not_before = 0.0
        [found] = await runner.run([ONE], soon())

        assert found.stdout == "1\n"
        assert (runner.state.state, runner.state.detail) == ("ready", "")


@pytest.mark.parametrize("said", ["", "a wrapper's greeting"])
async def test_an_interpreter_that_is_none_is_said_to_be_that(tmp_path: Path, said: str) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "{said}"\n')
    python.chmod(0o700)
    async with closing(replace(SETTINGS, python=str(python))) as runner:
        with pytest.raises(SandboxUnavailable, match="is not Python, or prints more than it is asked for") as refused:
            await runner.run([ONE], soon())

    assert said in refused.value.detail
    assert runner.state.state == "unavailable"


async def test_too_few_layers_are_refused_unless_the_operator_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.canary.REQUIRED", ("landlock", "seccomp", "rlimits", "moat"))
    async with closing(SETTINGS) as runner:
        with pytest.raises(SandboxUnavailable, match=r"no moat.*RFT_SANDBOX_ALLOW_DEGRADED=1"):
            await runner.run([ONE], soon())
        assert (runner.state.state, runner.state.layers) == ("unavailable", [])

    async with closing(replace(SETTINGS, allow_degraded=True)) as runner:
        [found] = await runner.run([ONE], soon())
        assert found.stdout == "1\n"
        assert (runner.state.state, runner.state.detail) == ("degraded", "This host has no moat.")


async def test_without_slots_nothing_is_started() -> None:
    async with closing(replace(SETTINGS, slots=0)) as runner:
        runner.start()
        with pytest.raises(SandboxUnavailable, match="RFT_SANDBOX_SLOTS=0"):
            await runner.run([ONE], soon())
        assert runner.state.state == "off"


async def test_a_program_that_asks_for_too_much_is_invalid() -> None:
    async with closing(replace(SETTINGS, memory_mib_max=64)) as runner:
        with pytest.raises(InvalidProgram, match="RFT_SANDBOX_MEMORY_MIB_MAX"):
            await runner.run([Program("", memory_mib=65)], soon())
