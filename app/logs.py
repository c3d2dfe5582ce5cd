"""How log lines are written: each is one JSON object on one line, whatever a message holds, and no API key is in any.

The lines about requests are `app/request_log.py`'s.
"""

import logging
import time

from pydantic_core import to_json

from app.redaction import redacted


class JsonFormatter(logging.Formatter):
    """`time` (UTC), `level`, `logger`, `message`, and `exception` where there was one."""

    def format(self, record: logging.LogRecord) -> str:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # What cannot be written as UTF-8 stands as an escape; so do line separators that JSON leaves as they are.
        shown = {name: redacted(value).encode("utf-8", "backslashreplace").decode() for name, value in line.items()}
        return to_json(shown).decode().translate(_SEPARATORS)


# Characters at which some programs end a line (or which move the cursor), although JSON allows them in a string.
_SEPARATORS = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029)}


def write_logs(level: str) -> None:
    """Every log line of this process from `level` on goes to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler])
