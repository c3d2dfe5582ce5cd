"""The loop of `rft-graders regrade`: samples that were graded alone in chunks, groups as they were credited."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from app.admission.claim import Claim
from app.auth import Caller
from app.catalogue import Catalogue
from app.errors import Failure, InvalidRequest, ServiceError
from app.grading import Grading
from app.group_orders import GroupOrder, Unread
from app.groups import GroupGrading
from app.ledger import Ledger, Record, StoredCredit
from app.orders import Graded, Order, RunPoint, Submission
from graders.api import Execution, Program
from graders.errors import Unscored
from graders.registry import Grader

_CHUNK_RECORDS = 200

Move = tuple[Record, Record | Failure]
"""A stored grade, and its new one or why there is none."""


@dataclass
class Regrading:
    """Grades the counted grades of a run again, by `target`, as run `new_run`."""

    ledger: Ledger
    catalogue: Catalogue
    grading: Grading
    caller: Caller
    """Whose run it is, and the new one will be."""
    target: Grader
    config: dict[str, Any] | None
    """None: a version gets the one that each stored grade was made with; a recipe has its own."""
    new_run: str
    deadline_s: float
    """Longest time of one chunk, or one group."""
    _groups: dict[str, Record | Failure] = field(default_factory=dict)
    """What has become of members of groups, by their old record, until the run's counted grades come to them."""

    async def moves(self, run: str, source: str | None) -> AsyncIterator[Move]:
        """Each counted grade of `run` with its new one, in the order in which they were made.

        A group is graded again as a whole, with its own credit, as soon as the first of its grades comes.

        Raises:
            NoGroupCredit: the run has groups, and the target credits none.
        """
        chunk: list[Record] = []
        credits: set[str] = set()
        async for record in self.ledger.samples_of_run(self.caller.name, run, source):
            credit = from_json(record.grade).get("credit")
            if chunk and (credit or len(chunk) == _CHUNK_RECORDS or record.config != chunk[0].config):
                for move in await self._chunk(chunk):
                    yield move
                chunk = []
            if credit is None:
                chunk.append(record)
                continue
            if credit not in credits:
                credits.add(credit)
                await self._group(credit)
            yield record, self._groups.pop(record.record)
        if chunk:
            for move in await self._chunk(chunk):
                yield move

    async def _chunk(self, chunk: list[Record]) -> Iterator[Move]:
        submissions = [await self._submission(record) for record in chunk]
        order = Order(self._claim, self.target.id, "regrade", submissions, self._config_of(chunk[0]))
        answers = await self.grading.grade(order)
        made = [answer.record if isinstance(answer, Graded) else answer.error for answer in answers]
        return zip(chunk, made, strict=True)

    async def _group(self, id: str) -> None:
        """Grades one group again, those of its samples too that were not judged then."""
        credit = await self.ledger.credit(id)
        assert credit is not None, "a credit is stored in one transaction with the records that name it"
        places = from_json(credit.members)
        ids = [place["record"] for place in places]
        found = await self.ledger.records([id for id in ids if id is not None])
        members = [
            Unread(_UNREAD, None, place["item_id"], place["rollout"])
            if place["record"] is None
            else await self._submission(found[place["record"]])
            for place in places
        ]
        results = await self._graded(credit, members, next(iter(found.values())))
        self._groups |= {id: made for id, made in zip(ids, results, strict=True) if id is not None}

    async def _graded(
        self, credit: StoredCredit, members: list[Submission | Unread], one: Record
    ) -> list[Record | Failure]:
        groups = GroupGrading(self.grading, self.ledger, self.catalogue.crediting)
        parameters = from_json(credit.parameters)
        order = GroupOrder(self._claim, self.target.id, "regrade", members, parameters, self._config_of(one))
        try:
            return list((await groups.grade(order)).results)
        except (Unscored, ServiceError) as error:
            if not self.target.version.has_group_credit:
                raise
            return [error] * len(members)

    @property
    def _claim(self) -> Claim:
        return Claim.within(self.deadline_s, self.caller, self.new_run)

    def _config_of(self, record: Record) -> dict[str, Any] | None:
        if self.config is not None or self.target.recipe:
            return self.config
        stored: dict[str, Any] = from_json(record.config)
        return stored

    async def _submission(self, record: Record) -> Submission:
        item = from_json(record.item)
        if not self.target.item_map:
            # The row was stored as it was sent; what named its columns then must name them now.
            item = (await self.catalogue.find(record.grader)).mapped(item)
        pairs = [(Program(**program), Execution(**execution)) for program, execution in from_json(record.executions)]
        return Submission(
            item=item,
            sample=from_json(record.sample),
            run=RunPoint(self.new_run, record.step, record.item_id, record.rollout, record.group),
            executions=pairs,
        )


_UNREAD = InvalidRequest("This sample could not be read when its group was graded first.")
