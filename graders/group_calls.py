"""The pure call that credits a group, from JSON to an outcome, and as the bytes that cross a process border."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from graders.api import Credited, Grade, Member
from graders.calls import Judged, checked_json
from graders.crashes import crash_of
from graders.errors import InvalidItem, Unscored
from graders.version import Version


@dataclass(frozen=True, slots=True)
class GroupMember:
    """One sample of the group, with what its own judgement came to; None: there is none."""

    item: bytes
    """JSON, under the version's own field names."""
    item_id: str
    rollout: int | None
    judged: Judged | None

    @property
    def json(self) -> bytes:
        place = to_json((self.item_id, self.rollout))
        if self.judged is None:
            return b'{"item":%b,"place":%b,"grade":null}' % (self.item, place)
        head = to_json((self.judged.reward, self.judged.verdict))
        return b'{"item":%b,"place":%b,"grade":%b,"rest":%b}' % (self.item, place, head, self.judged.json)


@dataclass(frozen=True, slots=True)
class GroupCall:
    """What one group credit needs."""

    members: Sequence[GroupMember]
    credit: bytes
    """JSON: the credit's parameters as sent."""

    @property
    def json(self) -> bytes:
        """What `perform_group` takes."""
        return b'{"credit":%b,"members":[%b]}' % (self.credit, b",".join([member.json for member in self.members]))

    @property
    def size_bytes(self) -> int:
        return len(self.credit) + sum(len(member.item) for member in self.members)

    def is_small(self, max_bytes: int) -> bool:
        """A group goes alone: `SMALL_MAX_BYTES` tells of the judgement of one sample."""
        return False


def perform_group(version: Version, config: BaseModel, call: dict[str, Any]) -> Credited | Unscored:
    """The outcome of a call, given as what its JSON says. Raises nothing: what goes wrong is an outcome too."""
    try:
        members = [_member(version, sent) for sent in call["members"]]
        credited = version.credit(members, config, version.read_credit(call["credit"]))
        block = from_json(checked_json(credited.block, "The group's block"))
        rewards = (None if reward is None else float(reward) for reward in credited.rewards)
        return Credited(tuple(rewards), block)
    except Unscored as error:
        return error
    # A credit's own validators and a block's own types are a grader's code too.
    except Exception as error:  # noqa: BLE001
        return crash_of(version.id, version.folder, error)


def _member(version: Version, sent: dict[str, Any]) -> Member:
    item_id, rollout = sent["place"]
    try:
        item = version.read_item(sent["item"])
    except InvalidItem:
        return Member(None, None, item_id, rollout)
    return Member(_grade(sent), item, item_id, rollout)


def _grade(sent: dict[str, Any]) -> Grade | None:
    if sent["grade"] is None:
        return None
    reward, verdict = sent["grade"]
    rest = sent["rest"]
    span = rest.pop("answer_span")
    return Grade(reward, verdict, answer_span=None if span is None else tuple(span), **rest)
