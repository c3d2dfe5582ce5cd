"""Content moderation by labels or a flag: rewards that raise the F1 of a corpus, with true and false positives beside.

An output is read in one pinned format (`reading`), compared with the gold labels (`counting`), and paid (`rewarding`)
by the rules of the config (`policy`); a group may share the F of its corpora instead (`crediting`). Why
a per-sample F1 does not raise the F1 of a corpus, and what does: README.md.
"""

from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from graders.api import Executions, Grade, Sample
from graders.moderation_f1.counting import count, gold_of
from graders.moderation_f1.crediting import Credit, grade_group
from graders.moderation_f1.explain import Details, details, reason, verdict_of
from graders.moderation_f1.policy import Config
from graders.moderation_f1.reading import read, text_of
from graders.moderation_f1.rewarding import reward_of, with_floor

__all__ = [
    "GROUP_REWARD_RANGE",
    "SMALL_MAX_BYTES",
    "VERDICTS",
    "Config",
    "Credit",
    "Details",
    "Item",
    "grade",
    "grade_group",
]

VERDICTS = ("correct", "partial", "false_alarm", "missed", "wrong", "abstained", "parse_failed")
GROUP_REWARD_RANGE = (-1.0, 1.0)
SMALL_MAX_BYTES = 2_048

_MAX_LABELS = 1_000


def _gold(sent: Any) -> Any:
    """Numbers 0 and 1 as false and true, a single label as a list of it."""
    if isinstance(sent, bool | list):
        return sent
    if isinstance(sent, str):
        return [sent]
    if sent in (0, 1) and isinstance(sent, int):
        return bool(sent)
    raise ValueError("bad_label: wanted a list of labels, a label, or true, false, 1 or 0 in mode `flag`")


class Item(BaseModel):
    """The right labels of one text, and which labels somebody looked for."""

    # What a row holds beside these is kept for `Credit.corpus_key`, and read by nothing else.
    model_config = ConfigDict(extra="allow", frozen=True)

    gold: Annotated[
        bool | Annotated[list[str], Field(max_length=_MAX_LABELS)],
        BeforeValidator(_gold, json_schema_input_type=bool | int | str | list[str]),
    ] = Field(
        description="The right labels by name or alias; `[]` where there is none, which is an answer like any other. "
        "One label may stand alone. In mode `flag` also true or false (1 or 0)."
    )
    known: list[str] | None = Field(
        None,
        max_length=_MAX_LABELS,
        description="The labels that somebody looked for in this row; all others count neither for nor against an "
        "answer. Default null: all labels of the taxonomy.",
    )


def grade(sample: Sample, item: Item, config: Config, results: Executions) -> Grade:
    """The grade of one answer.

    Raises:
        InvalidItem: a gold label is not in the taxonomy, or the mode needs another kind of gold.
    """
    gold = gold_of(item.gold, item.known, config)
    text = text_of(sample)
    reading = read(text, config)
    counts = count(reading.answer, gold, config)
    answer = reading.answer
    if answer is None:
        reward = 0.0
    elif answer.is_abstention:
        reward = with_floor(config.abstain_reward, config)
    else:
        reward = with_floor(reward_of(counts, gold, config), config)
    found = Grade(
        reward=reward,
        verdict=verdict_of(answer, counts),
        reason=reason(reading, gold, counts, config),
        answer=None if answer is None else text[reading.start : reading.end],
        answer_span=None if answer is None else (reading.start, reading.end),
        details={**details(reading, gold, counts, config)},
    )
    return found if sample.output_text is not None else replace(found, answer_span=None)
