"""The calls that killed or outlasted a worker, so that they do not do so again and again."""

import hashlib
from collections import OrderedDict
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json

from app.errors import DeadlineExceeded
from app.jobs import Job
from graders.api import Sample
from graders.calls import Call
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
    """What a job of one call asks: digest, config, item and sample, however they were written."""
    call = job.calls[0]
    if not isinstance(call, Call):
        return hashlib.sha256(job.json).digest()
    item, sample = call.sent
    asked = (item, _read(sample), call.is_plan)
    return hashlib.sha256(
        b"\n".join((job.version.digest.encode(), job.config.json, to_json(asked), *call.results_json))
    ).digest()


def _read(sample: Any) -> Any:
    """What the grader sees of it; as it came where it cannot be read, which is then its outcome."""
    try:
        return Sample.read(sample)
    except ValidationError:
        return sample
