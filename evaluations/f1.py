"""Corpus F1 of one system, with what it takes to read it: tables, intervals, trivial baselines, warnings."""

import math
from collections.abc import Iterator

from evaluations.answers import BaselineAnswer, F1Answer, IntervalAnswer, LabelAnswer, Notice
from evaluations.baselines import baselines
from evaluations.corpus import NO_HEADLINE, Corpus, conventions_answer, score_answer
from evaluations.labels import labels_of
from evaluations.requests import Bootstrap, F1Request
from evaluations.resampling import bootstrap, spread
from evaluations.scores import mean

_UNSPREAD = "Fewer than two resamples have a defined F."


def evaluate(asked: F1Request) -> F1Answer:
    """The answer to a request that was read by `requests.read`.

    Raises:
        InvalidEvaluation: its columns or conventions make no sense together.
    """
    labels = labels_of(asked, (asked.y_true, asked.y_pred))
    corpus = Corpus(asked, labels, asked)
    trivial = list(baselines(asked.kind, corpus))
    undefined = dict(corpus.undefined(corpus.score))
    for number, score in enumerate(corpus.label_scores):
        undefined |= corpus.undefined(score, f"/per_label/{number}")
    for number, baseline in enumerate(trivial):
        undefined |= corpus.undefined(corpus.score_of(baseline.rows), f"/baselines/{number}")
    answer = F1Answer(
        **conventions_answer(asked, corpus),
        **score_answer(corpus.score),
        rows=len(asked.y_true),
        support=corpus.support,
        counts=corpus.counts_answer,
        per_label=list(_per_label(corpus)),
        macro_supported=_macro_supported(corpus),
        interval=corpus.interval,
        bootstrap=None if asked.bootstrap is None else _bootstrap(asked, asked.bootstrap, corpus),
        baselines=[
            BaselineAnswer(
                name=name,
                prediction=None if label is None else labels[label],
                **score_answer(corpus.score_of(rows)),
            )
            for name, label, rows in trivial
        ],
        warnings=[],
        undefined=undefined,
    )
    answer.undefined |= _absent(asked, answer, corpus)
    answer.warnings.extend(_warnings(asked, answer, corpus))
    return answer


def _per_label(corpus: Corpus) -> Iterator[LabelAnswer]:
    for label, table, score in zip(corpus.labels, corpus.tables, corpus.label_scores, strict=True):
        yield LabelAnswer(
            label=label,
            **table._asdict(),
            support=table.tp + table.fn,
            interval=corpus.label_interval(table),
            **score_answer(score),
        )


def _macro_supported(corpus: Corpus) -> float | None:
    if corpus.average != "macro":
        return None
    found = mean([score.f for score, (tp, _, fn, _) in zip(corpus.label_scores, corpus.tables, strict=True) if tp + fn])
    return None if math.isnan(found) else found


def _bootstrap(asked: F1Request, wanted: Bootstrap, corpus: Corpus) -> IntervalAnswer | None:
    if corpus.average == "none":
        return None
    units = corpus.unit_sums(asked.groups)
    values = bootstrap(units, corpus.f_of, wanted.resamples, wanted.seed)
    found = spread(values, asked.level)
    if found is None:
        return None
    (low, high), error = found
    return IntervalAnswer(
        method="bootstrap", level=asked.level, low=low, high=high, standard_error=error,
        resamples=len(values), units=len(units), seed=wanted.seed,
    )  # fmt: skip


def _absent(asked: F1Request, answer: F1Answer, corpus: Corpus) -> Iterator[tuple[str, str]]:
    """Reasons for the null parts that are no scores."""
    if answer.interval is None:
        yield "/interval", corpus.why_no_interval
    if answer.bootstrap is None:
        unspread = NO_HEADLINE if corpus.average == "none" else _UNSPREAD
        yield "/bootstrap", "Not asked for." if asked.bootstrap is None else unspread
    if answer.macro_supported is None:
        yield (
            "/macro_supported",
            "No supported label has an F." if corpus.average == "macro" else "The average is another.",
        )


def _warnings(asked: F1Request, answer: F1Answer, corpus: Corpus) -> Iterator[Notice]:
    if corpus.average == "binary":
        if not answer.support:
            yield Notice(
                code="no_positive_gold", detail="No row is positive: F says nothing, read the false positives."
            )
        elif not answer.counts.fp + answer.counts.tn:
            yield Notice(code="one_class_gold", detail="Every row is positive: always yes has F 1, read the recall.")
    if corpus.average == "micro" and asked.kind in {"binary", "multiclass"} and asked.unknown != "drop":
        yield Notice(code="micro_is_accuracy", detail="With one label per row the micro average is the accuracy.")
    if asked.labels is None and asked.kind in {"multiclass", "multilabel"}:
        yield from _undeclared(answer)
    if unknown := corpus.read.unknown:
        [(name, rows)] = unknown.most_common(1)
        detail = f"{unknown.total()} predicted labels are not declared, most often {name!r} (in {rows} rows)."
        yield Notice(code="unknown_labels", detail=f"{detail} Case and blanks count.")
    better = [baseline.name for baseline in answer.baselines if baseline.f and baseline.f >= (answer.f or 0)]
    if better:
        yield Notice(code="not_above_trivial", detail=f"F is not above that of {' and '.join(better)}.")


def _undeclared(answer: F1Answer) -> Iterator[Notice]:
    strange = [table.label for table in answer.per_label if not table.support]
    if strange:
        shown = ", ".join(map(repr, strange[:5]))
        yield Notice(
            code="labels_not_declared",
            detail=f"{len(strange)} predicted labels are never right ({shown}) and pull macro down; declare `labels`.",
        )
