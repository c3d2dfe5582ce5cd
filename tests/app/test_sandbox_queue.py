"""Programs wait for the sandbox in a fair queue: in turns by caller, and what has begun is carried to its end."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.admission.claim import Claim, Presence
from app.admission.fair_queue import Bounds
from app.auth import Caller
from app.errors import CallerGone, InvalidProgram, Overloaded
from app.metrics import Metrics
from app.programs import Programs
from graders.api import Program
from sandbox import SandboxSettings

pytestmark = pytest.mark.anyio


@pytest.fixture
async def programs() -> AsyncIterator[Programs]:
    programs = Programs(SandboxSettings(slots=1), Metrics(), Bounds(samples=20, size_bytes=1 << 20))
    programs.start()
    assert (await programs.settled()).state == "ready"
    yield programs
    await programs.close()


def claim(name: str, presence: Presence | None = None) -> Claim:
    return Claim.within(60, Caller(name), presence=presence)


async def test_a_neighbour_s_program_passes_a_burst(programs: Programs) -> None:
    ended: list[str] = []

    async def run(name: str, number: int) -> None:
        await programs.run([Program(f"print({number})")], claim(name))
        ended.append(name)

    async with asyncio.TaskGroup() as group:
        for number in range(15):
            group.create_task(run("a", number))
        await asyncio.sleep(0)
        group.create_task(run("b", 0))

    assert "b" in ended[:4]


async def test_programs_of_one_plan_come_back_in_order_and_as_each_other_s_company(programs: Programs) -> None:
    plans = [[Program(f"print({number}, {part})") for part in range(4)] for number in range(4)]
    found = await asyncio.gather(*(programs.run(plan, claim("a")) for plan in plans))

    expected = [[f"{number} {part}\n" for part in range(4)] for number in range(4)]
    assert [[execution.stdout for execution in each] for each in found] == expected


async def test_what_waits_is_bounded_and_what_is_refused_by_the_settings_never_waits(programs: Programs) -> None:
    sleeping = asyncio.create_task(programs.run([Program("import time; time.sleep(0.5)")], claim("a")))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(programs.run([Program("print(1)")], claim("b"))) for _ in range(20)]
    await asyncio.sleep(0)

    with pytest.raises(Overloaded, match="20 samples"):
        await programs.run([Program("print(1)")], claim("c"))
    with pytest.raises(InvalidProgram):
        await programs.run([Program("print(1)"), Program("print(1)", memory_mib=10**6)], claim("c"))
    await asyncio.gather(sleeping, *waiting)


async def test_a_caller_that_hangs_up_has_no_program_run_unless_one_of_its_plan_was(programs: Programs) -> None:
    gone, begun = Presence(), Presence()
    plan = [Program("import time; time.sleep(0.3); print(0)"), Program("print(1)")]
    carried_on = asyncio.create_task(programs.run(plan, claim("a", begun)))
    await asyncio.sleep(0)
    dropped = asyncio.create_task(programs.run(plan, claim("a", gone)))
    await asyncio.sleep(0)
    gone.leave()
    begun.leave()

    with pytest.raises(CallerGone):
        await dropped
    assert [execution.stdout for execution in await carried_on] == ["0\n", "1\n"]
