"""The calls that killed or outlasted a worker, so that they do not do so again and again."""

import hashlib
from collections import OrderedDict

from app.errors import DeadlineExceeded
from app.jobs import Job
from graders.errors import Unscored

_REMEMBERED = 10_000


class FailedCalls:
    """By content, the newest ones; kept in this process only."""

    def __init__(self) -> None:
        self._first: OrderedDict[bytes, Unscored | DeadlineExceeded] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._first)

    def get(self, job: Job) -> Unscored | DeadlineExceeded | None:
        return self._first.get(_content(job)) if self._first else None

    def add(self, job: Job, failure: Unscored | DeadlineExceeded) -> None:
        self._first[_content(job)] = failure
        if len(self._first) > _REMEMBERED:
            self._first.popitem(last=False)


def _content(job: Job) -> bytes:
    """What a job of one call asks: digest, config, item and sample."""
    return hashlib.sha256(job.json).digest()
