"""Two runs as the sides of a comparison: the grades of a moderation grader that the ledger counts, as columns."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.errors import UnknownRun
from app.ledger import Ledger, Record
from app.moderation_details import Details, Mode, details_of
from evaluations.answers import Notice
from evaluations.errors import IdsDiffer, InvalidEvaluation
from graders.errors import Fault

_SHOWN_MAX = 5


@dataclass(frozen=True, slots=True)
class ChosenRun:
    """Which grades of a run are meant; of those it has only one choice, None names it."""

    run: str
    grader: str | None = None
    step: int | None = None
    pointer: str = ""
    """Where the choice stands in the request."""


class _Judge(NamedTuple):
    """What must be one on a side, and the same on both."""

    grader: str
    digest: str
    taxonomy_hash: str
    mode: Mode


class _Sample(NamedTuple):
    item_id: str
    rollout: int | None

    @property
    def id(self) -> str:
        return self.item_id if self.rollout is None else f"{self.item_id} #{self.rollout}"


@dataclass
class _Run:
    """The grades of one side, by sample."""

    judge: _Judge
    details: dict[_Sample, Details] = field(default_factory=dict)
    repeated: int = 0
    """Grades of no rollout whose item has a later one: they count in the run, and cannot be told apart here."""


class Sides(NamedTuple):
    """The part of a compare request that two runs make."""

    request: dict[str, Any]
    abstained: int
    """Samples that are left out because A or B abstains."""
    repeated: int
    """Grades that are left out because a later one has the same item, and neither says which rollout it is."""

    @property
    def warnings(self) -> list[Notice]:
        """What the answer must say of its rows: no F without its coverage."""
        abstained = f"{self.abstained} samples left out, because A or B abstains: F is that of the others alone."
        repeated = (
            f"{self.repeated} grades left out, because a later one of the same run is of the same item: samples of one "
            "item are told apart by `run.rollout`."
        )
        found = [("abstained", self.abstained, abstained), ("no_rollout", self.repeated, repeated)]
        return [Notice(code=code, detail=detail) for code, left_out, detail in found if left_out]


async def sides_of(ledger: Ledger, caller: str | None, a: ChosenRun, b: ChosenRun) -> Sides:
    """`kind`, `labels`, `a` and `b` of a request that compares two runs.

    Caller None: everybody's runs of these names.

    Raises:
        UnknownRun: there is no such run.
        InvalidEvaluation: it has no grades by a moderation grader, leaves several graders or steps to choose from, or
            its grades do not say of which item.
        IdsDiffer: nothing is left that both have judged.
    """
    runs = [await _read(ledger, caller, chosen) for chosen in (a, b)]
    silent = {sample for run in runs for sample, details in run.details.items() if details.abstained}
    mode = runs[0].judge.mode
    labels = _labels(runs)
    columns = [_columns(run, silent, mode, labels) for run in runs]
    if not all(column["ids"] for column in columns):
        raise IdsDiffer("Of every sample, one of the two runs abstains.", (Fault("/a", "Nothing is left."),))
    request: dict[str, Any] = {"kind": "flag" if mode == "flag" else "multilabel"}
    if mode != "flag":
        request["labels"] = labels
    for key, chosen, run, column in zip("ab", (a, b), runs, columns, strict=True):
        version = f"{run.judge.digest}, taxonomy {run.judge.taxonomy_hash}, mode {run.judge.mode}"
        request[key] = {"name": chosen.run, "version": version, **column}
    return Sides(request, len(silent), sum(run.repeated for run in runs))


async def _read(ledger: Ledger, caller: str | None, chosen: ChosenRun) -> _Run:
    found: dict[_Judge, _Run] = {}
    steps: set[int | None] = set()
    async for record, details in _grades(ledger, caller, chosen):
        if chosen.step is not None and record.step != chosen.step:
            continue
        if record.item_id is None:
            raise _unclear(chosen, "", "Grades without `run.item_id` cannot be paired.")
        steps.add(record.step)
        judge = _Judge(record.grader, record.digest, details.taxonomy_hash, details.mode)
        run = found.setdefault(judge, _Run(judge))
        sample = _Sample(record.item_id, record.rollout)
        run.repeated += sample in run.details
        run.details[sample] = details
    if not found:
        raise await _not_of_moderation(ledger, caller, chosen)
    if len(steps) > 1:
        raise _unclear(chosen, "/step", f"It has several steps: {_some(steps)}. Name one.")
    if len(found) > 1:
        judges = _some({f"{judge.grader} ({judge.digest[:15]}, mode {judge.mode})" for judge in found})
        raise _unclear(chosen, "/grader", f"It was judged by {judges}. Name one `grader`, or grade it anew by one.")
    return next(iter(found.values()))


async def _not_of_moderation(ledger: Ledger, caller: str | None, chosen: ChosenRun) -> UnknownRun | InvalidEvaluation:
    """Why nothing was chosen: there is no such run, or it is one of other graders, or of other steps."""
    reports = await ledger.run_report(caller, chosen.run)
    held = {report.grader for report in reports}
    if not held:
        whose = "" if caller is None else f" of {caller!r}"
        return UnknownRun(f"No run {chosen.run!r}{whose}.")
    step = "" if chosen.step is None else f" at step {chosen.step}"
    by = "" if chosen.grader is None else f", {chosen.grader}"
    steps = {report.step for one in reports for report in one.steps}
    at = "" if chosen.step is None or chosen.step in steps else f" at steps {_some(steps)}"
    return _unclear(
        chosen,
        "/run" if not at else "/step",
        f"It has no grades by a moderation grader{by}{step}; it holds grades by {_some(held)}{at}. Runs of any grader "
        "are held against each other by GET /v1/run-comparison, and by Compare on the page.",
    )


async def _grades(ledger: Ledger, caller: str | None, chosen: ChosenRun) -> AsyncIterator[tuple[Record, Details]]:
    """The grades that count and have the details of a moderation grade."""
    async for record in ledger.samples_of_run(caller, chosen.run, chosen.grader):
        details = details_of(record.grade)
        if details is not None:
            yield record, details


def _labels(runs: list[_Run]) -> list[str]:
    """The labels that somebody looked for; where all were, in the taxonomy's order."""
    lists = {details.known for run in runs for details in run.details.values()}
    longest = min(lists, key=lambda known: (-len(known), known))
    return [*longest, *sorted({label for known in lists for label in known} - set(longest))]


def _columns(run: _Run, silent: set[_Sample], mode: Mode, labels: list[str]) -> dict[str, Any]:
    heard = sorted((sample for sample in run.details if sample not in silent), key=lambda sample: sample.id)
    found = [run.details[sample] for sample in heard]
    columns: dict[str, Any] = {
        "ids": [sample.id for sample in heard],
        "groups": [sample.item_id for sample in heard],
    }
    if mode == "flag":
        return columns | {"y_true": [one.gold_flagged for one in found], "y_pred": [one.flagged for one in found]}
    return columns | {
        "y_true": [list(one.gold) for one in found],
        "y_pred": [_predicted(one) for one in found],
        "known": [None if len(one.known) == len(labels) else list(one.known) for one in found],
    }


def _predicted(details: Details) -> list[str] | None:
    """The labels as they were counted, and one that is no label for every false positive that belongs to none."""
    if details.parse_error is not None:
        return None
    surplus = details.fp - len(set(details.predicted) - set(details.gold))
    return [*details.predicted, *(f"\N{NO-BREAK SPACE}unknown {number}" for number in range(surplus))]


def _unclear(chosen: ChosenRun, field: str, detail: str) -> InvalidEvaluation:
    return InvalidEvaluation(f"Run {chosen.run!r}: {detail}", (Fault(f"{chosen.pointer}{field}", detail),))


def _some(found: set[Any]) -> str:
    shown = sorted(map(str, found))
    return ", ".join(shown[:_SHOWN_MAX]) + (f" and {len(shown) - _SHOWN_MAX} more" if len(shown) > _SHOWN_MAX else "")
