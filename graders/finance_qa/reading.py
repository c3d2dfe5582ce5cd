"""What a model answered: where its answer stands and what it says there. Never sees a reference."""

import json
import re

from graders.api import Sample
from graders.finance_qa.beside import NAMES
from graders.finance_qa.prose import read_prose
from graders.finance_qa.spec import Spec
from graders.finance_qa.strict import places_of, read_places, read_strictly
from graders.finance_qa.values import Answer, Values

_JSON_NAMES = ("final_answer", "answer", "value", "result")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_CODE_FENCE = re.compile(r"```(?:json)?")


def text_of(sample: Sample) -> str:
    """The text to judge: `output_text`, else the answer field of `output_json` if it says all, else all of it as JSON.

    JSON that cannot be written as text (nested too deep, a number of thousands of digits) holds no answer.
    """
    if sample.output_text is not None:
        return sample.output_text
    whole = sample.output_json
    if isinstance(whole, dict) and not any(name in whole for name in NAMES):
        for name in _JSON_NAMES:
            if isinstance(whole.get(name), str):
                return str(whole[name])
    try:
        return json.dumps(whole, ensure_ascii=False) if whole is not None else ""
    except (RecursionError, ValueError):
        return ""


def read_answer(text: str, spec: Spec, count: int) -> Answer:
    """The `count` values that `text` answers with, or its problem. Linear in the length of `text`."""
    places = places_of(text, spec)
    if len(places) > 1:
        return read_places(text, places, spec, count)
    if spec.mode == "prose" and count == 1:
        return read_prose(text, places[0], spec)
    return read_strictly(text, places[0], spec, count)


def has_extra_text(text: str, answer: Answer, values: Values, spec: Spec) -> bool:
    """Whether letters or digits stand beside the answer: inside its container, or outside of it.

    The markup of a container is none, nor are the words "answer is" where they were asked for.
    """
    place = answer.place
    outside = [text[: place.outer_start], text[place.outer_end :]]
    if place.container == "prefix" and spec.container != "prefix":
        outside.append(text[place.outer_start : place.start])
    if any(_LETTER_OR_DIGIT.search(_CODE_FENCE.sub("", part)) for part in outside):
        return True
    inside, end = answer.plain.text, 0
    for value in values:
        if _LETTER_OR_DIGIT.search(inside, end, max(end, value.start)):
            return True
        end = value.end
    return _LETTER_OR_DIGIT.search(inside, end) is not None
