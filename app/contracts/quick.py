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
from app.orders import NAME_MAX_CHARS, RunPoint, Submission
from graders.api import Sample
from graders.calls import may_be_deeper

_Name = Annotated[str, Meta(min_length=1, max_length=NAME_MAX_CHARS)]
_Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]

# A NUL in a name, which no database stores, is written so; most bodies hold none.
_NUL = b"\\u0000"


class _Run(Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    id: _Name | _Int64 | None = None
    step: _Int64 | None = None
    item_id: _Name | _Int64 | None = None
    rollout: _Int64 | None = None
    group: _Name | _Int64 | None = None


_NOWHERE = _Run()


class _One(Struct, forbid_unknown_fields=True, gc=False):
    item: dict[str, Any]
    sample: str | dict[str, Any]
    config: dict[str, Any] | None = None
    run: _Run = _NOWHERE


class _Element(Struct, forbid_unknown_fields=True, gc=False):
    item: dict[str, Any]
    sample: str | dict[str, Any]
    run: _Run = _NOWHERE


class _Batch(Struct, forbid_unknown_fields=True):
    samples: Annotated[list[_Element], Meta(max_length=BATCH_MAX)]
    config: dict[str, Any] | None = None
    run: _Run = _NOWHERE


class _Bytes(Struct, gc=False):
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
    run = _point(sent.run, _NOWHERE)
    given = Submission(sent.item, sent.sample, run, item_json=bytes(raw.item), sample_json=bytes(raw.sample))
    return Asked([given], sent.config)


def read_batch(body: bytes) -> Asked | None:
    """What the body of a batch asks for."""
    sent: _Batch | None = _decoded(_batch, body)
    if sent is None:
        return None
    submissions = []
    for index, (element, raw) in enumerate(zip(sent.samples, _batch_bytes.decode(body).samples, strict=True)):
        value, item, sample = element.sample, bytes(raw.item), bytes(raw.sample)
        is_text = _is_text(value)
        if not (is_text or _is_sample(value)):
            return None
        if _may_be_deep(item) or (not is_text and _may_be_deep(sample)):
            return None
        run = _point(element.run, sent.run)
        submissions.append(Submission(element.item, value, run, None, f"/samples/{index}", None, item, sample))
    return Asked(submissions, sent.config)


def _decoded(decoder: Decoder[Any], body: bytes) -> Any:
    """`body` as what `decoder` reads, or None; it reads no lone surrogates."""
    if _NUL in body:
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
    """Whether `data` could be nested deeper than is stored: it is long enough, and has so many brackets."""
    return len(data) > 2 * DEPTH_MAX and may_be_deeper(data, DEPTH_MAX)


def _point(run: _Run, shared: _Run) -> RunPoint:
    """The coordinates of `run`, with those of `shared` where it says nothing."""
    id = shared.id if run.id is None else run.id
    item_id = shared.item_id if run.item_id is None else run.item_id
    group = shared.group if run.group is None else run.group
    return RunPoint(
        str(id) if isinstance(id, int) else id,
        shared.step if run.step is None else run.step,
        str(item_id) if isinstance(item_id, int) else item_id,
        shared.rollout if run.rollout is None else run.rollout,
        str(group) if isinstance(group, int) else group,
    )
