"""What the body of a native grading route asks for, however it was read."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from app.errors import InvalidRequest
from app.orders import Submission

BATCH_MAX = 1000


class Asked(Struct):
    """One entry per sample, in their order; in a batch a sample may be none. Keys are not in a body."""

    submissions: Sequence[Submission | InvalidRequest]
    config: dict[str, Any] | None

    @property
    def run(self) -> str | None:
        """The run of the first sample that can be read: one request waits as one run."""
        for one in self.submissions:
            if isinstance(one, Submission):
                return one.run.id
        return None
