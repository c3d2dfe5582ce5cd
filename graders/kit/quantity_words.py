"""The words and signs around a number that say how much it is: scales, units, currencies, directions, labels.

Tables only; `graders.kit.numbers` reads them. All keys are lower case.
"""

from typing import Literal

Unit = Literal["percent", "bps", "multiple"]


def words(listed: str) -> frozenset[str]:
    """The words of a list that blanks separate."""
    return frozenset(listed.split())


SCALES = {
    "hundred": 2, "k": 3, "thousand": 3, "thousands": 3, "lakh": 5, "lakhs": 5, "m": 6, "mm": 6, "mn": 6, "mil": 6,
    "million": 6, "millions": 6, "crore": 7, "crores": 7, "b": 9, "bn": 9, "billion": 9, "billions": 9, "t": 12,
    "tn": 12, "trn": 12, "trillion": 12, "trillions": 12,
    "tsd": 3, "tausend": 3, "mio": 6, "millionen": 6, "mrd": 9, "milliard": 9, "milliards": 9, "milliarde": 9,
    "milliarden": 9, "billionen": 12,
}  # fmt: skip
"""Power of ten of a scale word, English or German. M and MM are both million, as in US accounting."""

COINS = {"cent": -2, "cents": -2, "¢": -2, "pence": -2}
"""Power of ten of a coin, in the unit of its currency; of which currency often goes without saying."""

EAST_ASIAN_SCALES = {
    "十": 1, "百": 2, "千": 3, "万": 4, "萬": 4, "億": 8, "亿": 8, "兆": 12, "만": 4, "억": 8, "조": 12,
}  # fmt: skip
"""Written without a space, and multiplied where several follow each other: 百万 is 10^2 x 10^4."""

SCALE_NAMES = {"ones": 0, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}

UNITS: dict[str, Unit] = {
    "%": "percent", "percent": "percent", "percentage": "percent", "pct": "percent", "pp": "percent",
    "ppt": "percent", "pps": "percent", "bp": "bps", "bps": "bps", "x": "multiple", "times": "multiple",
    "fold": "multiple",
}  # fmt: skip

CURRENCY_SIGNS = {
    "$": "$", "€": "EUR", "£": "GBP", "¥": "¥", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "₪": "ILS", "円": "JPY",
    "元": "CNY", "원": "KRW",
}  # fmt: skip
"""To ISO 4217; "$" and "¥" stand for several currencies and stay as they are."""

CURRENCY_LETTERS = {
    "us": "USD", "u.s.": "USD", "c": "CAD", "ca": "CAD", "a": "AUD", "au": "AUD", "hk": "HKD", "s": "SGD", "nz": "NZD",
    "nt": "TWD", "r": "BRL", "mx": "MXN",
}  # fmt: skip
"""The letters before a dollar sign."""

YEN_LETTERS = {"jp": "JPY", "cn": "CNY"}
"""The letters before a yen sign, which is that of the yuan too."""

# Without those that are English words ("ALL", "PEN", "TOP"); "TRY" follows numbers too seldom to matter.
_CODES = words(
    "USD EUR GBP JPY CNY CHF CAD AUD HKD SGD TWD INR KRW BRL SEK NOK DKK NZD MXN ZAR PLN RUB TRY ILS THB IDR"
    " CZK HUF ISK PHP NGN AED SAR QAR KWD MYR VND EGP PKR KES GHS CLP ARS UAH BDT LKR KZT"
)
CURRENCY_WORDS = {code.lower(): code for code in _CODES} | {
    "dollar": "$", "dollars": "$", "euro": "EUR", "euros": "EUR", "sterling": "GBP", "yen": "JPY", "rmb": "CNY",
    "yuan": "CNY", "renminbi": "CNY", "rupee": "INR", "rupees": "INR", "rs": "INR", "won": "KRW", "francs": "CHF",
    "us$": "USD", "pound": "GBP", "pounds": "GBP", "pence": "GBP", "kr": "kr", "krona": "kr", "kronor": "kr",
    "krone": "kr", "kroner": "kr", "kronur": "kr", "zł": "PLN", "zloty": "PLN", "zlotys": "PLN", "kč": "CZK",
    "koruna": "CZK", "korunas": "CZK", "forint": "HUF", "forints": "HUF", "franc": "CHF", "ruble": "RUB",
    "rubles": "RUB", "rouble": "RUB", "roubles": "RUB", "lira": "TRY", "liras": "TRY", "shekel": "ILS",
    "shekels": "ILS", "rand": "ZAR", "baht": "THB", "ringgit": "MYR", "rupiah": "IDR", "dong": "VND", "naira": "NGN",
    "hryvnia": "UAH", "reais": "BRL", "peso": "peso", "pesos": "peso", "dirham": "dirham", "dirhams": "dirham",
    "riyal": "riyal", "riyals": "riyal", "dinar": "dinar", "dinars": "dinar",
}  # fmt: skip

COUNTRIES = {
    "us": "USD", "u.s.": "USD", "american": "USD", "canadian": "CAD", "australian": "AUD", "hong kong": "HKD",
    "singapore": "SGD", "new zealand": "NZD", "taiwan": "TWD", "new taiwan": "TWD", "swiss": "CHF", "british": "GBP",
    "japanese": "JPY", "chinese": "CNY", "korean": "KRW", "south korean": "KRW", "indian": "INR", "pakistani": "PKR",
    "mexican": "MXN", "philippine": "PHP", "chilean": "CLP", "argentine": "ARS", "colombian": "COP",
    "swedish": "SEK", "norwegian": "NOK", "danish": "DKK", "icelandic": "ISK", "russian": "RUB", "turkish": "TRY",
    "israeli": "ILS", "south african": "ZAR", "polish": "PLN", "czech": "CZK", "hungarian": "HUF", "thai": "THB",
    "brazilian": "BRL", "egyptian": "EGP", "saudi": "SAR", "qatari": "QAR", "uae": "AED", "moroccan": "MAD",
    "kuwaiti": "KWD", "malaysian": "MYR", "indonesian": "IDR", "vietnamese": "VND", "nigerian": "NGN",
    "ukrainian": "UAH",
}  # fmt: skip
"""Whose money it is, before the name that it has there: "Canadian dollars", "Mexican pesos"."""

SHARED_SIGNS = {
    "$": words("USD CAD AUD HKD SGD NZD TWD MXN BRL"),
    "¥": frozenset({"JPY", "CNY"}),
    "kr": words("SEK NOK DKK ISK"),
    "peso": words("MXN PHP CLP ARS COP"),
    "dirham": words("AED MAD"),
    "riyal": words("SAR QAR"),
    "dinar": words("KWD BHD JOD TND"),
}  # fmt: skip
"""The currencies that a sign or a name can stand for."""

NUMBER_WORDS = {
    "zero": 0, "none": 0, "nil": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip

UNREAD_NUMBER_WORDS = words(
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty"
    " ninety dozen"
)
"""Spelled-out numbers that are seen but not read."""

MONTHS = words(
    "january february march april may june july august september october november december"
    " jan feb mar apr jun jul aug sep sept oct nov dec"
)
FISCAL = frozenset({"fy", "cy", "fye", "fiscal"})
TIMES = {
    "second": "second", "seconds": "second", "sec": "second", "secs": "second", "minute": "minute", "minutes": "minute",
    "min": "minute", "mins": "minute", "hour": "hour", "hours": "hour", "hr": "hour", "hrs": "hour", "day": "day",
    "days": "day", "week": "week", "weeks": "week", "month": "month", "months": "month", "quarter": "quarter",
    "quarters": "quarter", "year": "year", "years": "year", "yr": "year", "yrs": "year",
}  # fmt: skip
"""Units of time."""
SPANS_OF_TIME = words("year years yr yrs month months quarter quarters week weeks")
"""A number of these says over which period, where another number says what; a number of days often is an answer."""
LABELS = words(
    "note notes page pages pg p pp item items table exhibit section part step figure footnote chapter line level no"
    " appendix schedule form asc asu ifrs ias sfas fas rule phase tier series version volume vol class"
)
"""A whole number after one of these is a name: "Note 5", "Level 3"."""
DECIMAL_PLACES = frozenset({"decimal", "decimals", "significant", "dp"})

NEGATIVE = frozenset({"negative", "minus"})
COPULAS = words("is was were are be of by at to equals totaled totalled about approximately roughly around answer")
"""After one of these, a number in parentheses is an accountant's negative and not an aside."""
