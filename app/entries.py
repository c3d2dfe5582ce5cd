"""One submission on its way through a request: its bytes, its outcome, its record."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import uuid_utils
from msgspec.json import encode as write_json
from pydantic_core import to_json

from app.encoding import encode
from app.errors import IdempotencyConflict, InvalidRequest, problem, status_of
from app.jobs import Outcome
from app.ledger import Record
from app.orders import Answer, Graded, Order, Refused, Submission
from graders.api import Credited, Execution, Program
from graders.calls import Call, Judged
from graders.errors import Fault, InvalidItem
from graders.registry import ConfigInForce, Grader


@dataclass(slots=True)
class Entry:
    """A submission and what has become of it so far. `answer` is set last, and once."""

    submission: Submission
    item: bytes = b""
    sample: bytes = b""
    call: Call = field(default_factory=lambda: Call(({}, ""), b"", b""))
    body_sha256: bytes | None = None
    executions: bytes = b"[]"
    """The JSON of `[program, execution]` pairs."""
    outcome: Outcome = field(default_factory=list)
    """Empty until it is judged."""
    answer: Answer | None = None

    def give(self, programs: Sequence[Program], executions: Sequence[Execution]) -> None:
        """Adds what came of the programs that its plan asked for."""
        told = [write_json(execution) for execution in executions]
        self.call.give(executions, told)
        pairs = (b"[%b,%b]" % (write_json(program), each) for program, each in zip(programs, told, strict=True))
        self.executions = b"[%b]" % b",".join(pairs)

    def replay(self, record: Record) -> None:
        """Answers with `record`, made under this entry's key, if it was made of the same body."""
        if record.body_sha256 == self.body_sha256:
            self.answer = Graded(record, replayed=True)
        else:
            detail = f"The idempotency key was used for another body: record {record.record}."
            self.answer = Refused(IdempotencyConflict(detail))


def entry_of(submission: Submission, grader: Grader, config: ConfigInForce) -> Entry:
    """`submission` with its bytes; one that cannot be written as JSON is answered already."""
    try:
        item = submission.item_json or encode(submission.item, submission.pointer + "/item")
        sample = submission.sample_json or encode(submission.sample, submission.pointer + "/sample")
    except InvalidRequest as error:
        return Entry(submission, answer=Refused(error))
    mapped = grader.mapped(submission.item)
    sent = (mapped, submission.sample if submission.read is None else submission.read)
    entry = Entry(submission, item, sample, Call(sent, to_json(mapped) if grader.item_map else item, sample))
    if submission.key is not None:
        body = b"\n".join((entry.item, entry.sample, config.json, repr(submission.run).encode()))
        entry.body_sha256 = hashlib.sha256(body).digest()
    return entry


def located(error: InvalidItem, entry: Entry, grader: Grader) -> InvalidItem:
    """An item's faults under the caller's own column names, and where they stand in the whole request."""
    sent = map(grader.as_sent, error.faults)
    faults = tuple(Fault(entry.submission.pointer + fault.pointer, fault.detail) for fault in sent)
    return InvalidItem(error.detail, faults)


def record_of(entry: Entry, order: Order, grader: Grader, config: ConfigInForce, duration_us: int) -> Record:
    """The ledger's row for `entry`: a grade, or an unscored one that holds no key."""
    outcome, run = entry.outcome, entry.submission.run
    reward = verdict = code = key = body_sha256 = None
    if isinstance(outcome, Judged):
        reward, verdict, grade = outcome.reward, outcome.verdict, outcome.json
        key, body_sha256 = entry.submission.key, entry.body_sha256
    else:
        assert not isinstance(outcome, list | Credited), "every plan was followed by a judgement or a failure"
        code, grade = status_of(outcome).code, to_json(problem(outcome))
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
        reward=reward,
        verdict=verdict,
        code=code,
        grade=grade,
        config=config.json,
        item=entry.item,
        sample=entry.sample,
        executions=entry.executions,
        idempotency_key=key,
        body_sha256=body_sha256,
        duration_us=duration_us,
    )
