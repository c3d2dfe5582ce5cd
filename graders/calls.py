"""One pure call of a version, from JSON to an outcome, and both as the bytes that cross a process border."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from msgspec import Struct, convert
from msgspec.json import encode
from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, from_json, to_json

from graders.api import Credited, Execution, Grade, Program, Sample
from graders.crashes import crash_of
from graders.discovery import BUILT_IN
from graders.errors import Fault, GraderCrashed, InvalidConfig, InvalidCredit, InvalidItem, Unscored, said_by
from graders.version import Version

_SURELY_READABLE_BYTES = 4000
_SURELY_READABLE_LEVELS = 150
_SURROGATE = re.compile("[\ud800-\udfff]")


class Judged(Struct, gc=False):
    """A grade on its way: reward and verdict to count with, and the rest as the JSON object that is stored."""

    reward: float
    verdict: str
    json: bytes
    """`{"reason", "answer", "answer_span", "sub_rewards", "details"}`, UTF-8."""


Outcome = Judged | list[Program] | Credited | Unscored
"""A grade, the programs of a plan, what a group earned, or why there is none of these."""


class Call(Struct, gc=False):
    """What one judgement needs: the item under the version's own field names, and the sample; as sent, and as JSON."""

    sent: tuple[dict[str, Any], Any]
    item: bytes
    sample: bytes
    results: Sequence[Execution] = ()
    results_json: Sequence[bytes] = ()
    is_plan: bool = False
    """True asks for the programs to run; False for the grade."""

    @classmethod
    def of(cls, item: dict[str, Any], sample: Any) -> "Call":
        return cls((item, sample), to_json(item), to_json(sample))

    def give(self, results: Sequence[Execution], results_json: Sequence[bytes] = ()) -> None:
        """Adds what came of the programs that its plan asked for; `results_json` if each has been written already."""
        self.results, self.results_json = results, results_json or [to_json(result) for result in results]

    @property
    def size_bytes(self) -> int:
        size = len(self.item) + len(self.sample)
        return size + sum(map(len, self.results_json)) if self.results_json else size

    def is_small(self, max_bytes: int) -> bool:
        """Whether it may share a round trip, in a version that is quick up to that size."""
        return self.size_bytes <= max_bytes

    @property
    def value(self) -> dict[str, Any]:
        """What `perform` takes."""
        item, sample = self.sent
        return {"item": item, "sample": sample, "is_plan": self.is_plan, "results": self.results}

    @property
    def json(self) -> bytes:
        """`value` as JSON."""
        return b'{"item":%b,"sample":%b,"is_plan":%b,"results":[%b]}' % (
            self.item,
            self.sample,
            b"true" if self.is_plan else b"false",
            b",".join(self.results_json),
        )


def perform(version: Version, config: BaseModel, call: dict[str, Any]) -> Outcome:
    """The outcome of a call, given as what its JSON says. Raises nothing: what goes wrong is an outcome too."""
    [outcome] = perform_all(version, config, [call])
    return outcome


def perform_all(version: Version, config: BaseModel, calls: Sequence[dict[str, Any]]) -> list[Outcome]:
    """The outcomes of `calls`, each as `perform` gives it, in their order.

    Of a grader of ours, a step is done for one call after the other before the next step: pydantic, the grader and the
    JSON encoder do not drive one another out of the processor's caches at every call, which is a seventh of its time.
    """

    def read(call: dict[str, Any]) -> tuple[Sample, BaseModel, dict[str, Any]]:
        item = version.read_item(call["item"])
        return Sample.read(call["sample"]), item, call

    def decide(arguments: tuple[Sample, BaseModel, dict[str, Any]]) -> Grade | list[Program]:
        sample, item, call = arguments
        if call["is_plan"]:
            return version.plan(sample, item, config)
        results = convert(call["results"], list[Execution]) if call["results"] else []
        return version.judge(sample, item, config, results)

    outcomes: list[Outcome] = []
    # What another grader returns may be its own to change at its next call.
    for row in [calls] if version.origin == BUILT_IN else [[call] for call in calls]:
        outcomes += _stepped(version, judged, _stepped(version, decide, _stepped(version, read, row)))
    return outcomes


_SETTLED = (Unscored, list)
"""No judgement, or the programs of a plan: what has no further step."""


def _stepped(version: Version, step: Callable[[Any], Any], row: Sequence[Any]) -> list[Any]:
    """What `step` makes of each of `row` that is not settled."""
    made: list[Any] = []
    for each in row:
        if isinstance(each, _SETTLED):
            made.append(each)
            continue
        try:
            made.append(step(each))
        except Unscored as error:
            # The frames that it came through hold the calls of the row, and it would hold them until the cyclic
            # collector comes: in a worker after a thousand such samples, of any size.
            error.__traceback__ = error.__cause__ = error.__context__ = None
            made.append(error)
        # What a grade is made of may be of a grader's own types.
        except Exception as error:  # noqa: BLE001
            made.append(crash_of(version.id, version.folder, error))
    return made


def judged(grade: Grade) -> Judged:
    """`grade` with all but its reward and verdict as JSON; what is infinite in the details becomes null.

    Raises:
        GraderCrashed: its details are no JSON values.
    """
    rest = {
        "reason": grade.reason,
        "answer": grade.answer,
        "answer_span": grade.answer_span,
        # True is a number to Python, and none in JSON.
        "sub_rewards": grade.sub_rewards and {name: +value for name, value in grade.sub_rewards.items()},
        "details": grade.details,
    }
    return Judged(float(grade.reward), grade.verdict, checked_json(rest, "The grade's details"))


def checked_json(value: Any, what: str) -> bytes:
    """`value` as JSON that can be read again; what is infinite in it becomes null, and a lone surrogate U+FFFD.

    Raises:
        GraderCrashed: it holds something else than JSON values; the detail begins with `what`.
    """
    try:
        try:
            shown = _json(value)
        except (UnicodeEncodeError, PydanticSerializationError):
            shown = _json(_without_surrogates(value))
        # What is that long or deep may be more than a JSON reader takes (4,300 digits, 200 levels).
        if len(shown) > _SURELY_READABLE_BYTES or may_be_deeper(shown, _SURELY_READABLE_LEVELS):
            from_json(shown)
    except (PydanticSerializationError, ValueError) as error:
        raise GraderCrashed(f"{what} are no JSON values: {said_by(error)}") from error
    return shown


def may_be_deeper(json: bytes, levels: int) -> bool:
    """Whether so many brackets open in `json` that it could be nested deeper than `levels`."""
    # `replace` leaps from one to the next and stops when there are enough; `count` looks at every byte.
    shorter = len(json.replace(b"[", b"", levels + 1)) + len(json.replace(b"{", b"", levels + 1))
    return 2 * len(json) - shorter > levels


def _without_surrogates(value: Any) -> Any:
    """A grader that reads JSON out of a sample may find some there, which must not keep that from its reward."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_without_surrogates(name): _without_surrogates(inner) for name, inner in value.items()}
    return [_without_surrogates(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _json(value: Any) -> bytes:
    try:
        return encode(value)
    except (TypeError, OverflowError):
        # Slower, and takes more: integers of any size, keys of any kind, models.
        return to_json(value, inf_nan_mode="null")


# An answer on the wire is the length of its head, the head, and the grades' JSON one after the other. The head is a
# JSON list with one entry per outcome: [reward, verdict, length] for a grade, an object for anything else.


def encode_outcomes(outcomes: Sequence[Outcome]) -> bytes:
    """`decode_outcomes` is its inverse."""
    head = to_json([_head(outcome) for outcome in outcomes])
    grades = (outcome.json for outcome in outcomes if isinstance(outcome, Judged))
    return b"".join((len(head).to_bytes(4, "big"), head, *grades))


def decode_outcomes(answer: bytes) -> list[Outcome]:
    body = 4 + int.from_bytes(answer[:4], "big")
    return list(_decoded(from_json(answer[4:body]), answer, body))


_KINDS = (InvalidItem, InvalidConfig, InvalidCredit, GraderCrashed)
_ERRORS: dict[str, type[Unscored]] = {kind.__name__: kind for kind in _KINDS}


def _head(outcome: Outcome) -> Any:
    if isinstance(outcome, Judged):
        return outcome.reward, outcome.verdict, len(outcome.json)
    if isinstance(outcome, Unscored):
        kind = next(kind.__name__ for kind in type(outcome).__mro__ if kind.__name__ in _ERRORS)
        return {"error": kind, "detail": outcome.detail, "faults": [asdict(fault) for fault in outcome.faults]}
    if isinstance(outcome, Credited):
        return {"rewards": outcome.rewards, "block": outcome.block}
    return {"programs": outcome}


def _decoded(heads: list[Any], answer: bytes, start: int) -> Iterator[Outcome]:
    for head in heads:
        if isinstance(head, list):
            reward, verdict, length = head
            yield Judged(float(reward), verdict, answer[start : start + length])
            start += length
        elif "error" in head:
            yield _ERRORS[head["error"]](head["detail"], tuple(Fault(**fault) for fault in head["faults"]))
        elif "rewards" in head:
            yield Credited(tuple(head["rewards"]), head["block"])
        else:
            yield [Program(**program) for program in head["programs"]]
