"""What is known of one request on its way, for its log line: filled by whoever learns of it."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

Stage = Literal["queue", "plan", "sandbox", "judge", "ledger"]
"""What a grade goes through, as the metrics name it."""


class Trace(Struct, eq=False, gc=False):
    """One request. Nothing of its samples or of its key is in it."""

    request_id: str
    route: str = ""
    """Method and template; empty: it came to none."""
    caller: str = ""
    """Empty: it was not let in."""
    grader: str = ""
    """As it is known here; empty: the request is about none, or about one that is unknown."""
    code: str = ""
    """Of the problem that it was answered with."""
    record: str = ""
    """Of its first sample that has one."""
    last_record: str = ""
    """Of its last sample that has one."""
    graded: int = 0
    """How many of its samples have a grade."""
    unscored: int = 0
    """How many of its samples have no grade."""
    queue_s: float = 0.0
    """Longest time that one of its samples waited for a worker or slot."""
    ledger_s: float = 0.0
    """Longest time that its records took."""

    def judged(self, records: Sequence[str], graded: int, unscored: int) -> None:
        """What became of its samples: the ids of their records, and how many have a grade and have none."""
        self.graded, self.unscored = graded, unscored
        if records:
            self.record, self.last_record = records[0], records[-1]
