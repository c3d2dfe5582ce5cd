"""Grades one answer as the service would: from plain JSON values."""

from typing import Any

from graders.api import Grade, Sample
from graders.moderation_f1 import v1
from graders.moderation_f1.reading import read

DEMO = {
    "id": "demo",
    "labels": [
        {"name": "violence", "aliases": ["V"]},
        {"name": "violence/graphic", "parent": "violence", "aliases": ["V2"]},
        {"name": "hate", "aliases": ["H", "hate speech"]},
        {"name": "self-harm", "aliases": ["SH"]},
    ],
}


def config_of(**given: Any) -> v1.Config:
    """The config with the demo taxonomy and `set_f`, where nothing else is given."""
    return v1.Config.model_validate({"taxonomy": DEMO, "reward": "set_f", **given})


def grade(gold: Any, output: str, known: list[str] | None = None, **config: Any) -> Grade:
    """The grade of `output`."""
    item = v1.Item.model_validate({"gold": gold, "known": known})
    return v1.grade(Sample(output_text=output), item, config_of(**config), ())


def failure(output: str, **config: Any) -> str | None:
    """The parse error of `output`, which must earn nothing on benign and on other rows; None if it is read."""
    golds = [["hate"]] if config.get("mode") == "class" else [["hate"], []]
    found = [grade(gold, output, **config) for gold in golds]
    errors = {one.details["parse_error"] for one in found}
    assert len(errors) == 1
    if errors != {None}:
        assert {(one.reward, one.verdict, one.answer) for one in found} == {(0.0, "parse_failed", None)}
    error: str | None = found[0].details["parse_error"]
    return error


def said(output: str, **config: Any) -> Any:
    """The labels that are read, or the verdict where the answer has one and names none; `abstain`, or the code."""
    found = config_of(**config)
    reading = read(output, found)
    if reading.answer is None:
        return failure(output, **config)
    answer = reading.answer
    if answer.is_abstention:
        return "abstain"
    named = found.labels.listed(answer.labels) + list(answer.unknown)
    return named or (answer.verdict if answer.verdict is not None else [])
