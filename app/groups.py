"""The use case of groups: judge every sample, credit them together, record all of it in one transaction.

A group is replayed whole or graded whole. Its key is held once every sample has a grade or an error that will not
pass; while one was not judged for a reason that may pass (a deadline, a lost worker), a retry judges all again,
because each reward depends on all. A sample that is not judged stays unscored, and so do those whom the grader cannot
credit without it; none of them gets a number.
"""

import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import uuid_utils
from pydantic_core import from_json, to_json

from app.admission.claim import Claim
from app.admission.limit import Quota
from app.encoding import encode
from app.entries import Entry, entry_of, records_of
from app.errors import (
    Failure,
    IdempotencyConflict,
    LedgerUnavailable,
    NoGroupCredit,
    NotCredited,
    NotCreditedYet,
    RecordRefused,
    is_retryable,
    status_of,
)
from app.grading import Grading, refuse_if_all_are_shed
from app.group_orders import GroupAnswer, GroupOrder, Unread
from app.jobs import Job
from app.keyed_lock import KeyedLock
from app.orders import Order, Refused, Submission
from app.records import Record, StoredCredit
from graders.api import Credited
from graders.calls import Judged
from graders.errors import Fault, InvalidCredit
from graders.group_calls import GroupCall, GroupMember
from graders.registry import ConfigInForce, Grader

# Share of a request's time that is kept for crediting when judging takes all of the rest.
_CREDITING = 0.1


class GroupLedger(Protocol):
    def add(self, records: Sequence[Record]) -> Awaitable[list[Record | RecordRefused]]: ...
    async def add_credit(self, credit: StoredCredit, records: Sequence[Record]) -> StoredCredit: ...
    async def replay_credit(self, caller: str, grader: str, key: str) -> StoredCredit | None: ...
    async def records(self, ids: Sequence[str]) -> dict[str, Record]: ...


@dataclass(slots=True)
class _Member:
    """One sample of the group on its way."""

    item_id: str
    rollout: int | None
    body: bytes
    """What an idempotency key stands for."""
    entry: Entry | None = None
    error: Failure | None = None
    """Why there is no entry."""

    @property
    def asked(self) -> GroupMember:
        """What its group's credit is made of."""
        outcome = None if self.entry is None else self.entry.outcome
        item = b"null" if self.entry is None else self.entry.call.item
        return GroupMember(item, self.item_id, self.rollout, outcome if isinstance(outcome, Judged) else None)


@dataclass(slots=True)
class _Group:
    """One request, once it is known that it can be graded."""

    order: GroupOrder
    grader: Grader
    config: ConfigInForce
    parameters: bytes
    members: list[_Member]
    body_sha256: bytes | None

    @property
    def entries(self) -> list[Entry]:
        return [member.entry for member in self.members if member.entry is not None]


@dataclass
class GroupGrading:
    """Grades groups with the parts of `grading`."""

    grading: Grading
    ledger: GroupLedger
    crediting: Callable[[], Sequence[str]]
    """The ids of graders that credit groups, for the error of one that does not."""
    turns: KeyedLock = field(default_factory=KeyedLock)
    _beyond: set[str] = field(default_factory=set)
    """The ids of graders of which a group was paid beyond the rewards of samples alone."""

    async def grade(self, order: GroupOrder) -> GroupAnswer:
        """The group's rewards, recorded.

        Raises:
            UnknownGrader, NoGroupCredit, InvalidConfig, InvalidCredit: before any work.
            RateLimited, BatchOverBurst, Overloaded: shed before any work.
            Unscored, ServiceError: the group could not be credited or recorded; no sample of it has a reward.
        """
        started = time.monotonic()
        group = await self._group(order)
        if order.key is None:
            answer = await self._graded(group, started)
        else:
            answer = await self._graded_once(group, order.key, started)
        self._tell(group, answer)
        return answer

    def _tell(self, group: _Group, answer: GroupAnswer) -> None:
        """Has the request's log line say what became of its samples, and counts what was graded before."""
        graded = [one.record for one in answer.results if isinstance(one, Record) and one.reward is not None]
        if answer.replayed:
            self.grading.meters.replayed(group.grader.id, len(graded))
        if (trace := group.order.claim.trace) is not None:
            records = [one.record for one in answer.results if isinstance(one, Record)]
            trace.judged(records, len(graded), len(answer.results) - len(graded))

    async def _graded_once(self, group: _Group, key: str, started: float) -> GroupAnswer:
        """The group's rewards, or those that an earlier request with its key was given."""
        order = group.order
        async with self.turns.holding((order.caller.name, order.grader_id, key)):
            held = await self.ledger.replay_credit(order.caller.name, order.grader_id, key)
            return await (self._graded(group, started) if held is None else self._replayed(held, group))

    async def _group(self, order: GroupOrder) -> _Group:
        """Everything that can be known to be wrong before a sample is judged is raised here."""
        grader = await self.grading.graders.find(order.grader_id)
        if (trace := order.claim.trace) is not None:
            trace.grader = grader.id
        if not grader.version.has_group_credit:
            known = ", ".join(self.crediting()) or "none here"
            raise NoGroupCredit(f"{grader.id} credits no groups: POST .../grade-batch. Graders that do: {known}.")
        if order.config is not None:
            encode(order.config, "/config")
        config = grader.with_config(order.config)
        parameters = encode(order.credit, "/credit")
        grader.version.read_credit(order.credit)
        members = [_member(one, grader, config) for one in order.members]
        sha256 = None
        if order.key is not None:
            sha256 = hashlib.sha256(b"\n".join((config.json, parameters, *(one.body for one in members)))).digest()
        return _Group(order, grader, config, parameters, members, sha256)

    async def _graded(self, group: _Group, started: float) -> GroupAnswer:
        quotas: Sequence[Quota] = ()
        if group.entries:
            held = self.grading.admission.admit(group.order.caller, group.grader.version.id, len(group.entries))
            quotas = () if held is None else await held
        answer = await self._admitted(group, started)
        return replace(answer, quotas=quotas) if quotas else answer

    async def _admitted(self, group: _Group, started: float) -> GroupAnswer:
        claim = group.order.claim
        judging = claim.sooner(_CREDITING * claim.left_s)
        await self.grading.judge(group.grader, group.config, group.entries, judging)
        self.grading.give_back_unspent(claim, group.grader, group.entries)
        refuse_if_all_are_shed(group.entries)
        credited = await self._credit(group, claim.begun())
        if isinstance(credited, InvalidCredit) and _may_pass(group):
            credited = NotCreditedYet(
                f"{credited.detail}, but samples of the group may yet be judged.", credited.faults
            )
        _settle(group, credited)
        order = group.order
        single = Order(claim, order.grader_id, order.contract, ())
        duration_us = int((time.monotonic() - started) * 1e6)
        records = records_of(group.entries, single, group.grader, group.config, duration_us)
        if isinstance(credited, Credited):
            return await self._record(group, records, credited)
        await self._record_uncredited(group, records)
        raise credited

    async def _credit(self, group: _Group, claim: Claim) -> Credited | Failure:
        call = GroupCall([member.asked for member in group.members], group.parameters)
        [outcome] = await self.grading.judges(Job(group.grader.version, group.config, [call]), claim)
        assert not isinstance(outcome, Judged | list), "a group call is answered with a credit"
        return outcome

    async def _record(self, group: _Group, records: list[Record], credited: Credited) -> GroupAnswer:
        """Answers once all is durable: with this credit, or with the one that another replica made meanwhile."""
        credit = _stored(group, records, credited)
        for record in records:
            record.grade = b'%b,"credit":%b}' % (record.grade[:-1], to_json(credit.credit))
        began = time.monotonic()
        standing = await self.ledger.add_credit(credit, records)
        self.grading.meters.stage("ledger", spent_s := time.monotonic() - began)
        if (trace := group.order.claim.trace) is not None:
            trace.ledger_s = spent_s
        if standing is not credit:
            return await self._replayed(standing, group)
        self._count(group, records)
        return GroupAnswer(credit.credit, _results(group, iter(records)), credit.block)

    async def _record_uncredited(self, group: _Group, records: list[Record]) -> None:
        """The group as a whole failed: each sample leaves an unscored row that says why."""
        try:
            await self.ledger.add(records)
        except LedgerUnavailable:
            # Nobody is told of a reward, so nothing is lost but the rows.
            records = []
        self._count(group, records)

    def _count(self, group: _Group, records: list[Record]) -> None:
        meters = self.grading.meters
        for unread in [member.error for member in group.members if member.error is not None]:
            meters.unscored(group.grader.id, status_of(unread).code)
        for record in records:
            if record.code is not None:
                meters.unscored(record.grader, record.code)
        scored = [record for record in records if record.reward is not None]
        meters.graded(scored, self._range(group.grader, scored))

    def _range(self, grader: Grader, scored: Sequence[Record]) -> tuple[float, float]:
        """Between what its rewards lie: as those of samples alone, until a group of it is paid beyond that. A credit
        that pays within it would never be at the least reward otherwise."""
        least, greatest = grader.version.reward_range
        if not all(least <= record.reward <= greatest for record in scored if record.reward is not None):
            self._beyond.add(grader.id)
        return grader.version.group_reward_range if grader.id in self._beyond else (least, greatest)

    async def _replayed(self, held: StoredCredit, group: _Group) -> GroupAnswer:
        """What the group was given by the request that came first.

        Raises:
            IdempotencyConflict: that was another group.
            LedgerUnavailable: it is being deleted.
        """
        if held.body_sha256 != group.body_sha256:
            detail = (
                f"The idempotency key was used for another group: credit {held.credit}. Send this one with another."
            )
            raise IdempotencyConflict(detail, (Fault("/header/Idempotency-Key", detail),))
        ids = [member["record"] for member in from_json(held.members)]
        found = await self.ledger.records([id for id in ids if id is not None])
        if not found.keys() >= {id for id in ids if id is not None}:
            raise LedgerUnavailable(f"Records of the group {held.credit}, which holds the key, are being deleted.")
        return GroupAnswer(held.credit, _results(group, (found[id] for id in ids if id)), held.block, replayed=True)


def _member(sent: Submission | Unread, grader: Grader, config: ConfigInForce) -> _Member:
    if isinstance(sent, Unread):
        item_id = sent.item_id or _row_id(sent.sent)
        return _Member(item_id, sent.rollout, to_json(sent.sent), error=sent.error)
    entry = entry_of(sent, grader, config)
    item_id = sent.run.item_id or _row_id(sent.item)
    if isinstance(entry.answer, Refused):
        body = to_json((sent.item, sent.sample, repr(sent.run)))
        return _Member(item_id, sent.run.rollout, body, error=entry.answer.error)
    body = b"\n".join((entry.item, entry.sample, repr(sent.run).encode()))
    return _Member(item_id, sent.run.rollout, body, entry)


def _row_id(row: Any) -> str:
    """What stands for an item that the caller did not name: equal rows are one item."""
    return "sha256:" + hashlib.sha256(to_json(row)).hexdigest()


def _settle(group: _Group, credited: Credited | Failure) -> None:
    """Gives each judged sample what it earns: its reward, or the reason why it has none."""
    left_out = NotCreditedYet if _may_pass(group) else NotCredited
    for index, member in enumerate(group.members):
        if member.entry is None or not isinstance(own := member.entry.outcome, Judged):
            continue
        if not isinstance(credited, Credited):
            member.entry.outcome = credited
        elif (reward := credited.rewards[index]) is not None:
            member.entry.outcome = _paid(own, reward)
        else:
            detail = f"Judged {own.verdict} (own reward {own.reward:g}), but left out of the group's credit"
            member.entry.outcome = left_out(f"{detail}, because a sample that it needs was not judged.")


def _may_pass(group: _Group) -> bool:
    """Whether a sample was not judged for a reason that may be gone the next time."""
    return any(isinstance(entry.outcome, Failure) and is_retryable(entry.outcome) for entry in group.entries)


def _paid(own: Judged, reward: float) -> Judged:
    """The grade with the credited number as its reward; `sub_rewards.own` keeps the sample's own."""
    rest = from_json(own.json)
    rest["sub_rewards"]["own"] = own.reward
    if reward != own.reward:
        rest["reason"] += f" Its own reward is {own.reward:g}; its group gives it {reward:g}."
    return Judged(reward, own.verdict, to_json(rest))


def _stored(group: _Group, records: list[Record], credited: Credited) -> StoredCredit:
    ids = iter(record.record for record in records)
    members = [
        {"record": next(ids) if member.entry else None, "item_id": member.item_id, "rollout": member.rollout}
        for member in group.members
    ]
    is_final = not _may_pass(group)
    return StoredCredit(
        credit=str(uuid_utils.uuid7()),
        created_us=time.time_ns() // 1000,
        caller=group.order.caller.name,
        grader=group.grader.id,
        digest=group.grader.digest,
        parameters=group.parameters,
        members=to_json(members),
        block=to_json(credited.block),
        idempotency_key=group.order.key if is_final else None,
        body_sha256=group.body_sha256 if is_final else None,
    )


def _results(group: _Group, records: Iterator[Record]) -> list[Record | Failure]:
    return [member.error or next(records) for member in group.members]
