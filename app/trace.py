"""What is known of one request on its way, for its log line: filled by whoever learns of it."""

from collections.abc import Sequence
from typing import Literal

Stage = Literal["queue", "plan", "sandbox", "judge", "ledger"]
"""What a grade goes through, as the metrics name it."""


class Trace:
    """One request. Nothing of its samples or of its key is in it."""

    __slots__ = (
        "caller",
        "code",
        "graded",
        "grader",
        "last_record",
        "ledger_s",
        "queue_s",
        "record",
        "request_id",
        "route",
        "unscored",
    )  # fmt: skip

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.route = ""
        """Method and template; empty: it came to none."""
        self.caller = ""
        """Empty: it was not let in."""
        self.grader = ""
        """As it is known here; empty: the request is about none, or about one that is unknown."""
        self.code = ""
        """Of the problem that it was answered with."""
        self.record = self.last_record = ""
        """Of its first and last sample that has one."""
        self.graded = self.unscored = 0
        """How many of its samples have a grade, and how many have none."""
        self.queue_s = self.ledger_s = 0.0
        """Longest time that one of its samples waited for a worker or slot, and that its records took."""

    def judged(self, records: Sequence[str], graded: int, unscored: int) -> None:
        """What became of its samples: the ids of their records, and how many have a grade and have none."""
        self.graded, self.unscored = graded, unscored
        if records:
            self.record, self.last_record = records[0], records[-1]
