"""Records for the ledger's tests."""

import json
import time
from typing import Any

import uuid_utils

from app.ledger import Record, RecordFilter, StoredCredit


def grade(**changes: Any) -> Record:
    """A grade with a fresh id."""
    values: dict[str, Any] = {
        "record": str(uuid_utils.uuid7()),
        "created_us": time.time_ns() // 1000,
        "caller": "local",
        "grader": "finance_qa@v1",
        "digest": "d1",
        "contract": "native",
        "run": None,
        "step": None,
        "item_id": None,
        "rollout": None,
        "group": None,
        "reward": 1.0,
        "verdict": "accurate",
        "code": None,
        "grade": b'{"reason":"equal"}',
        "config": b"{}",
        "item": b'{"reference":"12"}',
        "sample": b'{"output_text":"12"}',
        "executions": b"[]",
        "idempotency_key": None,
        "body_sha256": None,
        "duration_us": 900,
    }
    return Record(**values | changes)


def unscored(code: str = "invalid_item", **changes: Any) -> Record:
    """A sample that was not judged."""
    return grade(reward=None, verdict=None, code=code, **changes)


def credit(*given: Record, **changes: Any) -> StoredCredit:
    """A credit with a fresh id for the group of `given`."""
    values: dict[str, Any] = {
        "credit": str(uuid_utils.uuid7()),
        "created_us": time.time_ns() // 1000,
        "caller": "local",
        "grader": "finance_qa@v1",
        "digest": "d1",
        "parameters": b"{}",
        "members": json.dumps([{"record": record.record} for record in given]).encode(),
        "block": b"{}",
        "idempotency_key": None,
        "body_sha256": None,
    }
    return StoredCredit(**values | changes)


def matches(record: Record, where: RecordFilter) -> bool:
    """What a filter means, without SQL."""
    names = ("caller", "run", "grader", "verdict", "code", "step", "item_id", "group")
    equal = all(getattr(where, name) in {None, getattr(record, name)} for name in names)
    reward = record.reward
    above = where.min_reward is None or (reward is not None and reward >= where.min_reward)
    below = where.max_reward is None or (reward is not None and reward <= where.max_reward)
    return equal and above and below and where.scored in {None, reward is not None}
