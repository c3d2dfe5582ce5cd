"""What a financial question says about the form of its answer: `derive_spec("... in USD millions?")`.

For data preparation only: read the spec once, let a person check it, store it in the item. No version imports this
file, so it may get better without changing a reward.

A wrong spec takes rewards from right answers, a missing one only costs precision. So only what is said counts, never
what a metric usually is ("return on assets" is a ratio here and a percentage there), and a field whose words contradict
each other stays empty. Repetition in the patterns is possessive or bounded: time is linear in the question.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Words(NamedTuple):
    """Where a field was read: `text` is `question[start:end]`, in code points."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A spec and, for each of its fields, the words that say so.

    `spec` has a key only for what the question says: `unit` (percent, ratio, currency, count, multiple, bps, year),
    `scale` (ones, thousand, million, billion, trillion), `currency` (ISO 4217), `decimals`, `sign` (signed, magnitude),
    `answer_only` (only ever True).
    """

    spec: dict[str, str | int]
    words: dict[str, Words]


class _Claim(NamedTuple):
    """One value for one field, and where it is said."""

    value: str | int
    start: int
    end: int


_Claims = dict[str, _Claim]
_Rules = tuple[tuple[str, re.Pattern[str]], ...]


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _rules(*rules: tuple[str, str]) -> _Rules:
    return tuple((value, _compiled(pattern)) for value, pattern in rules)


# --- How a question asks ---

_WORD = r"[^\s,;:?!()]++\s++"
_NUMBER = r"(?:(?!(?:19|20)\d\d\s)[\d.,]++|one|two|three|four|five|six|seven|eight|nine|ten|twenty|fifty)"
_NO_PERCENT = r"\s+(?:rents?|leases?|depletion|of\s+completion|of\s+one)\b"  # terms of accounting; "of one" is a ratio
_PERCENT = rf"(?:per\s?cent(?:age|ual)?s?|pct|%)(?![\w-])(?!{_NO_PERCENT})(?:\s+points?\b)?"
_BPS = r"(?:basis[\s-]points?|bps)\b"
_PREPOSITION = r"(?:of|for|with|using|based|that|which|who|when|if|on(?!\s+year)|by|at|or)\b"
_IS = r"(?:['’]s|\s+(?:is|was|are|were|about|(?:will|would|could|should)\s+be))"
_VERB = r"(?:calculate|compute|determine|derive|estimate|find|give|provide|report|state)"
_ASKS = rf"(?:\b(?:what|how\s+much),?(?:\s+then,?)?{_IS}|\b{_VERB}|\A\W*+(?:and|so|then)\b)[,\s]++"


def _asked(noun: str, past: str = r"(?!)") -> str:
    """A pattern for "what was the <some words> `noun`", none of the words being `past`.

    A preposition ends the words: "what was the cost of the percentage plan" asks for a cost. So does a number before a
    percent or a basis point: in "what was the one percentage point increase" it is an input.
    """
    not_that = rf"(?!{_PREPOSITION}|{past}|{_NUMBER}[\s-]*+(?:{_PERCENT}|{_BPS}))"
    return rf"{_ASKS}(?:{not_that}{_WORD}){{0,12}}?(?P<said>{noun})"


_QUESTION_WORD = _compiled(r"\b(?:what|which|how)\b")
_NO_NUMBER = _compiled(
    r"\A\W*+(?:did|does|do|is|are|was|were|has|have|had|will|would|can|could|should)\b"
    r"|\bwhat\s+(?:drove|caused)\b|(?:\A|[.?!]\s+)why\b"
)
_SECOND_ASK = _compiled(r"\w[,;]?\s+and\s+(?:by\s+|in\s+)?(?:what|which|how\s+(?:much|many))\b")
_DEFINITION = _compiled(r"\bdefined?\b[^.?!]{0,80}?\bas\b.*?(?=[.?!](?:\s|\Z)|\Z)")

# --- Units ---

_GROWTH_RATE = r"(?:growth\s+rates?|rates?\s+of\s+growth|cagr|compound\s+annual\s+growth(?:\s+rate)?)\b"
_GIVEN = r"\b(?:in|as)\s+(?:(?:units?|terms)\s+of\s+)?(?:an?\s+)?"
_UNITS_TOLD = _rules(
    ("ratio", rf"{_GIVEN}(?:ratio|decimal|fraction|(?:per\s?cent(?:age)?|portion)\s+of\s+one)\b(?!\s+place)"),
    ("bps", rf"{_GIVEN}{_BPS}"),
    ("multiple", rf"{_GIVEN}multiple\b"),
    ("percent", rf"{_GIVEN}{_PERCENT}|\(\s*+(?:in\s+|as\s+)?{_PERCENT}\s*+\)"),
    ("percent", rf"\bnearest\s+(?:(?:whole|full)\s+|\w++\s+of\s+an?\s+|0?\.0*+1\s*+)?{_PERCENT}"),
)
# "How many" of these may be rounded, have a fraction or be printed in thousands; any other count is exact.
_MEASURED = (
    r"(?:thousands?|millions?|billions?|dollars?|euros?|cents?|shares?|stocks?|options?|warrants?|units?|rsus?|points?"
    r"|square|acres?|feet|miles?|tons?|tonnes?|barrels?|ounces?|pounds?|gallons?|hours?|days|weeks?|months?|times"
    r"|assets|liabilities|reserves|basis|bps|per\s?cents?|%)"
)
_NOT_COUNTED = rf"(?:(?!(?:did|does|do|was|were|are|is|have|has|had|can|in|there)\b){_WORD}){{0,5}}?{_MEASURED}(?!\w)"
_UNITS_ASKED = _rules(
    ("year", r"\b(?:what|which)\s+(?:(?:fiscal|calendar|financial)\s+)?years?\b(?!\s*(?:['’–-]|(?:end|over|on|to)\b))"),
    ("bps", rf"\bhow\s+many\s+{_BPS}"),
    ("bps", _asked(_BPS)),
    ("percent", rf"\b(?:what|which|how\s+m(?:any|uch))\s+(?:{_PERCENT}|{_GROWTH_RATE})"),
    ("percent", _asked(f"{_PERCENT}|{_GROWTH_RATE}")),
    ("multiple", r"\b(?:what|which)\s+multiple\s+of\b"),
    ("multiple", r"\bhow\s+many\s+times\s+(?:as|more|larger|greater|higher|bigger)\b"),
    ("ratio", rf"{_asked('ratio')}\s+(?:of|between)\b"),
    ("count", rf"(?<!in )(?<!over )(?<!within )(?<!than )\bhow\s+many\b(?!\s+of\b)(?!\s+{_NOT_COUNTED})"),
)
_NOT_EXACT = _compiled(
    r"\b(?:approximately|roughly|about|around|estimated?|average|weighted|expected|assum(?:e|ing)|based\s+on|would|if)\b"
)

# --- Money and scale ---

_CURRENCIES = (  # by the names that no other currency bears: not "$", "dollars", "¥"
    ("USD", r"usd\b|us\s?\$|u\.?\s?s\.?\s?\.?\s?dollars?\b"),
    ("EUR", r"eur\b|euros?\b|€"),
    ("GBP", r"gbp\b|£|british\s+pounds?\b|pounds?\s+sterling\b"),
    ("JPY", r"jpy\b|(?:japanese\s+)?yen\b"),
    ("CNY", r"cny\b|rmb\b|renminbi\b|(?:chinese\s+)?yuan\b"),
    ("CHF", r"chf\b|swiss\s+francs?\b"),
    ("CAD", r"cad\b|ca?\$|canadian\s+dollars?\b"),
    ("AUD", r"aud\b|au?\$|australian\s+dollars?\b"),
    ("HKD", r"hkd\b|hk\$|hong\s+kong\s+dollars?\b"),
    ("SGD", r"sgd\b|s\$|singapore\s+dollars?\b"),
    ("TWD", r"twd\b|nt\$|(?:new\s+)?taiwan\s+dollars?\b"),
    ("INR", r"inr\b|₹|indian\s+rupees?\b"),
    ("KRW", r"krw\b|₩|(?:south\s+)?korean\s+won\b"),
    ("BRL", r"brl\b|r\$|brazilian\s+reais\b"),
    ("SEK", r"sek\b|swedish\s+kron(?:a|or)\b"),
    ("NOK", r"nok\b|norwegian\s+kron(?:e|er)\b"),
    ("DKK", r"dkk\b|danish\s+kron(?:e|er)\b"),
)
_CURRENCY_CODES = _rules(*((code, rf"(?<![a-z])(?:{names})") for code, names in _CURRENCIES))
_MONEY = "(?:" + "|".join(names for _, names in _CURRENCIES) + r"|\$|¥|dollars?\b)"
_ANY_MONEY = _rules(("currency", _MONEY))
_SCALES = _rules(
    ("ones", r"\b(?:ones|whole|full|actual)\b"),
    ("thousand", r"\bthousands?\b|'?(?<!\d)000'?s?\b|\bk\b"),
    ("million", r"\b(?:millions?|mn|mm?)\b"),
    ("billion", r"\b(?:billions?|bn|b)\b"),
    ("trillion", r"\b(?:trillions?|tn|t)\b"),
)
_MANY = r"(?:(?:thousands|millions|billions|trillions|bn|mn|tn)\b(?!-)|'?000'?s?(?![\w.,]))"
_ONE = r"(?:(?:thousand|million|billion|trillion)\b(?!-))"
_SHORT = r"(?:(?:mm?|b|k|t)\b)"
_ENDS = (
    r"(?=\s*(?:[?,.;:()]|\Z)|\s+(?:for|of|per|as|at|from|to|by|and|in|during|is|was|were|over|between|on|rounded)\b)"
)
_LEAD = r"(?:\bin\s+(?:(?:units?|terms)\s+of\s+)?|\(\s*+(?:in\s+)?)"
# Read as money or scale: "in USD millions", "($ in millions)", "in millions of dollars", "in whole dollars", "(USD)".
# Not: "exceeded $500 thousand", which is an amount, and "in euro notes", which is a thing.
_FIGURES = _compiled(
    rf"{_LEAD}{_MONEY}\s*+(?:in\s+)?(?:{_MANY}|{_ONE}|{_SHORT})"
    rf"|{_LEAD}(?:{_MANY}(?:\s+(?:of\s+)?{_MONEY})?|{_ONE}\s+(?:of\s+)?{_MONEY}|{_ONE}{_ENDS})"
    rf"|{_LEAD}(?:(?:whole|full|actual)\s+)?{_MONEY}{_ENDS}"
    rf"|(?<![\w$]){_MONEY}\s*+(?:thousands|millions|billions|trillions)\b"
    r"|\bin\s+ones\b"
)

# --- Sign, decimals, nothing but the answer ---

_DECREASE = r"(?:decrease|decline|drop|reduction|fall)\b(?!\s+in\s+force\b)"
_OF = r"(?=\s*(?:[?,.;)]|\Z)|\s+(?:in|of|from|between|during|for|over|as|to|within|observed|on|at|by|since|this)\b)"
_CHANGE = rf"(?:changes?\b(?!\s+(?:in|of)\s+control\b)|variation|growth|{_GROWTH_RATE}){_OF}"
_SIGNS = _rules(
    ("magnitude", r"\bas\s+an?\s+(?:positive|absolute)\s+(?:number|value|amount)\b"),
    ("magnitude", r"\b(?:ignor(?:e|ing)|regardless\s+of)\s+(?:the\s+)?sign\b"),
    ("magnitude", r"\bhow\s+much\s+(?:did|has|had)\b[^?;]{1,100}?(?P<said>\b(?:decreas|declin)ed?|\b(?:drop|fall))\b"),
    ("signed", _asked(rf"increase\s*+/?\s*+(?:or\s+)?\(?\s*+{_DECREASE}\s*+\)?")),
    ("magnitude", _asked(_DECREASE + _OF, past=_CHANGE)),
    ("signed", _asked(_CHANGE)),
)
_DIGITS = {
    word: digits
    for digits, words in enumerate(("no zero 0", "one 1 first", "two 2 second", "three 3 third", "four 4 fourth"))
    for word in words.split()
}
_PLACES = _compiled(
    rf"\b(?:to|with|at|using)\s+(?:the\s+|exactly\s+)?(?P<digits>{'|'.join(_DIGITS)})[\s-]+"
    r"(?:decimals?\b(?:[\s-]+(?:places?|points?|digits?)\b)?|d\.?p\b|digits?\s+after\s+the\s+decimal\s+point\b)"
)
_NEAREST = _rules(
    ("0", rf"\bnearest\s+(?:(?:whole|full)\s+)?(?:number|integer|{_PERCENT})"),
    ("1", r"\bnearest\s+(?:tenth|0?\.1)\b(?!\s+of\s+an?\s+(?!per))"),
    ("2", r"\bnearest\s+(?:hundredth|0?\.01)\b(?!\s+of\s+an?\s+(?!per))"),
    ("3", r"\bnearest\s+(?:thousandth|0?\.001)\b(?!\s+of\s+an?\s+(?!per))"),
)
_NEAREST_SCALE = _compiled(r"\bnearest\s+(?P<scale>thousand|million|billion|trillion)\b")
_ONLY = r"(?:only|just|nothing\s+but)"
_NUMBER_ASKED = r"(?:(?:the|a|one)\s+)?(?:(?:final|single|numeric(?:al)?)\s+){0,2}(?:answer|number|value|figure|result)"
_ANSWER_ONLY = _compiled(
    rf"\b(?:answer|give|output|print|provide|reply|respond|return|state|write)\s+(?:with\s+)?{_ONLY}\s+{_NUMBER_ASKED}\b"
    rf"|\bwith\s+{_NUMBER_ASKED}\s+(?:only|alone|and\s+nothing\s+else)\b|\b(?:answer|number)\s+only\s*+(?:[.!)]|\Z)"
    r"|\b(?:no|without(?:\s+any)?)\s+(?:other\s+|extra\s+|additional\s+|further\s+)?(?:text|words?|explanations?)\b"
)


def derive_spec(question: str) -> Reading:
    """What `question` says about the form of its answer; an empty reading where it says nothing.

    >>> derive_spec("What was capital expenditure in FY2018 (in USD millions)?").spec
    {'unit': 'currency', 'scale': 'million', 'currency': 'USD'}
    """
    asked = _DEFINITION.sub(lambda found: " " * len(found[0]), question)
    figures = _figures(asked)
    decimals = _decimals(question, figures.get("scale"))
    exact = not decimals and not _NOT_EXACT.search(asked)
    claims = _form(asked, figures, exact) | decimals | _only(question)
    return Reading(
        spec={field: claim.value for field, claim in claims.items()},
        words={field: Words(question[start:end], start, end) for field, (_, start, end) in claims.items()},
    )


def _form(asked: str, figures: _Claims, exact: bool) -> _Claims:
    """Unit, scale, currency and sign: what depends on which number is asked for."""
    if _NO_NUMBER.search(asked) or _asks_twice(asked):
        return {}
    told, noun = _first("unit", _UNITS_TOLD, asked), _first("unit", _UNITS_ASKED, asked)
    sign = _first("sign", _SIGNS, asked)
    if noun and noun["unit"].value == "year":  # "in which year was the margin (%) higher"
        return noun
    if told:
        return sign if figures else told | sign
    if noun and noun["unit"].value == "count":
        return noun if exact and not figures else figures
    return (noun or figures) | sign


def _asks_twice(asked: str) -> bool:
    """Whether two answers are asked for, "... and by how much?": no one form need hold for both."""
    between_marks = asked.split("?")[1:-1]
    return bool(_SECOND_ASK.search(asked)) or any(_QUESTION_WORD.search(part) for part in between_marks)


def _figures(asked: str) -> _Claims:
    """Scale and currency as in "in USD millions", and `unit` currency where any money is named."""
    spans = [found.span() for found in _FIGURES.finditer(asked)]
    return {
        **_agreed("unit", (claim for span in spans for claim in _every(_ANY_MONEY, asked, span))),
        **_agreed("scale", (claim for span in spans for claim in _every(_SCALES, asked, span))),
        **_agreed("currency", (claim for span in spans for claim in _every(_CURRENCY_CODES, asked, span))),
    }


def _decimals(question: str, scale: _Claim | None) -> _Claims:
    """Digits after the point, in the unit that is asked for; "the nearest million" says 0 of an answer in millions."""
    places = [_Claim(_DIGITS[found["digits"].lower()], *found.span()) for found in _PLACES.finditer(question)]
    nearest = [claim._replace(value=int(claim.value)) for claim in _every(_NEAREST, question)]
    in_scale = [
        _Claim(0, *found.span())
        for found in _NEAREST_SCALE.finditer(question)
        if scale and scale.value == found["scale"].lower()
    ]
    return _agreed("decimals", [*places, *nearest, *in_scale])


def _only(question: str) -> _Claims:
    found = _ANSWER_ONLY.search(question)
    return {"answer_only": _Claim(True, *found.span())} if found else {}


def _first(field: str, rules: _Rules, asked: str) -> _Claims:
    """The claim of the first rule that holds: rules stand in the order of their strength."""
    for value, pattern in rules:
        if found := pattern.search(asked):
            return {field: _Claim(value, *found.span("said" if "said" in pattern.groupindex else 0))}
    return {}


def _every(rules: _Rules, asked: str, span: tuple[int, int] | None = None) -> list[_Claim]:
    start, end = span or (0, len(asked))
    return [_Claim(value, *found.span()) for value, pattern in rules for found in pattern.finditer(asked, start, end)]


def _agreed(field: str, claims: Iterable[_Claim]) -> _Claims:
    """The first claim if no other contradicts it."""
    found = list(claims)
    return {field: found[0]} if len({claim.value for claim in found}) == 1 else {}
