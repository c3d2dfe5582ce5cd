"""How people write rates, times and scopes, on the command line and in a file of keys."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from app.auth import SCOPES, Scope

_RATE = re.compile(r"(\d+(?:\.\d+)?)(?:/(s|min|h))?")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(s|min|h|d)")
_UNIT_S = {"s": 1, "min": 60, "h": 3600, "d": 86_400}

NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}"
"""Names stand in logs, metrics and tables, so they hold nothing that could pass for something else there."""


def read_name(text: str) -> str:
    """Raises ValueError for what is no caller's name."""
    if not re.fullmatch(NAME_PATTERN, text):
        raise ValueError(f"{text!r} is no caller's name: wanted letters, digits, '.', '_', '@', '-', at most 64.")
    return text


def read_rate(text: str) -> float:
    """`500/s`, `30000/min`, `500` -> samples per second.

    Raises:
        ValueError: it is no rate, or nothing a second.
    """
    found = _RATE.fullmatch(text)
    rate = float(found[1]) / _UNIT_S[found[2] or "s"] if found else 0.0
    if rate <= 0:
        raise ValueError(f"{text!r} is no rate: wanted samples per time, such as 500/s or 30000/min.")
    return rate


def shown_rate(rate_per_s: float) -> str:
    """As `read_rate` reads it."""
    number, unit = (rate_per_s, "s") if rate_per_s >= 1 else (rate_per_s * 3600, "h")
    text = f"{number:g}"
    return f"{f'{number:f}'.rstrip('0').rstrip('.') if 'e' in text else text}/{unit}"


def read_span_s(text: str) -> float:
    """`90d`, `12h`, `30min`, `0s` -> seconds. Raises ValueError."""
    found = _SPAN.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no span of time: wanted such as 90d, 12h, 30min or 0s.")
    return float(found[1]) * _UNIT_S[found[2]]


def read_expiry_us(text: str, now_us: int) -> int:
    """A span from now, a day (its beginning, UTC) or a moment (UTC unless it says otherwise) -> us since the epoch.

    Raises:
        ValueError: it is none of them, or not in the future.
    """
    if _SPAN.fullmatch(text):
        at_us = now_us + int(read_span_s(text) * 1e6)
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{text!r} is no time: wanted such as 90d, 2030-01-31 or 2030-01-31T12:00:00Z.") from None
        at_us = to_us(moment)
    if at_us <= now_us:
        raise ValueError(f"{text} is not in the future.")
    return at_us


def to_us(moment: datetime) -> int:
    """Microseconds since the epoch; a moment without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1e6)


def shown_time(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_scopes(written: Iterable[str]) -> tuple[Scope, ...]:
    """The scopes in their own order, each once.

    Raises:
        ValueError: there is none, or an unknown one.
    """
    asked = set(written)
    if not asked or asked - set(SCOPES):
        raise ValueError(f"{', '.join(sorted(asked)) or 'nothing'}: the scopes are {', '.join(SCOPES)}.")
    return tuple(scope for scope in SCOPES if scope in asked)
