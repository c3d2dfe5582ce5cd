"""Tallies, when all is counted, and whether they are right."""

from collections import Counter
from collections.abc import Sequence

import pytest

from app.ledger import GraderReport, Ledger, Record, RunTallies, StepReport

PATIENCE_S = 30


async def complete(ledger: Ledger, caller: str, run: str) -> RunTallies:
    """The tallies of a run with all records that it has; a step that was just counted takes its rest first."""
    tallies = await ledger.run_tallies(caller, run, patience_s=PATIENCE_S)
    while not tallies.is_complete:
        tallies = await ledger.run_tallies(caller, run, patience_s=PATIENCE_S)
    return tallies


def without_grade(judged: Sequence[Record]) -> Counter[str]:
    """Samples that one judge left without a grade, by the code of their last error, counted by hand."""
    last: dict[object, Record] = {}
    for record in sorted(judged, key=lambda record: record.record):
        place = (record.step, record.item_id, record.rollout)
        # Without item or rollout every row is a sample of its own.
        sample = record.record if None in place[1:] else place
        if sample not in last or record.reward is not None or last[sample].reward is None:
            last[sample] = record
    return Counter(record.code for record in last.values() if record.code)


def disagreements(tallies: RunTallies, reports: list[GraderReport]) -> list[str]:
    """Where tallies and a report that read every row (everybody's does) say something else of a run."""
    found = {(report.grader, report.digest): report for report in reports}
    judges = {(tally.grader, tally.digest) for _, _, each in tallies.steps for tally in each}
    wrong = [f"{judge} is only in one" for judge in judges ^ found.keys()]
    for judge in judges & found.keys():
        own = {
            step: tally for step, _, each in tallies.steps for tally in each if (tally.grader, tally.digest) == judge
        }
        report, steps = found[judge], {step.step: step for step in found[judge].steps}
        unscored: Counter[str] = Counter()
        for step, tally in own.items():
            unscored.update(tally.unscored)
            counted = (tally.graded, tally.verdicts, tally.unscored, tally.reward and tally.reward.mean)
            known = steps.pop(step, StepReport(step, 0, None, {}, {}))
            mean = None if known.mean_reward is None else pytest.approx(known.mean_reward)
            wanted = (known.graded, known.verdicts, known.unscored, mean)
            if counted != wanted:
                wrong.append(f"{judge}, step {step}: {counted}, wanted {wanted}")
        superseded = sum(tally.superseded for tally in own.values())
        if steps or superseded != report.superseded or unscored != report.unscored:
            wrong.append(f"{judge}: {superseded} superseded, {unscored} unscored, without {steps}; wanted {report}")
    return wrong
