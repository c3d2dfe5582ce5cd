"""What a start makes of the cases of each version."""

from pathlib import Path

import pytest

from app.admission.claim import Claim
from app.errors import Overloaded
from app.jobs import Job, Outcome
from app.selftest import withdraw_the_unfit
from graders.lock import freeze as write_lock
from graders.registry import Registry
from tests.servers import Server

PLANNED = '''"""Refuses in its plan."""
from pydantic import BaseModel
from graders.api import Grade
from graders.errors import InvalidItem
VERDICTS = ("done",)
class Item(BaseModel):
    n: int
class Config(BaseModel): ...
def plan(sample, item, config):
    if item.n < 0:
        raise InvalidItem("n is negative")
    return []
def grade(sample, item, config, results):
    return Grade(1.0, "done", "")
'''
PLANNED_CASES = """
[[case]]
name = "pays"
why = "It does."
item = { n = 1 }
sample = ""
expect.v1 = { reward = 1.0, verdict = "done" }

[[case]]
name = "is refused"
why = "The plan says so."
item = { n = -1 }
sample = ""
expect.v1 = { error = "invalid_item" }
"""


class Full:
    """Workers that have no room for anything."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, job: Job, claim: Claim) -> list[Outcome]:
        self.asked.append(job.version.id)
        return [Overloaded("No room.")]


@pytest.fixture
def graders_path(tmp_path: Path) -> Path:
    folder = tmp_path / "graders" / "planned"
    folder.mkdir(parents=True)
    (folder / "v1.py").write_text(PLANNED)
    (folder / "cases.toml").write_text(PLANNED_CASES)
    return folder.parent


def test_a_case_that_the_plan_refuses_is_proven_by_the_plan(tmp_path: Path, graders_path: Path) -> None:
    with Server(tmp_path / "data", RFT_GRADERS_PATH=str(graders_path)) as server:
        unhealthy = server.client.get("/readyz").json()["unhealthy_graders"]

    assert unhealthy == {}


@pytest.mark.anyio
async def test_a_released_version_that_has_lost_its_cases_is_not_served(graders_path: Path) -> None:
    write_lock(graders_path, "planned@v1", Registry([graders_path])["planned@v1"].digest)
    (graders_path / "planned" / "cases.toml").unlink()
    registry = Registry([graders_path])

    await withdraw_the_unfit(registry, Full(), deadline_s=60.0)

    assert "planned@v1" not in registry.ids()
    assert registry.unhealthy["planned@v1"].startswith("planned@v1 is released, and nothing proves it here: bring ")


@pytest.mark.anyio
async def test_a_version_for_which_there_was_no_room_stays(graders_path: Path) -> None:
    registry, full = Registry([graders_path]), Full()

    await withdraw_the_unfit(registry, full, deadline_s=60.0)

    assert "planned@v1" in registry.ids()
    assert full.asked.count("planned@v1") == 2


@pytest.mark.anyio
async def test_when_time_is_up_every_version_is_held_to_its_first_case(graders_path: Path) -> None:
    full = Full()

    await withdraw_the_unfit(Registry([graders_path]), full, deadline_s=0.0)

    assert sorted(full.asked) == ["code_tests@v1", "finance_qa@v1", "moderation_f1@v1", "planned@v1"]
