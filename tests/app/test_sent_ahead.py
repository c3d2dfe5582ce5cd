"""While more waits, a busy worker has its next calls in its pipe: it is not idle until somebody has read its answer."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from app.admission.claim import Claim
from app.auth import LOCAL
from app.errors import LateInQueue, WorkerDied
from app.jobs import Job
from app.metrics import Metrics
from app.workers import Workers
from graders.calls import Call, Judged
from graders.registry import ConfigInForce, Registry

pytestmark = pytest.mark.anyio

CALL_S = 0.02
# Says from when to when it ran, by the clock that all processes share.
SLOW = f'''"""Takes {CALL_S} s."""
import os, time
from pydantic import BaseModel
from graders.api import Grade
VERDICTS = ("done",)
class Item(BaseModel):
    pass
class Config(BaseModel):
    pass
def grade(sample, item, config, results):
    began = time.monotonic()
    with open(os.path.join(os.path.dirname(__file__), "begun"), "a") as begun:
        begun.write("*")
    time.sleep({CALL_S})
    if sample.text == "die":
        os.abort()
    return Grade(1.0, "done", "", details={{"began": began, "ended": time.monotonic()}})
'''


@pytest.fixture
async def workers(tmp_path: Path) -> AsyncIterator[Workers]:
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "v1.py").write_text(SLOW)
    workers = Workers(1, meters=Metrics(), graders_path=[tmp_path], memory_mib=512)
    await workers.start()
    # How long such calls take is known from now on.
    await workers(job(tmp_path, *"abc"), Claim.within(30, LOCAL))
    yield workers
    await workers.close()


def job(folder: Path, *texts: str) -> Job:
    version = Registry([folder])["slow@v1"].version
    return Job(version, ConfigInForce.of({}, version), [Call.of({}, text) for text in texts])


def times(outcome: object) -> tuple[float, float]:
    """When a call began, and when it ended."""
    assert isinstance(outcome, Judged), outcome
    details = json.loads(outcome.json)["details"]
    return details["began"], details["ended"]


async def test_a_worker_goes_on_while_the_event_loop_is_busy(workers: Workers, tmp_path: Path) -> None:
    asked = asyncio.create_task(workers(job(tmp_path, *"abcdefgh"), Claim.within(30, LOCAL)))
    for _ in range(10):
        await asyncio.sleep(0)
    begun, warm_up = tmp_path / "slow" / "begun", 3
    latest = time.monotonic() + 3
    while begun.stat().st_size < warm_up + 4 and time.monotonic() < latest:
        pass
    busy_until = time.monotonic() + 5 * CALL_S
    while time.monotonic() < busy_until:
        pass
    ran = [times(outcome) for outcome in await asked]

    # One that was being judged, and three that lay in the pipe; fewer where a machine is so slow that they take longer.
    ahead = len([began for began, _ in ran if began < busy_until]) - 1
    slowest_s = max(ended - began for began, ended in ran)
    assert ahead == 3 or (0 < ahead < 3 and slowest_s > 1.1 * CALL_S)
    assert all(ended <= began for (_, ended), (began, _) in pairwise(ran))


async def test_what_lay_in_the_pipe_of_a_worker_that_died_is_judged_by_another(
    workers: Workers, tmp_path: Path
) -> None:
    died, *others = await workers(job(tmp_path, "die", *"abc"), Claim.within(30, LOCAL))

    assert isinstance(died, WorkerDied)
    assert [times(outcome) for outcome in others]


async def test_what_could_not_be_done_in_time_behind_the_present_call_is_not_begun(
    workers: Workers, tmp_path: Path
) -> None:
    asked = asyncio.create_task(workers(job(tmp_path, "a"), Claim.within(30, LOCAL)))
    await asyncio.sleep(0)
    [late] = await workers(job(tmp_path, "b"), Claim.within(1.5 * CALL_S, LOCAL, run="another"))
    await asked

    assert isinstance(late, LateInQueue)
