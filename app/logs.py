"""How log lines are written: one line each, whatever a message holds, and no API key in any."""

import logging
import re

from app.redaction import redacted

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")


class SafeFormatter(logging.Formatter):
    """Escapes what could begin a line of its own, in the message; a traceback keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def write_logs(level: str) -> None:
    """Every log line of this process from `level` on goes to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler])
