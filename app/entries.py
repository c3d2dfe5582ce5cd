"""One submission on its way through a request: its bytes, its outcome, its record."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.json import encode as write_json
from pydantic_core import to_json
from uuid_utils import uuid7

from app.encoding import encode
from app.errors import IdempotencyConflict, InvalidRequest, problem, status_of
from app.jobs import Outcome
from app.orders import Answer, Graded, Order, Refused, Submission
from app.records import Record
from graders.api import Credited, Execution, Program
from graders.calls import Call, Judged
from graders.errors import Fault, InvalidItem, did_you_mean
from graders.registry import ConfigInForce, Grader

# Of an item, compared with the name of one that is not there: a hostile item has thousands.
_COLUMNS_MAX = 40


class Entry(Struct):
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
            detail = (
                f"The idempotency key was used for another body: record {record.record}. Send this one with another."
            )
            place = self.submission.pointer or "/header/Idempotency-Key"
            self.answer = Refused(IdempotencyConflict(detail, (Fault(place, detail),)))


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
        # Written anew: the blanks between what was sent, or a neighbour's fault, make no other body of it.
        sent_anew = to_json(submission.item), to_json(submission.sample)
        body = b"\n".join((*sent_anew, config.json, repr(submission.run).encode()))
        entry.body_sha256 = hashlib.sha256(body).digest()
    return entry


def located(error: InvalidItem, entry: Entry, grader: Grader) -> InvalidItem:
    """An item's faults under the caller's own column names, and where they stand in the whole request; where the
    item as a whole is at fault, after the columns that a recipe reads and the item does not have."""
    sent = [grader.as_sent(fault) for fault in error.faults]
    if any(fault.pointer == "/item" for fault in sent):
        sent = [*_absent(entry.submission.item, grader), *sent]
    faults = tuple(Fault(entry.submission.pointer + fault.pointer, fault.detail) for fault in sent)
    return InvalidItem(error.detail, faults)


def _absent(item: dict[str, Any], grader: Grader) -> Iterator[Fault]:
    near = list(item)[:_COLUMNS_MAX]
    for column, name in grader.item_map.items():
        if column not in item:
            detail = f"{grader.id} reads {name!r} from the column {column!r}, and there is none."
            yield Fault("/item", f"{detail}{did_you_mean(column, near)}")


def records_of(
    entries: Sequence[Entry], order: Order, grader: Grader, config: ConfigInForce, duration_us: int
) -> list[Record]:
    """The ledger's rows for `entries`: grades, and unscored ones, which hold no key."""
    caller, contract, id, digest = order.caller.name, order.contract, grader.id, grader.digest
    now_us = time.time_ns() // 1000
    records = []
    for entry in entries:
        outcome, run = entry.outcome, entry.submission.run
        reward = verdict = code = key = body_sha256 = None
        if isinstance(outcome, Judged):
            reward, verdict, grade = outcome.reward, outcome.verdict, outcome.json
            key, body_sha256 = entry.submission.key, entry.body_sha256
        else:
            assert not isinstance(outcome, list | Credited), "every plan was followed by a judgement or a failure"
            code, grade = status_of(outcome).code, to_json(problem(outcome))
        # By position: with the names, making a record of a large batch costs as much as reading its sample.
        records.append(
            Record(
                str(uuid7()), now_us, caller, id, digest, contract,
                run.id, run.step, run.item_id, run.rollout, run.group,
                reward, verdict, code, duration_us, key, body_sha256,
                grade, config.json, entry.item, entry.sample, entry.executions,
            )
        )  # fmt: skip
    return records
