"""What the service asks the process that counts runs, and what comes back, as frames."""

from typing import Literal

import msgspec

Ranges = dict[str, list[tuple[float, float]]]
"""Per grader id the ranges that its rewards lie in, alone and in groups; none of a grader that is gone."""


class Asked(msgspec.Struct):
    """A question, as JSON. The first frame of all is the URL of the database."""

    number: int
    kind: Literal["monitor", "comparison", "settle"]
    caller: str
    runs: list[str]
    points: int = 500
    patience_s: float = 0.0
    ranges: Ranges = {}


NUMBER_BYTES = 8
"""An answer is the number of its question, a byte that says what it is, and the rest."""

ANSWER, UNKNOWN_GRADERS, UNKNOWN_RUN, AWAY, DEFECT = b"+", b"?", b"0", b"-", b"!"
"""JSON of the report; JSON list of the graders whose ranges are needed; a run that is not there; why the database
does not answer; nothing, as the log has it."""


def framed(number: int, kind: bytes, rest: bytes) -> bytes:
    return number.to_bytes(NUMBER_BYTES, "big") + kind + rest


def unframed(body: bytes) -> tuple[int, bytes, bytes]:
    """Number, kind and rest."""
    return int.from_bytes(body[:NUMBER_BYTES], "big"), body[NUMBER_BYTES : NUMBER_BYTES + 1], body[NUMBER_BYTES + 1 :]
