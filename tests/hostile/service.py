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
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from graders.api import Execution, Grade, Program, Sample
from graders.code_tests import v1 as code_tests
from sandbox import Sandbox, SandboxSettings
from tests.hostile.corpus import Hostile, of_group
from tests.hostile.seen import said
from tests.hostile.tasks import SHAPES, SQUARE, Shape, Task, source_of
from tests.hostile.world import World

LANES = 3
_NEIGHBOUR = "import time\nsecret = 'CANARY'\nprint(secret, flush=True)\ntime.sleep(200)"
# Longer than all of a group takes on a slow machine.
_NEIGHBOUR_S = 220.0


class Lane:
    """One slot, and the hostile programs that share it with right solutions."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(SandboxSettings(slots=1, judge_timeout_s=3.0, judge_cpu_s=3))

    async def attack(self, waiting: Iterator[tuple[Hostile, Shape]], found: list[dict[str, Any]]) -> None:
        """Runs what waits, and after each one a right solution."""
        for hostile, shape in waiting:
            task = hostile.task
            if shape == "trusted":
                # Records the calls, so that the hostile one is replayed.
                await self._grade(task, task.right, shape)
            executions, grade = await self._grade(task, hostile.source, shape, hostile.limits)
            after, paid = await self._grade(task, task.right, shape)
            found.append(
                {
                    "name": hostile.name,
                    "shape": shape,
                    "said": said(executions[0], task, shape),
                    "verdict": grade.verdict,
                    "reward": grade.reward,
                    # The grade's answer is the program itself.
                    "told": json.dumps([*map(asdict, executions), asdict(replace(grade, answer=None))]),
                    "after": [said(after[0], task, shape), paid.verdict, paid.reward],
                }
            )

    async def _grade(
        self, task: Task, source: str, shape: Shape, limits: dict[str, Any] | None = None
    ) -> tuple[list[Execution], Grade]:
        """What the sandbox saw of a solution, and what `code_tests` made of that."""
        sample = Sample(output_text=f"```python\n{source_of(source, shape)}```\n")
        item = code_tests.Item.model_validate(task.item(shape))
        config = code_tests.Config.model_validate({"limits": limits or {}})
        programs = code_tests.plan(sample, item, config)
        executions = await self.sandbox.run(
            programs, time.monotonic() + 60, trusted=shape == "trusted", caller="hostile"
        )
        return executions, code_tests.grade(sample, item, config, executions)


async def attack(group: str) -> dict[str, Any]:
    """All that was seen: of each program, of what they left, of their neighbours."""
    world, lanes = World(), [Lane() for _ in range(LANES)]
    found: list[dict[str, Any]] = []
    next_door = Sandbox(SandboxSettings(slots=1, timeout_s_max=_NEIGHBOUR_S))
    async with lanes[0].sandbox, lanes[1].sandbox, lanes[2].sandbox, next_door:
        neighbour = asyncio.create_task(_live_next_door(next_door))
        for lane in lanes:
            # The first trusted test starts a judge that stays.
            for _ in range(2):
                await lane._grade(SQUARE, SQUARE.right, "trusted")
        slots, processes, descriptors = _slots(lanes), _processes(), _descriptors()
        waiting = iter([(hostile, shape) for hostile in of_group(group) for shape in SHAPES])
        await asyncio.gather(*(lane.attack(waiting, found) for lane in lanes))
        told = {
            "programs": found,
            "layers": lanes[0].sandbox.layers,
            "harm": world.harm(),
            "slots_lost": sorted(set(slots) - set(_slots(lanes))),
            "processes_left": sorted(set(_processes()) - set(processes) - set(_judges(lanes))),
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
    await sandbox.run([Program(source, timeout_s=_NEIGHBOUR_S)], time.monotonic() + _NEIGHBOUR_S)


def _slots(lanes: list[Lane]) -> list[str]:
    """The zygotes that keep the slots."""
    kept = (process for lane in lanes for process in lane.sandbox.processes if process.role != "replay")
    return [f"{process.role} {process.pid}" for process in kept]


def _judges(lanes: list[Lane]) -> list[int]:
    """The judges that stay. One that a value has cost all its CPU time was replaced; the test was then judged anew."""
    judges = (process.pid for lane in lanes for process in lane.sandbox.processes if process.role == "replay")
    return [pid for judge in judges for pid in (judge, *_children(judge))]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(attack(sys.argv[1]))))
