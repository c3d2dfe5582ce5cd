"""The service under attack: `python -m tests.hostile.service GROUP` lets a group loose on the sandbox, prints JSON.

Each lane is a sandbox with one slot, so that a right solution is run in the very place where a hostile one was.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from graders.api import Execution, Program
from sandbox import Sandbox, SandboxSettings
from tests.hostile.corpus import Hostile, of_group
from tests.hostile.seen import said
from tests.hostile.tasks import SHAPES, Shape, Task
from tests.hostile.world import World

LANES = 3
_NEIGHBOUR = "import time\nsecret = 'CANARY'\nprint(secret, flush=True)\ntime.sleep(50)"


class Lane:
    """One slot, and the hostile programs that share it with right solutions."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(SandboxSettings(slots=1, judge_timeout_s=3.0, judge_cpu_s=3))
        self.canary = os.environ["RFT_SECRET"]

    async def attack(self, waiting: Iterator[tuple[Hostile, Shape]], found: list[dict[str, Any]]) -> None:
        """Runs what waits, and after each one a right solution."""
        for hostile, shape in waiting:
            task = hostile.task
            if shape == "trusted":
                # Records the calls, so that the hostile one is replayed.
                await self._right(task, shape)
            execution = await self._run(task.program(hostile.source, shape, self.canary, **hostile.limits), shape)
            found.append(
                {
                    "name": hostile.name,
                    "shape": shape,
                    "said": said(execution, task, shape),
                    "told": json.dumps(asdict(execution)),
                    "after": await self._right(task, shape),
                }
            )

    async def _right(self, task: Task, shape: Shape) -> str:
        return said(await self._run(task.program(task.right, shape, self.canary), shape), task, shape)

    async def _run(self, program: Program, shape: Shape) -> Execution:
        options = {"trusted": shape == "trusted", "caller": "hostile"}
        (execution,) = await self.sandbox.run([program], time.monotonic() + 60, **options)  # type: ignore[arg-type]
        return execution


async def attack(group: str) -> dict[str, Any]:
    """All that was seen: of each program, of what they left, of their neighbours."""
    world, lanes = World(), [Lane() for _ in range(LANES)]
    found: list[dict[str, Any]] = []
    async with lanes[0].sandbox, lanes[1].sandbox, lanes[2].sandbox, Sandbox(SandboxSettings(slots=1)) as next_door:
        neighbour = asyncio.create_task(_live_next_door(next_door))
        for lane in lanes:
            # The first trusted test starts a judge that stays.
            await lane._right(of_group(group)[0].task, "trusted")
            await lane._right(of_group(group)[0].task, "trusted")
        slots, processes, descriptors = _slots(lanes), _processes(), _descriptors()
        waiting = iter([(hostile, shape) for hostile in of_group(group) for shape in SHAPES])
        await asyncio.gather(*(lane.attack(waiting, found) for lane in lanes))
        told = {
            "programs": found,
            "layers": lanes[0].sandbox.layers,
            "harm": world.harm(),
            "slots_lost": sorted(set(slots) - set(_slots(lanes))),
            "processes_left": sorted(set(_processes()) - set(processes)),
            "descriptors_left": _descriptors() - descriptors,
            "neighbour_lives": not neighbour.done(),
        }
        neighbour.cancel()
        with suppress(asyncio.CancelledError):
            await neighbour
    world.close()
    return told


async def _live_next_door(sandbox: Sandbox) -> None:
    """A program of somebody else's, with a secret of its own."""
    source = _NEIGHBOUR.replace("CANARY", os.environ["RFT_SECRET"])
    await sandbox.run([Program(source, timeout_s=60)], time.monotonic() + 60)


def _slots(lanes: list[Lane]) -> list[str]:
    """The processes that keep the slots."""
    return [f"{process.role} {process.pid}" for lane in lanes for process in lane.sandbox.processes]


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(attack(sys.argv[1]))))
