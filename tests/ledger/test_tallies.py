"""Tallies of steps are what counting a run's records by hand gives, however these came to the database and went."""

import asyncio
import gc
import json
import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy
import pytest

from app.ledger import GraderReport, Ledger, LedgerUnavailable, Record, RunTallies, StepTally, migrate, steps
from app.ledger.opening import open_database
from app.ledger.tallies import QUANTILES, spread
from app.ledger.tallying import Tallying
from app.run_watch import RunWatch
from app.settings import worker_environment
from tests.ledger.counting import PATIENCE_S, complete, without_grade
from tests.ledger.making import credit, grade, unscored

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("seed", range(3))
async def test_tallies_are_what_counting_by_hand_gives(ledger: Ledger, seed: int) -> None:
    dice = random.Random(seed)
    made: list[Record] = []
    for _ in range(4):
        some = _chaos(dice, 250)
        dice.shuffle(some)
        await ledger.add(some[:200])
        await ledger.add_credit(credit(*some[200:]), some[200:])
        made += some
        _agree(await _tallies(ledger), made)


async def test_a_report_reads_row_by_row_only_what_is_not_counted_yet(ledger: Ledger) -> None:
    made = [one for one in _chaos(random.Random(4), 900) if one.caller == "local"]
    await ledger.add([one for one in made[:600] if one.step != 7])
    await complete(ledger, "local", "r")
    await ledger.add([one for one in made[600:] if one.step != 0])

    partly, whole = await ledger.run_report("local", "r"), await ledger.run_report(None, "r")

    assert len(whole) == 4
    for one, other in zip(partly, whole, strict=True):
        assert one.mean_reward == pytest.approx(other.mean_reward)
        assert [step.mean_reward for step in one.steps] == pytest.approx([step.mean_reward for step in other.steps])
        assert _without_means(one) == _without_means(other)


async def test_a_grade_that_is_left_out_is_not_counted(ledger: Ledger) -> None:
    first = grade(run="r", step=1, idempotency_key="k", body_sha256=b"1")
    await ledger.add([first])
    await ledger.add([grade(run="r", step=1, idempotency_key="k", body_sha256=b"1"), grade(run="r", step=2)])
    await ledger.add([first])

    tallies = await _tallies(ledger)

    assert [(step, records) for step, records, _ in tallies.steps] == [(1, 1), (2, 1)]


async def test_replicas_that_record_the_same_steps_at_once_count_each_grade_once(database_url: str) -> None:
    ledgers = [await Ledger.open(database_url) for _ in range(3)]
    groups = [[grade(run="r", step=step) for step in order for _ in range(40)] for order in ((1, 2), (2, 1), (1, 2))]

    for _ in range(5):
        given = [[grade(run="r", step=record.step) for record in group] for group in groups]
        await asyncio.gather(*(ledger.add(group) for ledger, group in zip(ledgers, given, strict=True)))

    tallies = await _tallies(ledgers[0])
    assert [(step, records) for step, records, _ in tallies.steps] == [(1, 600), (2, 600)]
    assert not any(ledger.is_away for ledger in ledgers)
    for ledger in ledgers:
        await ledger.close()


async def test_records_that_were_there_before_the_counts_are_counted(database_url: str, ledger: Ledger) -> None:
    made = _chaos(random.Random(9), 300)
    await ledger.add(made)
    database = open_database(database_url)
    await database.exclusively(_to_the_release_before)

    await migrate(database_url)

    _agree(await _tallies(ledger), made)
    await database.close()


async def test_a_step_is_counted_again_only_when_it_got_records(ledger: Ledger, database_url: str) -> None:
    await ledger.add([grade(run="r", step=step) for step in (1, 2)])
    await _tallies(ledger)
    database = open_database(database_url)
    await database.run(
        lambda connection: connection.exec_driver_sql("UPDATE records SET verdict = 'changed' WHERE run_id = 'r'")
    )
    await ledger.add([grade(run="r", step=2)])

    tallies = await _tallies(ledger)

    assert [each[0].verdicts for _, _, each in tallies.steps] == [{"accurate": 1}, {"accurate": 1, "changed": 1}]
    await database.close()


async def test_a_report_that_cannot_wait_says_how_much_it_has(ledger: Ledger) -> None:
    await ledger.add([grade(run="r", step=step) for step in range(60)])

    first = await ledger.run_tallies("local", "r", patience_s=0)
    whole = await _tallies(ledger)

    assert (first.records, whole.records, whole.counted) == (60, 60, 60)
    assert first.counted < 60


async def test_only_steps_that_are_over_are_counted_unasked(ledger: Ledger, database_url: str) -> None:
    await ledger.add([grade(run="r", step=1, record="01890a5d-ac96-774b-bcce-b302099a8057"), grade(run="r", step=2)])
    database = open_database(database_url)
    tallying = Tallying(database)

    assert await tallying.settle("local", "r")

    left = await database.run(lambda connection: steps.stale(connection, "local", "r"))
    assert [state.step for state in left] == [2]
    await database.close()


async def test_runs_that_get_records_are_counted_before_anybody_asks(ledger: Ledger, database_url: str) -> None:
    record = grade(run="r", step=1, record="01890a5d-ac96-774b-bcce-b302099a8057")
    await ledger.add([record])
    watch, database = RunWatch(database_url, worker_environment(), tell_after_s=0), open_database(database_url)

    watch.touched([record])

    async with asyncio.timeout(60):
        while await database.run(lambda connection: steps.stale(connection, "local", "r")):
            pass
    await watch.close()
    await database.close()


async def test_another_callers_run_of_the_same_name_is_another_run(ledger: Ledger) -> None:
    await ledger.add([grade(run="r", step=1), grade(run="r", step=1, caller="alice", reward=0.0)])

    tallies = await complete(ledger, "alice", "r")

    assert (tallies.records, tallies.steps[0][2][0].reward) == (1, spread([0.0]))
    assert await ledger.callers_of("r") == ["alice", "local"]


async def test_rewards_of_any_size_have_a_spread() -> None:
    huge = spread([1.7e308, -1.7e308, 1.7e308])

    assert huge is not None
    assert huge.mean == pytest.approx(1.7e308 / 3)
    assert huge.sd is None
    assert all(abs(value) <= 1.7e308 for value in huge.quantiles)


async def test_a_database_that_goes_away_while_a_run_is_counted_is_told_to_whoever_asks_next(
    ledger: Ledger, database_url: str
) -> None:
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    await ledger.add([grade(run="r", step=n) for n in range(400)])
    assert not (await ledger.run_tallies("local", "r", patience_s=0.0)).is_complete
    database = open_database(database_url)
    await database.run(lambda connection: connection.exec_driver_sql("DROP TABLE records"))

    await database.close()

    if counting := [task for task in asyncio.all_tasks() if task.get_name() == "run-tallies"]:
        await asyncio.wait(counting)
        counting.clear()
    with pytest.raises(LedgerUnavailable):
        await ledger.run_tallies("local", "r", patience_s=PATIENCE_S)

    gc.collect()
    assert complaints == []


async def _tallies(ledger: Ledger) -> RunTallies:
    return await complete(ledger, "local", "r")


def _without_means(report: GraderReport) -> GraderReport:
    return replace(report, mean_reward=None, steps=[replace(step, mean_reward=0.0) for step in report.steps])


def _to_the_release_before(connection) -> None:
    on = " ON records" if connection.dialect.name == "postgresql" else ""
    for name in ("added", "deleted"):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS records_{name}{on}")
        if on:
            connection.exec_driver_sql(f"DROP FUNCTION count_{name}_records()")
    for table in ("run_steps", "step_tallies"):
        connection.exec_driver_sql(f"DROP TABLE {table}")
    connection.exec_driver_sql("DROP INDEX records_unscored")
    connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0004'")


def _chaos(dice: random.Random, count: int) -> list[Record]:
    return [_one(dice) for _ in range(count)]


def _one(dice: random.Random) -> Record:
    place = {
        "caller": dice.choice(("local", "local", "local", "alice")),
        "run": dice.choice(("r", "r", "r", "s", None)),
        "grader": dice.choice(("a@v1", "b@v1")),
        "digest": dice.choice(("d1", "d1", "d2")),
        "step": dice.choice((None, -3, 0, 7)),
        "item_id": dice.choice((None, "i1", "i2", "i3")),
        "rollout": dice.choice((None, 0, 1, 2)),
        "group": dice.choice((None, None, "g1", "g2")),
        "duration_us": dice.randrange(1, 9_000_000),
        "created_us": dice.randrange(10**15, 2 * 10**15),
    }
    if dice.random() < 0.1:
        return unscored(dice.choice(("x", "y")), **place)
    said = {"answer": dice.choice((None, "12", "x" * 70, "13"))}
    if dice.random() < 0.7:
        said["sub_rewards"] = {"format": dice.random(), "value": dice.choice((0.0, 1.0))}
    calls = [{"function": {"name": "f", "arguments": dice.choice("ab")}} for _ in range(dice.randrange(4))]
    sample = {"output_text": "t" * dice.randrange(90)} | ({"output_tools": calls} if calls else {})
    return grade(
        **place,
        reward=dice.choice((0.0, 0.25, 1.0)),
        verdict=dice.choice(("accurate", "wrong")),
        grade=json.dumps(said).encode(),
        sample=json.dumps(sample).encode(),
    )


def _agree(tallies: RunTallies, made: Sequence[Record]) -> None:
    own = [record for record in made if (record.caller, record.run) == ("local", "r")]
    assert tallies.records == tallies.counted == len(own)
    steps = sorted({record.step for record in own}, key=lambda step: (step is None, step or 0))
    assert [step for step, _, _ in tallies.steps] == steps
    for step, count, each in tallies.steps:
        at_step = [record for record in own if record.step == step]
        assert count == len(at_step)
        judges = sorted({(record.grader, record.digest) for record in at_step})
        assert [(tally.grader, tally.digest) for tally in each] == judges
        for tally in each:
            _agree_on(tally, [one for one in at_step if (one.grader, one.digest) == (tally.grader, tally.digest)])


def _agree_on(tally: StepTally, judged: list[Record]) -> None:
    scored = [record for record in judged if record.reward is not None]
    counted = _counted(scored)
    said = {record.record: json.loads(record.grade) for record in counted}
    assert (tally.graded, tally.superseded) == (len(counted), len(scored) - len(counted))
    assert tally.unscored == without_grade(judged)
    assert tally.verdicts == Counter(record.verdict for record in counted)
    _same_spread(tally.reward, [record.reward for record in counted])
    _same_spread(tally.duration_ms, [record.duration_us / 1000 for record in counted])
    _same_spread(tally.sample_bytes, [len(record.sample) for record in counted])
    answers = [answer for one in said.values() if (answer := one["answer"]) is not None]
    _same_spread(tally.answer_chars, [len(answer) for answer in answers])
    assert (tally.answered, tally.distinct_answers) == (len(answers), len(set(answers)))
    assert tally.common_answer == max(Counter(answers).values(), default=0)
    if answers:
        assert Counter(answers)[said[tally.common_record]["answer"]] == tally.common_answer
    greatest = max((record.reward for record in counted), default=None)
    assert tally.at_greatest == sum(record.reward == greatest for record in counted)
    _agree_on_groups(tally, counted, said)
    for name in ("format", "value"):
        values = [one["sub_rewards"][name] for one in said.values() if "sub_rewards" in one]
        assert (name in tally.parts) == bool(values)
        if values:
            assert (tally.parts[name].count, tally.parts[name].mean) == (
                len(values),
                pytest.approx(statistics.fmean(values)),
            )
    calls = [sample["output_tools"] for one in counted if "output_tools" in (sample := json.loads(one.sample))]
    repeats = sum(len(each) - len({json.dumps(call) for call in each}) for each in calls)
    assert (tally.tool_samples, tally.tool_calls, tally.tool_repeats) == (len(calls), sum(map(len, calls)), repeats)
    assert tally.first_us == min(record.created_us for record in judged)
    assert tally.last_us == max(record.created_us for record in judged)


def _agree_on_groups(tally: StepTally, counted: list[Record], said: dict[str, dict]) -> None:
    groups = defaultdict(list)
    for record in counted:
        if (name := record.group or record.item_id) is not None:
            groups[name].append(record)
    groups = [group for group in groups.values() if len(group) > 1]
    flat = sum(len({record.reward for record in group}) == 1 for group in groups)
    answers = [{said[record.record]["answer"] for record in group} for group in groups]
    same = sum(len(each) == 1 and None not in each for each in answers)
    assert (tally.groups, tally.flat_groups, tally.same_groups) == (len(groups), flat, same)


def _same_spread(found, values: list[float]) -> None:
    """Held against numpy."""
    if not values:
        assert found is None
        return
    assert (found.count, found.least, found.greatest) == (len(values), min(values), max(values))
    assert found.mean == pytest.approx(numpy.mean(values))
    assert found.quantiles == pytest.approx(numpy.quantile(values, QUANTILES))
    if len(values) > 1:
        assert found.sd == pytest.approx(numpy.std(values, ddof=1))


def _counted(scored: list[Record]) -> list[Record]:
    """Of several grades with one item and rollout the last one; all without."""
    last = {}
    for record in sorted(scored, key=lambda record: record.record):
        alone = record.item_id is None or record.rollout is None
        last[record.record if alone else (record.item_id, record.rollout)] = record
    return list(last.values())
