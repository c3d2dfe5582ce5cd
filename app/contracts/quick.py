"""The bodies of the native routes, read quickly. `msgspec` checks them and hands out the bytes of each item and sample
as they were sent, so that nothing is written anew to be stored.

What is unusual is not taken here: None. Then `native.py` reads the body with pydantic, which says precisely what is
wrong with it, or takes it after all. A test holds the two ways to the same grades.
"""

from typing import Annotated, Any

from msgspec import DecodeError, Meta, Raw, Struct
from msgspec.json import Decoder
from pydantic import ValidationError

from app.contracts.asked import BATCH_MAX, Asked
from app.encoding import DEPTH_MAX
from app.errors import InvalidRequest
from app.orders import RunPoint, Submission
from graders.api import Sample

_Name = Annotated[str, Meta(min_length=1, max_length=512)]
_Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]

# A lone surrogate, or a NUL in a name, is written with these; most bodies hold none.
_UNUSUAL = (b"\\ud", b"\\uD", b"\\u0000")


class _Run(Struct, forbid_unknown_fields=True, frozen=True):
    id: _Name | int | None = None
    step: _Int64 | None = None
    item_id: _Name | int | None = None
    rollout: _Int64 | None = None
    group: _Name | int | None = None


_NOWHERE = _Run()


class _One(Struct, forbid_unknown_fields=True):
    item: dict[str, Any]
    sample: str | dict[str, Any]
    config: dict[str, Any] | None = None
    run: _Run = _NOWHERE


class _Element(Struct, forbid_unknown_fields=True):
    item: dict[str, Any]
    sample: str | dict[str, Any]
    run: _Run = _NOWHERE


class _Batch(Struct, forbid_unknown_fields=True):
    samples: Annotated[list[_Element], Meta(max_length=BATCH_MAX)]
    config: dict[str, Any] | None = None
    run: _Run = _NOWHERE


class _Bytes(Struct):
    item: Raw
    sample: Raw


class _BatchBytes(Struct):
    samples: list[_Bytes]


_one, _one_bytes = Decoder(_One), Decoder(_Bytes)
_batch, _batch_bytes = Decoder(_Batch), Decoder(_BatchBytes)


def read_one(body: bytes) -> Asked | None:
    """What the body of a single grade asks for."""
    sent: _One | None = _decoded(_one, body)
    if sent is None:
        return None
    submission = _submission(sent, _one_bytes.decode(body), RunPoint(), "")
    return None if submission is None else Asked([submission], sent.config)


def read_batch(body: bytes) -> Asked | None:
    """What the body of a batch asks for."""
    sent: _Batch | None = _decoded(_batch, body)
    if sent is None:
        return None
    submissions: list[Submission | InvalidRequest] = []
    shared = _point(sent.run)
    for index, (element, raw) in enumerate(zip(sent.samples, _batch_bytes.decode(body).samples, strict=True)):
        submission = _submission(element, raw, shared, f"/samples/{index}")
        if submission is None:
            return None
        submissions.append(submission)
    return Asked(submissions, sent.config)


def _decoded(decoder: Decoder[Any], body: bytes) -> Any:
    """`body` as what `decoder` reads, or None."""
    for unusual in _UNUSUAL:
        if unusual in body:
            return None
    try:
        return decoder.decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _submission(sent: _One | _Element, raw: _Bytes, shared: RunPoint, pointer: str) -> Submission | None:
    item, sample = bytes(raw.item), bytes(raw.sample)
    if item.count(b"[") + item.count(b"{") + sample.count(b"[") + sample.count(b"{") > DEPTH_MAX:
        return None
    try:
        read = Sample.read(sent.sample)
    except ValidationError:
        return None
    return Submission(sent.item, sent.sample, _point(sent.run).within(shared), None, pointer, read, item, sample)


def _point(run: _Run) -> RunPoint:
    return RunPoint(_name(run.id), run.step, _name(run.item_id), run.rollout, _name(run.group))


def _name(sent: str | int | None) -> str | None:
    return str(sent) if type(sent) is int else sent  # type: ignore[return-value]  # msgspec makes no subclass of int
