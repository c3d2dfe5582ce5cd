"""Runs: which there are, and what each grader made of one. What counts is decided here and nowhere else."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import CTE, ColumnElement, Connection, Subquery, bindparam, case, func, literal, select, true

from app.ledger import steps
from app.ledger.steps import counted_records
from app.ledger.tables import records, run_steps
from app.ledger.tallies import StepTally
from app.records import GraderReport, RunSummary, StepReport

_c = records.c


def runs(connection: Connection, caller: str | None, after: str | None, limit: int) -> list[RunSummary]:
    """At most `limit` runs, the latest begun first, beginning below the run `after`.

    Without a caller: everybody's, runs of one name taken together.
    """
    begun = _begun(caller)
    page = select(begun).order_by(begun.c.first.desc()).limit(limit)
    if after is not None:
        page = page.where(begun.c.first < select(begun.c.first).where(begun.c.run == after).scalar_subquery())
    chosen = page.subquery("page")
    first, last = records.alias("first"), records.alias("last")
    rows = counted_records(_counts_of(caller), chosen.c.run)
    found = connection.execute(
        select(chosen.c.run, rows, first.c.created_us, last.c.created_us)
        .join_from(chosen, first, first.c.record == chosen.c.first)
        .join(last, last.c.record == chosen.c.last)
        .order_by(chosen.c.first.desc())
    )
    return [RunSummary(run, int(rows), first_us, last_us) for run, rows, first_us, last_us in found]


def run_report(connection: Connection, caller: str | None, run: str) -> list[GraderReport]:
    """What each grader id and digest made of `run`, sorted by them; empty: there is no such run.

    Only steps that got records since they were counted are read row by row.
    """
    tallies: dict[tuple[str, str], _Tally] = defaultdict(_Tally)
    kept = [] if caller is None else steps.states(connection, caller, run)
    current = [state for state in kept if state.is_current]
    for state in current:
        for tally in state.tallies:
            tallies[tally.grader, tally.digest].add_step(state.step, tally)
    if not current or len(current) < len(kept):
        _add_rows(connection, _ranked(caller, run, [state.step for state in current]), tallies)
    return [tallies[judge].report(*judge) for judge in sorted(tallies)]


def _add_rows(connection: Connection, ranked: Subquery, tallies: dict[tuple[str, str], "_Tally"]) -> None:
    kind = (ranked.c.step, ranked.c.verdict, ranked.c.code, ranked.c.digest, ranked.c.grader)
    counted = case((ranked.c.counts, 1), else_=0)
    reward = case((ranked.c.counts, ranked.c.reward))
    query = select(*kind, func.count(), func.sum(counted), func.sum(reward)).group_by(*kind)
    for step, verdict, code, digest, grader, rows, counting, reward_sum in connection.execute(query):
        tally = tallies[grader, digest]
        if verdict is None:
            tally.step_unscored[step][code] += counting
        else:
            tally.add(step, verdict, rows, counting, reward_sum)


def counted_ids(connection: Connection, caller: str | None, run: str, graders: Collection[str] | None) -> Sequence[str]:
    """Ids of the grades that count, in the order in which they were made; only those by `graders` if any are named."""
    ranked = _ranked(caller, run)
    query = select(ranked.c.record).where(ranked.c.counts, ranked.c.reward.is_not(None)).order_by(ranked.c.record)
    return connection.scalars(query if graders is None else query.where(ranked.c.grader.in_(graders))).all()


@dataclass
class _Tally:
    """Sums over one grader id and digest."""

    superseded: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    step_unscored: dict[int | None, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    step_verdicts: dict[int | None, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    step_sums: dict[int | None, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, step: int | None, verdict: str, rows: int, graded: int, reward_sum: float | None) -> None:
        self.superseded += rows - graded
        if reward_sum is None:
            return
        self.verdicts[verdict] += graded
        self.step_verdicts[step][verdict] += graded
        self.step_sums[step] += reward_sum

    def add_step(self, step: int | None, tally: StepTally) -> None:
        """Adds a step that was counted before."""
        self.superseded += tally.superseded
        self.step_unscored[step].update(tally.unscored)
        if tally.reward is not None:
            self.verdicts.update(tally.verdicts)
            self.step_verdicts[step].update(tally.verdicts)
            self.step_sums[step] += tally.reward.mean * tally.graded

    def report(self, grader: str, digest: str) -> GraderReport:
        graded = self.verdicts.total()
        return GraderReport(
            grader=grader,
            digest=digest,
            graded=graded,
            superseded=self.superseded,
            unscored=dict(+sum(self.step_unscored.values(), Counter())),
            mean_reward=sum(self.step_sums.values()) / graded if graded else None,
            verdicts=dict(self.verdicts),
            steps=[self._step(step) for step in sorted(self._steps(), key=_known_steps_first)],
        )

    def _steps(self) -> set[int | None]:
        """The steps that have something to count."""
        return {*self.step_verdicts, *(step for step, unscored in self.step_unscored.items() if unscored.total())}

    def _step(self, step: int | None) -> StepReport:
        verdicts, unscored = self.step_verdicts.get(step, Counter()), self.step_unscored.get(step, Counter())
        graded = verdicts.total()
        mean = self.step_sums[step] / graded if graded else None
        return StepReport(step, graded, mean, dict(verdicts), dict(+unscored))


def _known_steps_first(step: int | None) -> tuple[bool, int]:
    return step is None, step or 0


def _ranked(caller: str | None, run: str, without: Sequence[int | None] = ()) -> Subquery:
    """The run's rows, each with `counts`; those of the steps `without` may be left out.

    Of the rows with one step, item and rollout that a grader made with one digest one counts: the last grade, or if
    there is none the last error. A row without item or rollout always does.
    """
    attempt = (_c.step, _c.item_id, _c.rollout, _c.digest, _c.grader, _c.caller)
    rank = func.row_number().over(partition_by=attempt, order_by=(_c.reward.is_(None), _c.record.desc()))
    counts = _c.item_id.is_(None) | _c.rollout.is_(None) | (rank == 1)
    columns = (_c.record, _c.grader, _c.digest, _c.step, _c.reward, _c.verdict, _c.code)
    own = select(*columns, counts.label("counts")).where(_of(caller), _c.run == run, *_outside(without))
    return own.subquery("ranked")


def _outside(steps_left_out: Sequence[int | None]) -> list[ColumnElement[bool]]:
    """Conditions that leave out these steps."""
    named = [step for step in steps_left_out if step is not None]
    found: list[ColumnElement[bool]] = [_c.step.is_not(None)] if len(named) < len(steps_left_out) else []
    if named:
        # Written into the statement: there may be more of them than a statement may have parameters.
        found.append(
            _c.step.is_(None) | _c.step.not_in(bindparam("steps", named, expanding=True, literal_execute=True))
        )
    return found


def _begun(caller: str | None) -> Subquery:
    """Every run with the ids of its first and last record.

    Found by jumping through the index from one name to the next, so the cost is by runs, not by records.
    """
    callers = _callers() if caller is None else select(literal(caller).label("caller")).cte()
    next_run = select(func.min(_c.run)).where(_c.run.is_not(None))
    start = select(callers.c.caller, next_run.where(_c.caller == callers.c.caller).scalar_subquery().label("run"))
    names = start.where(callers.c.caller.is_not(None)).cte("names", recursive=True)
    following = next_run.where(_c.caller == names.c.caller, _c.run > names.c.run).scalar_subquery()
    names = names.union_all(select(names.c.caller, following).where(names.c.run.is_not(None)))
    own = (_c.caller == names.c.caller, _c.run == names.c.run)
    ends = (
        select(
            names.c.run,
            select(func.min(_c.record)).where(*own).scalar_subquery().label("first"),
            select(func.max(_c.record)).where(*own).scalar_subquery().label("last"),
        )
        .where(names.c.run.is_not(None))
        .subquery("ends")
    )
    first, last = func.min(ends.c.first).label("first"), func.max(ends.c.last).label("last")
    return select(ends.c.run, first, last).group_by(ends.c.run).subquery("begun")


def _counts_of(caller: str | None) -> ColumnElement[bool]:
    return true() if caller is None else run_steps.c.caller == caller


def _of(caller: str | None) -> ColumnElement[bool]:
    """Named one by one, all callers still use the indexes, which begin with the caller."""
    return _c.caller.in_(select(_callers().c.caller)) if caller is None else _c.caller == caller


def _callers() -> CTE:
    first = select(func.min(_c.caller).label("caller")).cte(recursive=True)
    following = select(func.min(_c.caller)).where(_c.caller > first.c.caller).scalar_subquery()
    return first.union_all(select(following).where(first.c.caller.is_not(None)))
