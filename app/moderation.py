"""The moderation report of a run: the grades that the ledger counts, read and handed to who evaluates them."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from app.catalogue import Catalogue
from app.errors import UnknownGrader, UnknownRun
from app.ledger import CountedGrade, GraderReport, Ledger
from app.moderation_details import FIELDS, Details, Mode, details_of
from evaluations.moderation.seen import Asked, Options, Outcome, Seen, Sight

Evaluate = Callable[[bytes], Awaitable[bytes]]
"""From the JSON of an `Asked` to that of the report."""


async def moderation_of(
    ledger: Ledger, catalogue: Catalogue, evaluate: Evaluate, caller: str | None, run: str, options: Options
) -> bytes:
    """JSON of the `RunModeration` of `run`; caller None: everybody's run of that name.

    Raises:
        UnknownRun: there is no such run, or none of its grades has the details of a moderation grade.
    """
    counted = await ledger.run_report(caller, run)
    graders = sorted({one.grader for one in counted})
    pages: dict[_Key, _Pages] = {}
    async for page in ledger.counted_grades(caller, run, [id for id in graders if await _may_moderate(catalogue, id)]):
        _add_all(pages, page)
    if not pages:
        raise UnknownRun(f"Run {run!r} of yours has no grades by a moderation grader.{_held(counted)}")
    by_judge = {(one.grader, one.digest): one for one in counted}
    seen = [pages[key].seen(key, by_judge[key.grader, key.digest]) for key in sorted(pages)]
    return await evaluate(msgspec.json.encode(Asked(run, options, seen)))


def _held(counted: Sequence[GraderReport]) -> str:
    """What a run holds instead, with a blank before it; empty: nothing."""
    graders = sorted({one.grader for one in counted if one.graded})
    grades = f" It holds grades by {', '.join(graders)}." if graders else ""
    unscored = [
        f" Unscored by {one.grader}: {', '.join(f'{code} {count}' for code, count in sorted(one.unscored.items()))}."
        for one in counted
        if one.unscored
    ]
    return grades + "".join(unscored)


async def _may_moderate(catalogue: Catalogue, id: str) -> bool:
    """Whether grades of `id` may have such details; a grader that is gone may have given them."""
    try:
        schema = (await catalogue.find(id)).version.details_schema
    except UnknownGrader:
        return True
    return set(schema.get("properties", ())) >= FIELDS


class _Key(NamedTuple):
    """What is never pooled: another grader, source, taxonomy or mode counts something else."""

    grader: str
    digest: str
    taxonomy_hash: str
    mode: Mode


@dataclass
class _Pages:
    """The samples of one key, while they are read."""

    outcomes: dict[Outcome, int] = field(default_factory=dict)
    """The distinct ones, numbered: 50,000 samples have a few hundred."""
    sights: list[Sight] = field(default_factory=list)
    parse_errors: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    f_ref: float | None = None

    def add(self, grade: CountedGrade, details: Details) -> None:
        outcome = Outcome(
            details.gold, details.predicted, details.known, details.fp, details.flagged, details.gold_flagged,
            details.parse_error is not None, details.abstained,
        )  # fmt: skip
        number = self.outcomes.setdefault(outcome, len(self.outcomes))
        # Without a name, an item is taken to be one of its own.
        self.sights.append(Sight(number, grade.item_id or grade.record, grade.step))
        if details.parse_error is not None:
            self.parse_errors[details.parse_error] += 1
        self.unknown.update(details.unknown)
        self.f_ref = details.f_ref

    def seen(self, key: _Key, counted: GraderReport) -> Seen:
        return Seen(
            *key,
            superseded=counted.superseded,
            unscored=counted.unscored,
            outcomes=list(self.outcomes),
            sights=self.sights,
            parse_errors=self.parse_errors,
            unknown=self.unknown,
            f_ref=self.f_ref,
        )


def _add_all(pages: dict[_Key, _Pages], grades: Sequence[CountedGrade]) -> None:
    """Adds `grades`; those that have no such details are passed over."""
    for grade in grades:
        details = details_of(grade.grade)
        if details is None:
            continue
        key = _Key(grade.grader, grade.digest, details.taxonomy_hash, details.mode)
        pages.setdefault(key, _Pages()).add(grade, details)
