"""Starting, losing, replacing and ending the sandbox's processes; a busy machine; callers that go away."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graders.api import Execution, Program
from sandbox import BadProgram, DeadlinePassed, Sandbox, SandboxSettings, SlotLost, Unavailable
from tests.pace import SteadyClock

ONE = Program("def f():\n    return 1", entry_point="f", calls=('{"args":[],"kwargs":{}}',))
SLEEP = Program("import time\ndef f():\n    time.sleep(30)", entry_point="f", calls=ONE.calls, timeout_s=40.0)
JUDGED = Program("def f():\n    return 1", entry_point="f", test="def check(c):\n    assert c() == 1")
PROJECT = Path(__file__).parent.parent.parent


def _soon(seconds: float = 60.0) -> float:
    return time.monotonic() + seconds


async def _one(sandbox: Sandbox, program: Program = ONE, **options: Any) -> Execution:
    (found,) = await sandbox.run([program], _soon(), **options)
    return found


def _below(pid: int) -> list[int]:
    """The processes that `pid` has started, theirs included."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [process for child in map(int, children) for process in (child, *_below(child))]


def _filters(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Seccomp_filters:"))


def _runs(sandbox: Sandbox) -> list[int]:
    """The processes in which programs run now."""
    candidates = [process.pid for process in sandbox.processes if process.role == "candidate"]
    return [pid for candidate in candidates for pid in _below(candidate) if _filters(pid) == 2]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


async def _until(condition: Any, seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def test_nothing_is_left_when_it_is_closed() -> None:
    async def scenario() -> None:
        # The loop's own descriptors and its child watcher come with the first sandbox.
        async with Sandbox(SandboxSettings(slots=1)):
            pass
        descriptors = _descriptors()
        async with Sandbox(SandboxSettings(slots=2)) as sandbox:
            for trusted in (True, True, False):
                await sandbox.run([JUDGED] * 4, _soon(), trusted=trusted)
            processes = [pid for process in sandbox.processes for pid in (process.pid, *_below(process.pid))]
            assert len(processes) >= 4
            running = asyncio.create_task(sandbox.run([SLEEP] * 2, _soon()))
            await _until(lambda: all(process.is_busy for process in sandbox.processes if process.role == "candidate"))
        with pytest.raises(SlotLost):
            await running
        assert not any(map(_is_alive, processes))
        assert _descriptors() == descriptors

    asyncio.run(scenario())


@pytest.mark.parametrize("role", ["candidate", "judge", "replay"])
def test_a_killed_process_loses_its_run_and_is_replaced_within_a_second(role: str, clock: SteadyClock) -> None:
    async def scenario() -> None:
        began = clock()
        async with Sandbox(SandboxSettings(slots=1)) as sandbox:
            for _ in range(2):
                await _one(sandbox, JUDGED, trusted=True)
            # All three processes, on this machine.
            start_s = clock() - began
            victim = next(process for process in sandbox.processes if process.role == role)
            running = asyncio.create_task(_one(sandbox, SLEEP))
            await _until(lambda: any(process.is_busy for process in sandbox.processes))
            zygote = (_below(victim.pid) or [victim.pid])[0]
            os.kill(zygote, signal.SIGKILL)
            started = clock()
            if role == "candidate":
                with pytest.raises(SlotLost):
                    await running
            else:
                running.cancel()
            assert (await _one(sandbox, JUDGED, trusted=True)).checks[0].outcome == "held"
            assert clock() - started < max(1.0, start_s)
            assert sandbox.is_ready

    asyncio.run(scenario())


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("body", ["time.sleep(60)", "[x := bytearray(200 << 20), time.sleep(60)]"])
def test_a_program_that_is_killed_from_outside_has_no_outcome(body: str, trusted: bool) -> None:
    programs = [
        Program(f"import time\n{body}", timeout_s=5),
        replace(SLEEP, source=f"import time\ndef f():\n    {body}", timeout_s=5),
        replace(JUDGED, source=f"import time\n{body}", timeout_s=5),
    ]

    async def scenario() -> None:
        async with Sandbox(SandboxSettings(slots=1)) as sandbox:
            for program in programs:
                running = asyncio.create_task(_one(sandbox, program, trusted=trusted))
                await _until(lambda: any(process.is_busy for process in sandbox.processes))
                # The zygote's filter and the run's own: from then on it is the program that is killed.
                assert await _until(lambda: _runs(sandbox))
                os.kill(_runs(sandbox)[0], signal.SIGKILL)
                with pytest.raises(SlotLost, match="from outside"):
                    await running
            assert (await _one(sandbox)).outcome == "finished"

    asyncio.run(scenario())


def test_every_zygote_killed_under_load_ends_in_errors_never_in_outcomes() -> None:
    async def scenario() -> None:
        async with Sandbox(SandboxSettings(slots=2)) as sandbox:
            work = [asyncio.create_task(_one(sandbox, JUDGED, trusted=place % 2 == 0)) for place in range(300)]
            for _ in range(6):
                await asyncio.sleep(0.05)
                for process in sandbox.processes:
                    for pid in _below(process.pid)[:1]:
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGKILL)
            found = await asyncio.gather(*work, return_exceptions=True)
            executions = [each for each in found if isinstance(each, Execution)]
            assert all(isinstance(each, Execution | SlotLost | Unavailable) for each in found)
            assert all(each.checks[0].outcome == "held" for each in executions)
            assert len(executions) > 100
            assert (await _one(sandbox)).outcome == "finished"

    asyncio.run(scenario())


def test_a_stopped_zygote_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.process._SILENCE_MAX_S", 0.3)
    monkeypatch.setattr("sandbox.process._LOOK_EVERY_S", 0.1)

    async def scenario() -> None:
        async with Sandbox(SandboxSettings(slots=1)) as sandbox:
            victim = sandbox.processes[0]
            zygote = (_below(victim.pid) or [victim.pid])[0]
            os.kill(zygote, signal.SIGSTOP)
            with pytest.raises(SlotLost):
                await sandbox.run([Program("pass", timeout_s=0.1)], _soon())
            assert (await _one(sandbox)).outcome == "finished"
            assert await _until(lambda: not _is_alive(zygote))

    asyncio.run(scenario())


def test_a_killed_service_leaves_no_process() -> None:
    source = f"""
import asyncio, sys
sys.path.insert(0, {str(PROJECT)!r})
from tests.sandbox.test_life import *
from tests.sandbox.test_life import _below, _one, _until
async def main():
    async with Sandbox(SandboxSettings(slots=2)) as sandbox:
        await _one(sandbox, JUDGED, trusted=True)
        work = asyncio.gather(_one(sandbox, SLEEP), _one(sandbox, SLEEP))
        await _until(lambda: sum(process.is_busy for process in sandbox.processes) == 2)
        print(*_below(os.getpid()), flush=True)
        await work
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True, cwd=PROJECT) as service:
        assert service.stdout
        processes = [int(pid) for pid in service.stdout.readline().split()]
        service.kill()

    assert len(processes) >= 5
    assert asyncio.run(_until(lambda: not any(map(_is_alive, processes))))


def test_short_of_memory_the_kernel_takes_the_sandbox_before_the_service() -> None:
    async def scenario() -> None:
        async with Sandbox(SandboxSettings(slots=1)) as sandbox:
            for process in sandbox.processes:
                for pid in (process.pid, *_below(process.pid)):
                    assert Path(f"/proc/{pid}/oom_score_adj").read_text() == "1000\n"  # noqa: ASYNC240

    asyncio.run(scenario())


def test_a_caller_that_goes_away_frees_its_slot(clock: SteadyClock) -> None:
    async def scenario() -> None:
        async with Sandbox(SandboxSettings(slots=1)) as sandbox:
            for program in (SLEEP, Program("while True: pass"), Program(SLEEP.source, entry_point="f", test="f()")):
                running = asyncio.create_task(_one(sandbox, program))
                await _until(lambda: any(process.is_busy for process in sandbox.processes))
                running.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await running
                started = clock()
                assert (await _one(sandbox)).outcome == "finished"
                assert clock() - started < 1.0

    asyncio.run(scenario())


def test_the_requests_deadline_ends_programs_without_an_outcome(clock: SteadyClock) -> None:
    async def scenario() -> None:
        async with Sandbox(SandboxSettings(slots=1)) as sandbox:
            started = clock()
            with pytest.raises(DeadlinePassed):
                await sandbox.run([ONE, SLEEP, ONE], _soon(0.3))
            assert clock() - started < 1.0
            assert (await _one(sandbox)).outcome == "finished"

    asyncio.run(scenario())


def test_no_more_programs_run_at_once_than_there_are_slots_and_order_is_kept() -> None:
    async def scenario() -> None:
        async with Sandbox(SandboxSettings(slots=3)) as sandbox:
            programs = [Program(f"import time; time.sleep({0.2 * (n % 3)}); print({n})") for n in range(12)]
            work = asyncio.create_task(sandbox.run(programs, _soon()))
            most = 0
            while not work.done():
                most = max(most, sum(process.is_busy for process in sandbox.processes))
                await asyncio.sleep(0.002)
            assert most == 3
            assert [found.stdout for found in await work] == [f"{n}\n" for n in range(12)]

    asyncio.run(scenario())


def test_what_the_settings_do_not_allow_is_refused_before_anything_runs() -> None:
    async def scenario() -> None:
        async with Sandbox(SandboxSettings(slots=1, memory_mib_max=512)) as sandbox:
            for program, words in (
                (Program("", memory_mib=513), "RFT_SANDBOX_MEMORY_MIB_MAX"),
                (Program("", timeout_s=0), "timeout_s is 0"),
                (Program("", dependencies="pandas"), "Known sets .*: plain"),
            ):
                with pytest.raises(BadProgram, match=words):
                    await sandbox.run([ONE, program], _soon())
        with pytest.raises(Unavailable):
            await sandbox.run([ONE], _soon())

    asyncio.run(scenario())


@pytest.fixture
def busy_machine() -> Iterator[None]:
    """Eight times as many spinning processes as there are CPUs."""
    count = 8 * (os.cpu_count() or 1)
    spinners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    yield
    for spinner in spinners:
        spinner.kill()
        spinner.wait()


def test_waiting_for_a_cpu_is_no_timeout(busy_machine: None) -> None:
    """1 s of work within 1.6 s of wall time, beside processes that leave it a small part of a CPU."""
    work = """
import time
def f():
    end = time.process_time() + 1.0
    while time.process_time() < end:
        pass
    return 1
"""
    programs = [
        Program(work, entry_point="f", calls=ONE.calls, timeout_s=1.6),
        Program(work, entry_point="f", test="def check(c):\n    assert c() == 1\n    assert c() == 1", timeout_s=2.6),
        Program(work + "\nf()", timeout_s=1.6),
    ]

    async def scenario() -> None:
        async with Sandbox(SandboxSettings(slots=3)) as sandbox:
            started = time.monotonic()
            found = await sandbox.run(programs, _soon(120))
            assert [execution.outcome for execution in found] == ["finished"] * 3, found
            assert found[1].checks[0].outcome == "held"
            assert time.monotonic() - started > 2.6
            (slept,) = await sandbox.run([Program("import time; time.sleep(30)", timeout_s=0.5)], _soon())
            assert slept.outcome == "timeout"
            assert slept.wall_s < 5

    asyncio.run(scenario())
