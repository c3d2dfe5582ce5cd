"""The report of one grader id, digest, taxonomy and mode, and of a run."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec

from evaluations.answers import CountsAnswer
from evaluations.corpus import ZERO_DIVISION, score_answer
from evaluations.moderation.answers import (
    Block,
    FlagBlock,
    LabelRow,
    ModerationReport,
    RunModeration,
    SamplesBlock,
    UnknownName,
)
from evaluations.moderation.corpus import Corpus
from evaluations.moderation.seen import Asked, Ground, Options, Seen
from evaluations.moderation.stretches import POSITIVES_MIN, Course, rates
from evaluations.requests import Kind
from evaluations.scores import mean

_KINDS: Mapping[str, Kind] = {"set": "multilabel", "class": "multiclass", "flag": "flag"}
_UNKNOWN_SHOWN = 10
_NOTHING = "No sample that does not abstain."


def answer(body: bytes) -> bytes:
    """JSON of a RunModeration for the JSON of an `Asked`."""
    return report_of(msgspec.json.decode(body, type=Asked)).model_dump_json().encode()


def report_of(asked: Asked) -> RunModeration:
    """One report per entry of `asked.seen`, in their order."""
    options = asked.options
    return RunModeration(
        run=asked.run,
        beta=options.beta,
        zero_division=options.zero_division,
        level=options.level,
        window=options.window,
        reports=[_report(seen, options) for seen in asked.seen],
    )


def _report(seen: Seen, options: Options) -> ModerationReport:
    kind, sights, ground = _KINDS[seen.mode], seen.sights, Ground(seen.outcomes)
    course = Course(sights, ground, kind, options)
    main, windows = course.corpus(sights), course.windows()
    flags = Corpus(main.sights, ground, "flag", options)
    parse_failed, abstained = sum(seen.parse_errors.values()), len(sights) - len(main.sights)
    extras = {"unknown": sum(seen.unknown.values()), "invalid": parse_failed}
    report = ModerationReport(
        grader=seen.grader,
        digest=seen.digest,
        taxonomy_hash=seen.taxonomy_hash,
        mode=seen.mode,
        labels=ground.labels,
        n=len(sights),
        superseded=seen.superseded,
        unscored=seen.unscored,
        parse_failed=parse_failed,
        parse_errors=dict(sorted(seen.parse_errors.items())),
        abstained=abstained,
        **rates(sights, ground),
        counts=CountsAnswer(**_counts(main), **extras),
        **_label_parts(main),
        flag=_flag(flags, extras) if main.sights and seen.mode != "class" else None,
        unknown_names=_unknown(seen),
        steps=course.steps(),
        windows=windows,
        alarms=list(course.alarms(windows[-1])),
        f_ref=seen.f_ref,
        suggested_f_ref=None,
        undefined={},
    )
    headline = report.flag if seen.mode == "flag" else report.micro
    if headline is not None:
        is_enough = windows[-1].positives >= POSITIVES_MIN
        report.suggested_f_ref = windows[-1].f if is_enough else headline.f
    report.undefined.update(_undefined(report, options))
    return report


def _counts(corpus: Corpus) -> dict[str, int]:
    return corpus.counts._asdict() if corpus.sights and corpus.labels else dict.fromkeys(("tp", "fp", "fn", "tn"), 0)


def _label_parts(corpus: Corpus) -> dict[str, Any]:
    """What is counted by label; nothing of it in mode flag."""
    if corpus.kind == "flag" or not corpus.sights or not corpus.labels:
        empty = dict.fromkeys(("micro", "macro", "macro_supported", "weighted", "samples"))
        return {**empty, "per_label": [], "baselines": []}
    micro, macro, weighted, samples = corpus.blocks("micro", "macro", "weighted", "samples")
    return {
        "micro": Block(**micro),
        "macro": Block(**macro),
        "macro_supported": _macro_supported(corpus),
        "weighted": Block(**weighted),
        "samples": SamplesBlock(**samples, empty_samples=_empty(corpus)),
        "per_label": list(_per_label(corpus)),
        "baselines": corpus.baselines("micro"),
    }


def _empty(corpus: Corpus) -> int:
    rows = corpus.tally.items()
    return sum(times for row, times in rows if not row.gold and not row.pred and not row.surplus)


def _macro_supported(corpus: Corpus) -> float | None:
    ratios = corpus.ratios
    scores = [ratios.score(one.tp, one.tp + one.fp, one.tp + one.fn).f for one in corpus.tables if one.tp + one.fn]
    return mean(scores) if scores else None


def _per_label(corpus: Corpus) -> Iterator[LabelRow]:
    ratios = corpus.ratios
    outcomes = [corpus.ground.outcomes[one.outcome] for one in corpus.sights]
    unread = [outcome for outcome in outcomes if outcome.is_unread]
    for label, table in zip(corpus.labels, corpus.tables, strict=True):
        yield LabelRow(
            label=label,
            **table._asdict(),
            support=table.tp + table.fn,
            predicted=table.tp + table.fp,
            invalid=sum(label in outcome.gold for outcome in unread),
            interval=corpus.wilson(table),
            **score_answer(ratios.score(table.tp, table.tp + table.fp, table.tp + table.fn)),
        )


def _flag(corpus: Corpus, extras: dict[str, int]) -> FlagBlock:
    [block] = corpus.blocks("binary")
    counts = CountsAnswer(**corpus.counts._asdict(), **extras)
    return FlagBlock(**block, counts=counts, baselines=corpus.baselines("binary"))


def _unknown(seen: Seen) -> list[UnknownName]:
    most = sorted(seen.unknown.items(), key=lambda item: (-item[1], item[0]))[:_UNKNOWN_SHOWN]
    return [UnknownName(name=name, samples=samples) for name, samples in most]


def _undefined(report: ModerationReport, options: Options) -> Iterator[tuple[str, str]]:
    """Reasons for what is null."""
    why_no_labels = _NOTHING if report.mode != "flag" else "Mode flag counts one decision per sample: see flag."
    for name in ("micro", "macro", "weighted", "samples"):
        yield from _of_block(f"/{name}", cast(Block | None, getattr(report, name)), why_no_labels, options)
    if report.macro_supported is None:
        yield "/macro_supported", why_no_labels if report.macro is None else "No label truly occurs."
    why_no_flag = _NOTHING if report.mode != "class" else "Mode class has one label per sample, so all are flagged."
    yield from _of_block("/flag", report.flag, why_no_flag, options)
    for number, row in enumerate(report.per_label):
        yield from _of_scores(f"/per_label/{number}", row)
        if row.interval is None:
            yield f"/per_label/{number}/interval", _why_no_wilson(options)
    for name in ("parse_fail_rate", "coverage", "predicted_positive_rate"):
        if getattr(report, name) is None:
            yield f"/{name}", "No output could be read."
    if report.suggested_f_ref is None:
        yield "/suggested_f_ref", "F is undefined: nothing is positive."


def _of_block(place: str, block: Block | None, why_none: str, options: Options) -> Iterator[tuple[str, str]]:
    if block is None:
        yield place, why_none
        return
    yield from _of_scores(place, block)
    if block.wilson is None:
        is_flag = isinstance(block, FlagBlock)
        yield f"{place}/wilson", _why_no_wilson(options) if is_flag else "It holds for one yes or no per sample."
    if block.jackknife is None:
        yield f"{place}/jackknife", "F is 0, 1 or undefined, or there is one item only."
    if block.bootstrap is None:
        yield f"{place}/bootstrap", "Not defined in two resamples." if options.resamples else "Not asked for."


def _of_scores(place: str, scores: Any) -> Iterator[tuple[str, str]]:
    for name in ("precision", "recall", "f"):
        if getattr(scores, name) is None:
            yield f"{place}/{name}", ZERO_DIVISION


def _why_no_wilson(options: Options) -> str:
    return "F1 is 0/0." if options.beta == 1 else "Wilson's interval holds for beta 1."
