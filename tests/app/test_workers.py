"""A pure call that hangs, dies or eats memory costs itself its judgement, and nobody else theirs."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app import worker_process
from app.admission.claim import Claim
from app.admission.fair_queue import Bounds
from app.auth import LOCAL
from app.errors import AnsweredAtOnce, DeadlineExceeded, Overloaded, WorkerDied, status_of
from app.jobs import Job, Outcome
from app.metrics import Metrics
from app.worker_process import WorkerProcess
from app.workers import Workers
from graders.api import Sample
from graders.calls import Call, Judged
from graders.errors import GraderCrashed, InvalidItem
from graders.registry import ConfigInForce, Registry
from graders.version import Version
from tests.app.moody import MOODY

pytestmark = pytest.mark.anyio

# A machine that stalls for a second stops no call.
CALL_TIMEOUT_S = 3.0


@pytest.fixture
def graders_path(tmp_path: Path) -> Path:
    (tmp_path / "moody").mkdir()
    (tmp_path / "moody" / "v1.py").write_text(MOODY)
    return tmp_path


@cache
def built_in() -> list[str]:
    """What a worker need not load here: it is nine tenths of what loading costs."""
    return Registry().ids()


@pytest.fixture
async def workers(graders_path: Path) -> AsyncIterator[Workers]:
    workers = Workers(
        2,
        meters=Metrics(),
        graders_path=[graders_path],
        without=built_in(),
        memory_mib=512,
        call_timeout_s=CALL_TIMEOUT_S,
        bounds=Bounds(samples=50, size_bytes=1 << 30),
    )
    await workers.start()
    yield workers
    await workers.close()


@cache
def _version(graders_path: Path) -> Version:
    return Registry([graders_path])["moody@v1"].version


def job(graders_path: Path, *texts: str, filler: int = 100) -> Job:
    """Calls that go alone; with `filler=0` they are small enough to share a round trip."""
    version = _version(graders_path)
    items = [{"n": n} | ({"filler": "x" * filler} if filler else {}) for n, _ in enumerate(texts)]
    calls = [Call.of(item, text) for item, text in zip(items, texts, strict=True)]
    return Job(version, ConfigInForce.of({}, version), calls)


def facts(outcome: Outcome) -> tuple[str, str]:
    """The reason (the item's number) and the answer (the worker's process id) of a grade."""
    assert isinstance(outcome, Judged), outcome
    rest = json.loads(outcome.json)
    return rest["reason"], rest["answer"]


def soon(seconds: float = 30.0) -> Claim:
    return Claim.within(seconds, LOCAL)


async def test_no_call_runs_in_the_service_itself(workers: Workers, graders_path: Path) -> None:
    outcomes = await workers(job(graders_path, "a", "a", filler=0), soon()) + await workers(
        job(graders_path, "a"), soon()
    )

    assert str(os.getpid()) not in [facts(outcome)[1] for outcome in outcomes]


@pytest.mark.parametrize("judges_at_once", [True, False])
async def test_a_small_call_of_our_own_is_judged_here_unless_told_otherwise(judges_at_once: bool) -> None:
    version = Registry()["finance_qa@v1"].version
    workers = Workers(1, meters=Metrics(), judges_at_once=judges_at_once)

    assert workers.is_quick(Call.of({"reference": "94"}, "94"), version) == judges_at_once


async def test_a_grader_that_reads_stdin_finds_nothing_there(workers: Workers, graders_path: Path) -> None:
    """Not the next calls, nor a wait for them."""
    outcomes = await workers(job(graders_path, *["a", "read"] * 8), soon())

    assert [facts(outcome)[0] for outcome in outcomes[1::2]] == ["''"] * 8


async def test_what_only_the_service_could_load_is_told_with_its_reason(
    graders_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = graders_path / "moody" / "v1.py"
    version.write_text(version.read_text() + "TABLE = os.environ['MY_TABLE']\n")
    monkeypatch.setenv("MY_TABLE", "here")
    own = Registry([graders_path])["moody@v1"].version
    workers = Workers(1, meters=Metrics(), graders_path=[graders_path], without=built_in())
    await workers.start()
    try:
        [outcome] = await workers(Job(own, ConfigInForce.of({}, own), [Call.of({"n": 1}, "a")]), soon())
    finally:
        await workers.close()

    assert isinstance(outcome, GraderCrashed)
    assert "moody@v1 cannot be loaded in a worker, though the service could load it." in outcome.detail
    assert "KeyError (v1.py, line " in outcome.detail
    assert "1024 MiB of address space (RFT_WORKER_MEMORY_MIB)" in outcome.detail


@pytest.mark.parametrize("filler", [0, 100])
async def test_outcomes_come_in_order_and_prints_do_not_disturb_them(
    workers: Workers, graders_path: Path, filler: int
) -> None:
    outcomes = await workers(job(graders_path, *["print"] * 40, filler=filler), soon())

    assert [facts(outcome)[0] for outcome in outcomes] == [str(n) for n in range(40)]


async def test_jobs_that_arrive_together_share_round_trips(workers: Workers, graders_path: Path) -> None:
    jobs = [workers(job(graders_path, *"abc", filler=0), soon()) for _ in range(16)]

    answers = await asyncio.gather(*jobs)

    assert [[facts(outcome)[0] for outcome in outcomes] for outcomes in answers] == [["0", "1", "2"]] * 16


@pytest.mark.parametrize("filler", [0, 100], ids=["shared", "alone"])
async def test_what_hangs_or_dies_fails_alone(workers: Workers, graders_path: Path, filler: int) -> None:
    outcomes = await workers(job(graders_path, "a", "hang", "b", "die", "c", "eat", "d", filler=filler), soon())

    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Judged, DeadlineExceeded, Judged, WorkerDied, Judged, GraderCrashed, Judged]


async def test_a_small_call_that_failed_its_group_does_so_once(workers: Workers, graders_path: Path) -> None:
    await workers(job(graders_path, "a", "die", filler=0), soon())
    neighbour, culprit = await workers(job(graders_path, "a", "die", filler=0), soon())

    assert isinstance(neighbour, Judged)
    assert isinstance(culprit, AnsweredAtOnce)


@pytest.mark.parametrize("filler", [0, 100])
async def test_equal_calls_of_a_batch_do_not_each_cost_a_worker(
    workers: Workers, graders_path: Path, filler: int
) -> None:
    alike = job(graders_path, *["die"] * 12, filler=filler).only([0] * 12)

    outcomes = await workers(alike, soon())

    assert sum(isinstance(outcome, WorkerDied) for outcome in outcomes) <= 2
    assert {type(outcome) for outcome in outcomes} == {WorkerDied, AnsweredAtOnce}


async def test_a_call_that_failed_is_known_again_however_it_was_written(workers: Workers, graders_path: Path) -> None:
    version = _version(graders_path)
    ways = [
        Call(({"n": 1}, "die"), b'{"n":1}', b'"die"'),
        Call(({"n": 1}, "die"), b'{"n": 1 }', b'"\\u0064ie"'),
        Call(({"n": 1}, {"output_text": "die"}), b'{"n":1}', b'{"output_text":"die"}'),
        Call(({"n": 1}, Sample(output_text="die")), b'{"n":1}', b'{"output_text":"die"}'),
    ]

    outcomes = [await workers(Job(version, ConfigInForce.of({}, version), [way]), soon()) for way in ways]

    assert [type(outcome) for [outcome] in outcomes] == [WorkerDied, *[AnsweredAtOnce] * 3]


@pytest.mark.parametrize("text", ["fraction", "surrogate", "huge"])
async def test_what_no_grade_can_be_is_a_crash_of_the_grader_and_costs_no_worker(
    workers: Workers, graders_path: Path, text: str
) -> None:
    before, outcome, after = await workers(job(graders_path, "a", text, "b"), soon())

    assert isinstance(outcome, GraderCrashed)
    assert not isinstance(outcome, WorkerDied)
    assert isinstance(before, Judged)
    assert isinstance(after, Judged)


async def test_a_grader_that_forks_does_not_answer_twice(workers: Workers, graders_path: Path) -> None:
    await workers(job(graders_path, "fork", "fork"), soon())
    outcomes = await workers(job(graders_path, *"abcdefgh"), soon())

    assert [facts(outcome)[0] for outcome in outcomes] == [str(n) for n in range(8)]


async def test_an_idle_worker_that_is_killed_is_replaced(workers: Workers, graders_path: Path) -> None:
    first = await workers(job(graders_path, "a", "b"), soon())
    processes = {int(facts(outcome)[1]) for outcome in first}
    for process in processes:
        os.kill(process, signal.SIGKILL)
    while workers.alive > 2 - len(processes):  # noqa: ASYNC110 - no event tells that the death of a process was noticed
        await asyncio.sleep(0.001)

    outcomes = await workers(job(graders_path, *"abcd"), soon())

    assert [facts(outcome)[0] for outcome in outcomes] == ["0", "1", "2", "3"]


async def test_a_call_in_a_group_is_answered_at_its_deadline(workers: Workers, graders_path: Path) -> None:
    """Long before its worker is stopped. Turns of the loop are counted, as a busy machine can be late by a second."""
    hanging = asyncio.create_task(workers(job(graders_path, "hang", filler=0), soon(0.3)))
    turns = 0
    while not hanging.done():
        await asyncio.sleep(0.01)
        turns += 1
    [outcome] = await hanging

    assert isinstance(outcome, DeadlineExceeded)
    assert turns < CALL_TIMEOUT_S / 0.01 / 2


async def test_a_call_that_is_late_is_answered_at_its_deadline_and_costs_no_worker(
    workers: Workers, graders_path: Path
) -> None:
    before = set(workers._all)
    [late] = await workers(job(graders_path, "gate"), soon(0.1))
    # Had it waited for its worker instead, that would have been stopped by now.
    (graders_path / "moody" / "gate").touch()
    others = await workers(job(graders_path, *["gate"] * 8), soon())

    assert isinstance(late, DeadlineExceeded)
    assert {type(other) for other in others} == {Judged}
    assert workers._all == before


async def test_the_loop_goes_on_while_a_call_hangs(workers: Workers, graders_path: Path) -> None:
    hanging = asyncio.create_task(workers(job(graders_path, "hang"), soon()))
    turns = 0
    while not hanging.done():
        await asyncio.sleep(0.01)
        turns += 1

    assert turns > CALL_TIMEOUT_S / 0.01 / 4


@pytest.mark.parametrize(("text", "code"), [("hang", "deadline_exceeded"), ("die", "grader_crashed")])
async def test_the_second_time_is_answered_at_once(workers: Workers, graders_path: Path, text: str, code: str) -> None:
    [first] = await workers(job(graders_path, text), soon())
    [second] = await workers(job(graders_path, text), soon(0.05))

    assert not isinstance(first, Judged | list | AnsweredAtOnce)
    assert (status_of(first).code, status_of(first).retry_after_s is not None) == (code, True)
    assert isinstance(second, AnsweredAtOnce)
    assert (status_of(second).code, status_of(second).retry_after_s) == (code, None)


async def test_a_deadline_that_is_not_the_call_s_own_fault_is_not_held_against_it(
    workers: Workers, graders_path: Path
) -> None:
    [cut_off] = await workers(job(graders_path, "hang"), soon(0.1))
    [again] = await workers(job(graders_path, "hang"), soon(0.1))

    assert isinstance(cut_off, DeadlineExceeded)
    assert not isinstance(again, AnsweredAtOnce)


async def test_those_beyond_what_may_wait_are_shed_and_the_others_judged(workers: Workers, graders_path: Path) -> None:
    outcomes = await workers(job(graders_path, *["a"] * 60), soon())

    assert [type(outcome) for outcome in outcomes] == [Judged] * 50 + [Overloaded] * 10
    assert "at most 50 samples and 1024 MiB may" in str(outcomes[-1])


async def test_a_bad_item_is_an_outcome(workers: Workers, graders_path: Path) -> None:
    bad = job(graders_path, "a")
    bad.calls[0].item = b'{"n": "x"}'

    [outcome] = await workers(bad, soon())

    assert isinstance(outcome, InvalidItem)
    assert [fault.pointer for fault in outcome.faults] == ["/item/n"]


async def test_a_version_whose_files_change_under_the_service_is_not_used(workers: Workers, graders_path: Path) -> None:
    (graders_path / "moody" / "v1.py").write_text(MOODY + "# changed\n")

    [outcome] = await workers(job(graders_path, "a"), soon())

    assert isinstance(outcome, GraderCrashed)
    assert "changed under the running service" in outcome.detail


async def test_a_worker_knows_no_setting_of_the_service(graders_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFT_DATABASE_URL", "postgresql://user:secret@host/name")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    workers = Workers(1, meters=Metrics(), graders_path=[graders_path])
    await workers.start()
    [outcome] = await workers(job(graders_path, "environ"), soon())
    await workers.close()

    assert isinstance(outcome, Judged)
    names = json.loads(outcome.json)["reason"].split()
    assert set(names) <= {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONPATH"}


async def test_a_worker_does_not_load_what_it_need_not(graders_path: Path) -> None:
    (graders_path / "marks").mkdir()
    (graders_path / "marks" / "v1.py").write_text(
        "from pathlib import Path\nPath(__file__).with_name('loaded').touch()\n"
    )

    for without, is_loaded in ((["marks@v1"], False), ([], True)):
        workers = Workers(1, meters=Metrics(), graders_path=[graders_path], without=without)
        await workers.start()
        await workers.close()
        assert (graders_path / "marks" / "loaded").exists() == is_loaded


async def test_close_leaves_no_process(graders_path: Path) -> None:
    workers = Workers(1, meters=Metrics(), graders_path=[graders_path])
    await workers.start()
    [outcome] = await workers(job(graders_path, "a"), soon())

    await workers.close()

    with pytest.raises(ProcessLookupError):
        os.kill(int(facts(outcome)[1]), 0)


@pytest.mark.parametrize("groups_failed", [0, 1])
async def test_close_waits_for_nothing_that_hangs(graders_path: Path, groups_failed: int) -> None:
    settings: Any = {"graders_path": [graders_path], "without": built_in(), "call_timeout_s": CALL_TIMEOUT_S}
    workers = Workers(1, meters=Metrics(), **settings)
    await workers.start()
    tasks = asyncio.all_tasks()
    asked = asyncio.create_task(workers(job(graders_path, *["hang"] * 5, filler=0), soon()))
    # All of them are served together, and then, when that has failed, one by one.
    while workers.load.served != (1 if groups_failed else 5):  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(0.01)
    asked.cancel()

    async with asyncio.timeout(2 * CALL_TIMEOUT_S):
        await workers.close()

    assert asyncio.all_tasks() == tasks


async def test_a_worker_that_is_not_ready_in_time_is_ended_and_nothing_else_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    monkeypatch.setattr(worker_process, "_START_TIMEOUT_S", 0.01)

    with pytest.raises(TimeoutError):
        await WorkerProcess.load(["1024", "[]"], lambda _: None)

    assert complaints == []
