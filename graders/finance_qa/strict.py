"""Strict reading: exactly the values that are asked for, and nothing that could be another one."""

from msgspec.structs import replace

from graders.finance_qa.beside import measure
from graders.finance_qa.notes import give_notes
from graders.finance_qa.qualified import is_qualified
from graders.finance_qa.spec import Spec
from graders.finance_qa.values import Answer, agree, grouped, leaves_a_choice, stated_values
from graders.kit.answers import MAX_LENGTH, Place, after_bullet, find_answer
from graders.kit.plain_text import plain_text

MAX_WHOLE_TEXT = 200
"""Code points up to which a text without a container is itself the answer."""

_MAX_VALUES = 12
_MAX_PLACES = 8


def places_of(text: str, spec: Spec) -> list[Place]:
    """Where the answer stands; several places must agree. Of the "answer:" of prose only the last counts."""
    places = find_answer(text, spec.container)
    return places[-1:] if spec.mode == "prose" and places[-1].container == "prefix" else places


def read_strictly(text: str, place: Place, spec: Spec, count: int = 1) -> Answer:
    """The `count` values at `place`; no answer where it is too long, a hedge where it states more."""
    padded = text[place.start : place.end]
    inside = padded.strip()
    if len(inside) < len(padded) or inside.startswith("- "):
        place = _trimmed(text, place, padded, inside)
        inside = text[place.start : place.end]
    limit = MAX_WHOLE_TEXT if place.container == "whole" else MAX_LENGTH
    if len(inside) > limit:
        where = "a text without a container" if place.container == "whole" else f"the answer ({place.container})"
        return Answer(place, plain_text(""), [], "no_answer", f"{where} is longer than {limit} characters")
    plain = plain_text(inside)
    values = stated_values(plain.text, spec)
    if len(values) > max(_MAX_VALUES, 2 * count):
        return Answer(place, plain, [], "hedged", f"it states {len(values)} values")
    give_notes(plain.text, values, spec)
    if place.container == "json" and not measure(text, place, values):
        return Answer(place, plain, [], "hedged", "what is said beside it contradicts it")
    return _checked(Answer(place, plain, grouped(plain.text, values, spec)), count)


def read_places(text: str, places: list[Place], spec: Spec, count: int) -> Answer:
    """The values of several places in one form: one value that all agree on, or all that they hold together."""
    if count > 1:
        return read_strictly(text, replace(places[-1], start=places[0].start), spec, count)
    last = read_strictly(text, places[-1], spec)
    if last.problem is None and not (len(places) <= _MAX_PLACES and _all_agree(text, places[:-1], spec, last)):
        last.problem, last.why = "hedged", f"it gives several answers ({last.place.container}) that differ"
    return last


def _all_agree(text: str, places: list[Place], spec: Spec, last: Answer) -> bool:
    answers = [read_strictly(text, place, spec) for place in places]
    return all(not answer.problem and agree(answer.values[0][0], last.values[0][0], spec) for answer in answers)


def _trimmed(text: str, place: Place, padded: str, inside: str) -> Place:
    """`place`, which holds `padded`, without the blanks around `inside` and without a bullet before it."""
    start = place.start + len(padded) - len(padded.lstrip())
    return replace(place, start=after_bullet(text, start), end=start + len(inside))


def _checked(answer: Answer, count: int) -> Answer:
    """`answer` with its problem named, if it does not state `count` values."""
    stated = len(answer.values)
    if not stated or (stated == 1 and answer.values[0][0].role == "unreadable"):
        answer.problem, answer.why = "no_answer", "there is no number where the answer stands"
    elif count == 1 and is_qualified(answer.plain.text, answer.values[0]):
        answer.problem, answer.why = "hedged", "it gives a bound or a denial, not the value itself"
    elif count > 1 and leaves_a_choice(answer.plain.text, answer.values):
        answer.problem, answer.why = "hedged", "it leaves the choice between several values"
    elif stated > count:
        answer.problem = "hedged"
        answer.why = f"it states {stated} different values where {'one is' if count == 1 else f'{count} are'} asked for"
    return answer
