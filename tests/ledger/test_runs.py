"""Runs and their reports: what counts, what was superseded, and that nothing is pooled."""

import random
from collections import Counter
from dataclasses import astuple
from itertools import groupby

import pytest

from app.ledger import GraderReport, Ledger, Record, StepReport
from tests.ledger.counting import without_grade
from tests.ledger.making import grade, unscored

pytestmark = pytest.mark.anyio


async def test_the_last_grade_per_step_item_and_rollout_counts(ledger: Ledger) -> None:
    place = {"run": "r", "step": 1, "item_id": "q", "rollout": 0}
    await ledger.add(
        [
            grade(**place, reward=0.0, verdict="wrong"),
            grade(**place, reward=0.5, verdict="close"),
            grade(**place | {"rollout": 1}, reward=1.0),
            grade(**place | {"step": None}, reward=1.0),
            unscored("deadline_exceeded", **place),
            unscored("deadline_exceeded", **place | {"step": 2}),
            unscored("invalid_item", run="r"),
            grade(**place | {"run": "other"}, reward=0.0),
            grade(**place, caller="alice", reward=0.0),
        ]
    )

    assert await ledger.run_report("local", "r") == [
        GraderReport(
            grader="finance_qa@v1",
            digest="d1",
            graded=3,
            superseded=1,
            unscored={"deadline_exceeded": 1, "invalid_item": 1},
            mean_reward=2.5 / 3,
            verdicts={"close": 1, "accurate": 2},
            steps=[
                StepReport(step=1, graded=2, mean_reward=0.75, verdicts={"close": 1, "accurate": 1}, unscored={}),
                StepReport(step=2, graded=0, mean_reward=None, verdicts={}, unscored={"deadline_exceeded": 1}),
                StepReport(None, graded=1, mean_reward=1.0, verdicts={"accurate": 1}, unscored={"invalid_item": 1}),
            ],
        )
    ]


@pytest.mark.parametrize("missing", ["item_id", "rollout"])
async def test_grades_without_item_or_rollout_all_count(ledger: Ledger, missing: str) -> None:
    place = {"run": "r", "step": 1, "item_id": "q", "rollout": 0, missing: None}
    await ledger.add([grade(**place), grade(**place)])

    (report,) = await ledger.run_report("local", "r")

    assert (report.graded, report.superseded) == (2, 0)


async def test_graders_and_digests_are_never_pooled(ledger: Ledger) -> None:
    place = {"run": "r", "step": 1, "item_id": "q", "rollout": 0}
    judges = [("a@v1", "d1"), ("a@v1", "d2"), ("b@v1", "d1")]
    await ledger.add([grade(**place, grader=grader, digest=digest) for grader, digest in judges])

    reports = await ledger.run_report("local", "r")

    assert [(report.grader, report.digest, report.graded) for report in reports] == [(*judge, 1) for judge in judges]


async def test_a_run_of_unscored_rows_has_no_mean(ledger: Ledger) -> None:
    await ledger.add([unscored(run="r", step=1), unscored(run="r", step=1)])

    (report,) = await ledger.run_report("local", "r")

    assert (report.graded, report.mean_reward, report.unscored) == (0, None, {"invalid_item": 2})
    assert report.steps == [StepReport(1, 0, None, {}, {"invalid_item": 2})]


async def test_an_unknown_run_has_no_report(ledger: Ledger) -> None:
    assert await ledger.run_report("local", "none") == []


async def test_a_report_is_what_counting_by_hand_gives(ledger: Ledger) -> None:
    made = _chaos()
    await ledger.add(made)

    reports = await ledger.run_report("local", "r")

    own = [record for record in made if record.caller == "local" and record.run == "r"]
    assert len(reports) == 4
    for report in reports:
        judged = [record for record in own if (record.grader, record.digest) == (report.grader, report.digest)]
        scored, counted = [record for record in judged if record.reward is not None], _counted(judged)
        assert report.graded == len(counted)
        assert report.superseded == len(scored) - len(counted) > 0
        assert report.unscored == without_grade(judged)
        assert report.mean_reward == pytest.approx(sum(record.reward or 0.0 for record in counted) / len(counted))
        assert report.verdicts == Counter(record.verdict for record in counted)
        by_step = Counter(record.step for record in counted)
        assert Counter({step.step: step.graded for step in report.steps}) == by_step
        for step in report.steps:
            assert step.unscored == without_grade([record for record in judged if record.step == step.step])
        assert sum((Counter(step.verdicts) for step in report.steps), Counter()) == report.verdicts


async def test_the_samples_of_a_run_are_its_counted_grades_in_order(ledger: Ledger) -> None:
    made = _chaos()
    await ledger.add(made)

    streamed = [record async for record in ledger.samples_of_run("local", "r", "a@v1")]

    judged = [record for record in made if (record.caller, record.run, record.grader) == ("local", "r", "a@v1")]
    expected = sorted(_counted(judged), key=lambda record: record.record)
    assert len(expected) > 100
    assert streamed == expected


async def test_the_grades_that_reports_are_made_of_are_the_counted_ones(ledger: Ledger) -> None:
    made = [*_chaos(), *(grade(run="r", grader="b@v1") for _ in range(1100))]
    await ledger.add(made)

    pages = [page async for page in ledger.counted_grades("local", "r", ["b@v1", "c@v1"])]

    judged = [record for record in made if (record.caller, record.run, record.grader) == ("local", "r", "b@v1")]
    expected = sorted(_counted(judged), key=lambda record: record.record)
    found = [one for page in pages for one in page]
    assert [astuple(one) for one in found] == [
        (one.record, one.grader, one.digest, one.step, one.item_id, one.grade) for one in expected
    ]
    assert max(map(len, pages)) == 1000
    assert [page async for page in ledger.counted_grades("local", "r", [])] == []


async def test_runs_are_listed_latest_begun_first(ledger: Ledger) -> None:
    for run in ("b", "c", "a"):
        await ledger.add([grade(run=run, created_us=1), unscored(run=run)])
    await ledger.add([grade(run="b", created_us=9), grade(), grade(caller="alice", run="z")])

    listed = await ledger.runs("local", after=None, limit=10)

    assert [(run.run, run.records) for run in listed] == [("a", 2), ("c", 2), ("b", 3)]
    assert (listed[-1].first_us, listed[-1].last_us) == (1, 9)


async def test_pages_of_runs_hold_each_run_once(ledger: Ledger) -> None:
    for n in range(11):
        await ledger.add([grade(run=f"run-{n * 7 % 11}") for _ in range(3)])

    seen: list[str] = []
    while page := await ledger.runs("local", after=seen[-1] if seen else None, limit=4):
        seen += [run.run for run in page]

    assert seen == [f"run-{n * 7 % 11}" for n in reversed(range(11))]


async def test_without_a_caller_the_runs_of_one_name_are_taken_together(ledger: Ledger) -> None:
    place = {"run": "shared", "step": 1, "item_id": "q", "rollout": 0}
    await ledger.add([grade(**place), grade(**place, caller="alice"), grade(run="own", caller="alice")])

    listed = await ledger.runs(None, after=None, limit=9)
    assert [(run.run, run.records) for run in listed] == [("own", 1), ("shared", 2)]
    assert [run.run for run in await ledger.runs(None, after="own", limit=9)] == ["shared"]
    assert [report.graded for report in await ledger.run_report(None, "shared")] == [2]
    assert len([record async for record in ledger.samples_of_run(None, "shared", None)]) == 2


async def test_an_empty_ledger_has_no_runs(ledger: Ledger) -> None:
    assert await ledger.runs("local", after=None, limit=5) == []
    assert await ledger.runs(None, after=None, limit=5) == []


def _chaos() -> list[Record]:
    dice = random.Random(11)
    made = []
    for _ in range(1500):
        place = {
            "caller": dice.choice(("local", "local", "alice")),
            "run": dice.choice(("r", "r", "s", None)),
            "grader": dice.choice(("a@v1", "b@v1")),
            "digest": dice.choice(("d1", "d2")),
            "step": dice.choice((None, 0, 1, 2)),
            "item_id": dice.choice((None, "i1", "i2", "i3", "i4", "i5")),
            "rollout": dice.choice((None, 0, 1, 2, 3, 4, 5, 6)),
        }
        score = {"reward": dice.random(), "verdict": dice.choice(("accurate", "wrong"))}
        made.append(unscored(dice.choice(("x", "y")), **place) if dice.random() < 0.1 else grade(**place, **score))
    return made


def _counted(judged: list[Record]) -> list[Record]:
    """The counting rule without SQL."""

    def attempt(record: Record) -> str:
        place = (record.digest, record.step, record.item_id, record.rollout)
        return record.record if None in place[2:] else repr(place)

    scored = sorted((record for record in judged if record.reward is not None), key=attempt)
    return [max(same, key=lambda record: record.record) for _, same in groupby(scored, key=attempt)]
