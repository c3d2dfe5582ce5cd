"""From an answer and what was expected to a grade: tier, faults of form, reward. `explain` says why in words."""

from collections.abc import Sequence

from msgspec import Struct

from graders.api import Grade
from graders.finance_qa.explain import Match, details, details_of_word, reason
from graders.finance_qa.policy import Config
from graders.finance_qa.reading import has_extra_text, read_answer
from graders.finance_qa.spec import Spec
from graders.finance_qa.target import Target
from graders.finance_qa.tiers import Comparison, Fault, Tier, compare
from graders.finance_qa.values import Answer, Values
from graders.finance_qa.yes_no import read_yes_or_no


class Pay(Struct, gc=False):
    """What a comparison earns."""

    reward: float
    verdict: str


def judge_any(text: str, expected: Sequence[Target], spec: Spec, config: Config) -> Grade:
    """The grade where one value is asked for and any of `expected`, all of them numbers, is right."""
    answer = read_answer(text, spec, 1)
    if answer.problem:
        return _without_value(answer, text, expected, spec, config)
    values = answer.values[0]
    best = _best_match(values, expected[0], config)
    for one in expected[1:]:
        best = max(best, _best_match(values, one, config), key=_rank)
    if shared := _shared_faults(text, answer, values, spec):
        best = _with_faults(best, shared)
    pay = _pay(best.comparison, config)
    span = start, end = answer.span(best.quantity)
    said = text[start:end]
    audit = details(answer, [best], expected, spec)
    return Grade(pay.reward, pay.verdict, reason(said, best), said, span, details=audit)


def judge_set(text: str, expected: Sequence[Target], spec: Spec, config: Config) -> Grade:
    """The grade where every one of `expected` is asked for, in any order; what is missing is wrong."""
    answer = read_answer(text, spec, len(expected))
    if answer.problem:
        return _without_value(answer, text, expected, spec, config)
    shared = _shared_faults(text, answer, [value for values in answer.values for value in values], spec)
    found = {index: _with_faults(match, shared) for index, match in _assigned(answer.values, expected, config).items()}
    missing = Pay(config.scores.wrong, "large_error")
    pays = [_pay(found[index].comparison, config) if index in found else missing for index in range(len(expected))]
    worst = min(pays, key=lambda pay: pay.reward)
    spans = {index: answer.span(match.quantity) for index, match in found.items()}
    start, end = min(span[0] for span in spans.values()), max(span[1] for span in spans.values())
    return Grade(
        reward=worst.reward if config.set_credit == "all" else sum(pay.reward for pay in pays) / len(pays),
        verdict=worst.verdict,
        reason=" ".join(
            reason(text[slice(*spans[index])], found[index]) if index in found else f"Missing: {one.text!r}."
            for index, one in enumerate(expected)
        ),
        answer=text[start:end],
        answer_span=(start, end),
        sub_rewards={f"reference_set/{index}": pay.reward for index, pay in enumerate(pays)},
        details=details(answer, list(found.values()), expected, spec),
    )


def judge_word(text: str, reference: str, word: str, spec: Spec, config: Config) -> Grade:
    """The grade where `word`, yes or no, is the right answer; the item writes it as `reference`."""
    found = read_yes_or_no(text, spec)
    audit = details_of_word(spec, found.container)
    if found.problem:
        return Grade(config.scores.wrong, found.problem, f"Expected {reference!r}, but {found.why}.", details=audit)
    said = text[slice(*found.span)]
    faults: tuple[Fault, ...] = ("extra_text",) if found.has_extra_text else ()
    tier: Tier = "accurate" if found.word == word else "wrong"
    pay = _pay(Comparison(tier, "equal", None, faults), config)
    why = f"Read {said!r}, expected {reference!r}{', and nothing else' if faults else ''}."
    return Grade(pay.reward, pay.verdict, why, said, found.span, details=audit)


def _rank(match: Match) -> tuple[int, int]:
    return match.comparison.rank


def _best_match(values: Values, target: Target, config: Config) -> Match:
    """The restatement that suits `target` best: they are one value, so the form decides."""
    best = Match(compare(values[0], target, config), values[0], target)
    for value in values[1:]:
        best = max(best, Match(compare(value, target, config), value, target), key=_rank)
    return best


def _assigned(stated: list[Values], expected: Sequence[Target], config: Config) -> dict[int, Match]:
    """One stated value for each index of `expected` while there are any, the best pairs first."""
    pairs = [
        (_best_match(values, one, config), place, index)
        for place, values in enumerate(stated)
        for index, one in enumerate(expected)
    ]
    found: dict[int, Match] = {}
    taken: set[int] = set()
    for match, place, index in sorted(pairs, key=lambda pair: pair[0].comparison.rank, reverse=True):
        if place not in taken and index not in found:
            found[index] = match
            taken.add(place)
    return found


def _shared_faults(text: str, answer: Answer, values: Values, spec: Spec) -> tuple[Fault, ...]:
    """Faults of where and how the answer stands."""
    faults: tuple[Fault, ...] = ()
    if spec.container is not None and answer.place.container != spec.container:
        faults += ("container",)
    if spec.answer_only and has_extra_text(text, answer, values, spec):
        faults += ("extra_text",)
    return faults


def _with_faults(match: Match, faults: tuple[Fault, ...]) -> Match:
    found = match.comparison
    comparison = Comparison(found.tier, found.cause, found.reading, found.faults + faults)
    return Match(comparison, match.quantity, match.target)


def _pay(comparison: Comparison, config: Config) -> Pay:
    """The lowest tier wins: a minor error in the wrong form is a minor error, not a fraction of one."""
    scores = config.scores
    if comparison.tier == "wrong":
        return Pay(scores.wrong, "large_error")
    if "extra_text" in comparison.faults and config.on_extra_text == "zero":
        return Pay(scores.wrong, "wrong_format")
    if comparison.tier == "minor":
        return Pay(scores.minor, "minor_difference")
    return Pay(scores.format, "wrong_format") if comparison.faults else Pay(scores.accurate, "accurate")


def _without_value(answer: Answer, text: str, expected: Sequence[Target], spec: Spec, config: Config) -> Grade:
    """The grade of an answer that states nothing, or more than was asked for."""
    place = answer.place
    is_shown = answer.problem == "hedged" and place.end > place.start
    return Grade(
        reward=config.scores.wrong,
        verdict=answer.problem or "no_answer",
        reason=f"Expected {' and '.join(repr(one.text) for one in expected)}, but {answer.why}.",
        answer=text[place.start : place.end] if is_shown else None,
        answer_span=(place.start, place.end) if is_shown else None,
        details=details(answer, [], expected, spec),
    )
