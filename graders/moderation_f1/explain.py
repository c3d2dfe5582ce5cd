"""Why a grade is what it is: the sentence for people and the details for reports."""

from typing import Literal

from typing_extensions import TypedDict

from graders.moderation_f1.answer import UNSPECIFIED, Answer
from graders.moderation_f1.counting import Counts, Gold
from graders.moderation_f1.policy import Config
from graders.moderation_f1.reading import Reading
from graders.moderation_f1.rewarding import scale_of
from graders.moderation_f1.taxonomy import Compiled

Verdict = Literal["correct", "partial", "false_alarm", "missed", "wrong", "abstained", "parse_failed"]


class Details(TypedDict):
    """What a run report counts, and what an audit needs."""

    mode: str
    """`set`, `class` or `flag`: what was counted, labels or one decision."""
    tp: int
    fp: int
    fn: int
    tn: int
    invalid: int
    """1 where the output could not be read; its misses and its one false alarm are in `fn` and `fp`."""
    labels: list[str]
    """The labels that the answer names, as it names them, in the taxonomy's order."""
    unknown: list[str]
    """What it names beside the taxonomy; `unspecified` where it flags and names nothing."""
    parse_error: str | None
    gold: list[str]
    """Gold labels and, in `predicted`, named ones as they were counted: within `known`, completed if so configured."""
    predicted: list[str]
    known: list[str]
    flagged: bool | None
    """Whether the answer flags; null where it could not be read or abstains."""
    gold_flagged: bool
    abstained: bool
    taxonomy_hash: str
    f_ref: float | None
    signal_weight: float | None
    """Weight for trainers that divide advantages by a group's std; null without `f_ref`."""


def verdict_of(answer: Answer | None, counts: Counts) -> Verdict:
    """The judgement in one word."""
    if answer is None:
        return "parse_failed"
    if answer.is_abstention:
        return "abstained"
    if not counts.fp and not counts.fn:
        return "correct"
    if counts.tp:
        return "partial"
    if counts.fp and counts.fn:
        return "wrong"
    return "missed" if counts.fn else "false_alarm"


def details(reading: Reading, gold: Gold, counts: Counts, config: Config) -> Details:
    """`Details` of a grade."""
    answer, taxonomy = reading.answer or Answer(), config.labels
    return {
        "mode": config.mode,
        "tp": counts.tp,
        "fp": counts.fp,
        "fn": counts.fn,
        "tn": counts.tn,
        "invalid": counts.invalid,
        "labels": taxonomy.listed(answer.labels),
        "unknown": list(answer.unknown),
        "parse_error": reading.failure.code if reading.failure else None,
        "gold": taxonomy.listed(gold.labels),
        "predicted": taxonomy.listed(counts.predicted),
        "known": list(taxonomy.names) if gold.known == taxonomy.all else taxonomy.listed(gold.known),
        "flagged": counts.flagged,
        "gold_flagged": gold.is_positive,
        "abstained": answer.is_abstention,
        "taxonomy_hash": taxonomy.hash,
        "f_ref": config.f_ref,
        "signal_weight": _signal_weight(gold, config),
    }


def reason(reading: Reading, gold: Gold, counts: Counts, config: Config) -> str:
    """One sentence: what was read, what of it is right, what was missed.

    For example: Names hate and violence; hate is right, violence a false alarm.
    """
    if reading.failure is not None:
        return f"Not read ({reading.failure.code}): {reading.failure.why}."
    answer = reading.answer or Answer()
    if answer.is_abstention:
        return "Abstains: it counts neither for nor against F, only against coverage."
    said = _said_of_flag(answer, gold, counts, config) if config.mode == "flag" else _said(answer, gold, counts, config)
    return said + _price(gold, counts, config)


def _said_of_flag(answer: Answer, gold: Gold, counts: Counts, config: Config) -> str:
    named = _names(config.labels.listed(answer.labels) + [one for one in answer.unknown if one != UNSPECIFIED])
    because = _names(config.labels.listed(gold.labels))
    said = "Flags" if counts.flagged else "Does not flag"
    right = "wanted a flag" if gold.is_positive else "wanted none"
    return f"{said}{named and f' ({named})'}; {right}{because and f' ({because})'}."


def _said(answer: Answer, gold: Gold, counts: Counts, config: Config) -> str:
    named = config.labels.listed(answer.labels) + list(answer.unknown)
    said = f"Names {_names(named)}" if named else "Names nothing"
    if answer.is_unspecified:
        said = "Flags without naming a label"
    if config.hierarchy == "ancestors":
        said += ", with ancestors"
    parts = _compared(answer, gold, counts, config.labels)
    if not parts:
        return f"{said}, as wanted."
    return f"{said}; {', '.join(f'{word}: {_names(names)}' for word, names in parts)}."


def _compared(answer: Answer, gold: Gold, counts: Counts, taxonomy: Compiled) -> list[tuple[str, list[str]]]:
    """What became of each label, by kind; nothing where all that is said counts and is right."""
    unknown = list(answer.unknown)
    idle = taxonomy.listed(answer.labels & ~gold.known) + ([] if counts.unknown else unknown)
    if not counts.fp and not counts.fn and not idle:
        return []
    parts = [
        ("right", taxonomy.listed(gold.labels & counts.predicted)),
        ("false alarm", taxonomy.listed(counts.false) + (unknown if counts.unknown else [])),
        ("missed", taxonomy.listed(counts.missed)),
        ("not counted", idle),
    ]
    return [(word, names) for word, names in parts if names]


def _price(gold: Gold, counts: Counts, config: Config) -> str:
    """What errors cost, where the reward is a sum of costs."""
    if config.reward not in ("f_linear", "cost") or not (counts.fp or counts.fn):
        return ""
    miss, alarm = config.weights
    at = f"At F {config.f_ref:g} a" if config.reward == "f_linear" else "A"
    return f" {at} miss costs {miss:.4g}, a false alarm {alarm:.4g}, divided by {scale_of(gold, config):g}."


def _names(names: list[str]) -> str:
    if len(names) > 6:
        names = [*names[:5], f"{len(names) - 5} more"]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def _signal_weight(gold: Gold, config: Config) -> float | None:
    negative = config.negative_weight
    return 1.0 if gold.is_positive and negative is not None else negative
