"""One submission on its way through a request: its bytes, its outcome, its record."""

import hashlib
import time
from dataclasses import dataclass, field

import uuid_utils
from pydantic_core import to_json

from app.encoding import encode
from app.errors import Failure, IdempotencyConflict, InvalidRequest, problem, status_of
from app.ledger import Record
from app.orders import Answer, Graded, Order, Refused, Submission
from app.workers import Outcome
from graders.api import Execution, Grade, Program
from graders.calls import Call
from graders.errors import Fault, InvalidItem
from graders.registry import ConfigInForce, Grader


@dataclass(slots=True)
class Entry:
    """A submission and what has become of it so far. `answer` is set last, and once."""

    submission: Submission
    call: Call
    item: bytes = b""
    sample: bytes = b""
    body_sha256: bytes | None = None
    executions: list[tuple[Program, Execution]] = field(default_factory=list)
    outcome: Outcome = field(default_factory=list)
    """Empty until it is judged."""
    answer: Answer | None = None

    @property
    def size_bytes(self) -> int:
        return len(self.item) + len(self.sample)

    def replay(self, record: Record) -> None:
        """Answers with `record`, made under this entry's key, if it was made of the same body."""
        if record.body_sha256 == self.body_sha256:
            self.answer = Graded(record, replayed=True)
        else:
            detail = f"The idempotency key was used for another body: record {record.record}."
            self.answer = Refused(IdempotencyConflict(detail))


def entry_of(submission: Submission, grader: Grader, config: ConfigInForce) -> Entry:
    """`submission` with its bytes; one that cannot be written as JSON is answered already."""
    entry = Entry(submission, Call(grader.mapped(submission.item), submission.sample))
    try:
        entry.item = encode(submission.item, submission.pointer + "/item")
        entry.sample = encode(submission.sent_sample, submission.pointer + "/sample")
    except InvalidRequest as error:
        entry.answer = Refused(error)
    if submission.key is not None:
        body = b"\n".join((entry.item, entry.sample, config.json, repr(submission.run).encode()))
        entry.body_sha256 = hashlib.sha256(body).digest()
    return entry


def located(outcome: Outcome, entry: Entry, grader: Grader) -> Outcome:
    """An item's faults under the caller's own column names, and where they stand in the whole request."""
    if not isinstance(outcome, InvalidItem):
        return outcome
    sent = map(grader.as_sent, outcome.faults)
    faults = tuple(Fault(entry.submission.pointer + fault.pointer, fault.detail) for fault in sent)
    return InvalidItem(outcome.detail, faults)


def record_of(entry: Entry, order: Order, grader: Grader, config: ConfigInForce, duration_us: int) -> Record:
    """The ledger's row for `entry`: a grade, or an unscored one that holds no key."""
    outcome, run = entry.outcome, entry.submission.run
    grade = outcome if isinstance(outcome, Grade) else None
    return Record(
        record=str(uuid_utils.uuid7()),
        created_us=time.time_ns() // 1000,
        caller=order.caller.name,
        grader=grader.id,
        digest=grader.digest,
        contract=order.contract,
        run=run.id,
        step=run.step,
        item_id=run.item_id,
        rollout=run.rollout,
        group=run.group,
        reward=grade.reward if grade else None,
        verdict=grade.verdict if grade else None,
        code=status_of(outcome).code if isinstance(outcome, Failure) else None,
        grade=_grade_json(outcome),
        config=config.json,
        item=entry.item,
        sample=entry.sample,
        executions=to_json(entry.executions) if entry.executions else b"[]",
        idempotency_key=entry.submission.key if grade else None,
        body_sha256=entry.body_sha256 if grade else None,
        duration_us=duration_us,
    )


def _grade_json(outcome: Outcome) -> bytes:
    """The part of a grade that has no column of its own, or the problem of an unscored row."""
    if isinstance(outcome, Grade):
        shown = {
            "reason": outcome.reason,
            "answer": outcome.answer,
            "answer_span": outcome.answer_span,
            "sub_rewards": outcome.sub_rewards,
            "details": outcome.details,
        }
        return to_json(shown, inf_nan_mode="null")
    assert isinstance(outcome, Failure)
    return to_json(problem(outcome))
