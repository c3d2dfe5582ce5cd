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
    if sent is None or not _is_sample(sent.sample) or _may_be_deep(body):
        return None
    raw = _one_bytes.decode(body)
    submission = Submission(sent.item, sent.sample, _point(sent.run, _NOWHERE))
    submission.item_json, submission.sample_json = bytes(raw.item), bytes(raw.sample)
    return Asked([submission], sent.config)


def read_batch(body: bytes) -> Asked | None:
    """What the body of a batch asks for."""
    sent: _Batch | None = _decoded(_batch, body)
    if sent is None:
        return None
    is_deep = _may_be_deep(body)
    submissions = []
    for index, (element, raw) in enumerate(zip(sent.samples, _batch_bytes.decode(body).samples, strict=True)):
        submission = Submission(element.item, element.sample, _point(element.run, sent.run))
        submission.pointer = f"/samples/{index}"
        submission.item_json, submission.sample_json = item, sample = bytes(raw.item), bytes(raw.sample)
        if not _is_sample(element.sample):
            return None
        if is_deep and (_may_be_deep(item) or (not _is_text(element.sample) and _may_be_deep(sample))):
            return None
        submissions.append(submission)
    return Asked(submissions, sent.config)


def _decoded(decoder: Decoder[Any], body: bytes) -> Any:
    """`body` as what `decoder` reads, or None."""
    if b"\\u" in body and any(unusual in body for unusual in _UNUSUAL):
        return None
    try:
        return decoder.decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _is_text(sent: str | dict[str, Any]) -> bool:
    """Whether a sample is its output text and nothing else."""
    return isinstance(sent, str) or (len(sent) == 1 and isinstance(sent.get("output_text"), str))


def _is_sample(sent: str | dict[str, Any]) -> bool:
    if _is_text(sent):
        return True
    try:
        Sample.read(sent)
    except ValidationError:
        return False
    return True


def _may_be_deep(data: bytes) -> bool:
    """Whether `data` could be nested deeper than is stored: it has so many brackets."""
    return data.count(b"[") + data.count(b"{") > DEPTH_MAX


def _point(run: _Run, shared: _Run) -> RunPoint:
    """The coordinates of `run`, with those of `shared` where it says nothing."""
    return RunPoint(
        _name(shared.id if run.id is None else run.id),
        shared.step if run.step is None else run.step,
        _name(shared.item_id if run.item_id is None else run.item_id),
        shared.rollout if run.rollout is None else run.rollout,
        _name(shared.group if run.group is None else run.group),
    )


def _name(sent: str | int | None) -> str | None:
    return str(sent) if type(sent) is int else sent  # type: ignore[return-value]  # msgspec makes no subclass of int
