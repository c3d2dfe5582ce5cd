"""The quick way to read a body and the careful one: whatever is sent, they ask for the same grades or for none."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.contracts import quick
from app.contracts.asked import Asked
from app.contracts.native import BatchBody, GradeBody
from app.errors import InvalidRequest
from app.json_body import read_model
from app.orders import Submission
from graders.api import Sample

_TEXT = st.text(max_size=8) | st.sampled_from(["", "\x00", "\ud800", "😀", 'a"b\\', "é"])
_NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
_LEAVES = st.none() | st.booleans() | _NUMBERS | _TEXT
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3))
_ROWS = st.dictionaries(_TEXT, _VALUES, max_size=3)
_SAMPLES = _TEXT | st.fixed_dictionaries({"output_text": _TEXT}, optional={"messages": st.lists(_VALUES, max_size=2)})
_RUNS = st.fixed_dictionaries(
    {}, optional={name: _TEXT | st.integers(-5, 2**64) | st.none() for name in ("id", "step", "item_id", "rollout")}
)
_ELEMENTS = st.fixed_dictionaries({"item": _ROWS, "sample": _SAMPLES}, optional={"run": _RUNS})
_ONES = st.fixed_dictionaries(
    {"item": _ROWS | _VALUES, "sample": _SAMPLES | _VALUES},
    optional={"run": _RUNS | _VALUES, "config": _ROWS, "extra": _VALUES},
)
_BATCHES = st.fixed_dictionaries({"samples": st.lists(_ELEMENTS, max_size=3)}, optional={"run": _RUNS, "config": _ROWS})


def _asked(read: Any, *arguments: Any) -> Asked | None:
    try:
        return read(*arguments)
    except InvalidRequest:
        return None


def _what(asked: Asked | None) -> Any:
    """All that decides a grade, a record and its place."""
    if asked is None:
        return None
    ones = asked.submissions
    shown = [(o.item, o.run, o.pointer, Sample.read(o.sample)) if isinstance(o, Submission) else str(o) for o in ones]
    return repr((shown, asked.config))


def _same(body: bytes, model: type[GradeBody] | type[BatchBody]) -> Asked | None:
    found = _asked(model.read, body)
    assert _what(found) == _what(_asked(lambda: read_model(model, body).asked()))
    for one in found.submissions if found else ():
        if isinstance(one, Submission) and one.item_json is not None and one.sample_json is not None:
            assert json.loads(one.item_json) == one.item
            assert json.loads(one.sample_json) == one.sample
    return found


@given(_ONES, st.booleans(), st.sampled_from([None, 1]))
@example({"item": {}, "sample": "x", "run": {"id": 7, "step": 2**63}}, True, None)
@example({"item": {}, "sample": "x", "run": {"id": 10**511, "item_id": 10**512}}, True, None)
@example({"item": {"a": "\ud83d"}, "sample": "x"}, True, None)
def test_a_single_body_is_the_same_read_either_way(body: Any, ascii_only: bool, indent: int | None) -> None:
    _same(_bytes(body, ascii_only, indent), GradeBody)


@given(_BATCHES, st.booleans())
def test_a_batch_is_the_same_read_either_way(body: Any, ascii_only: bool) -> None:
    _same(_bytes(body, ascii_only, None), BatchBody)


@pytest.mark.parametrize(
    "body",
    [
        b'{"item": {"a": 1, "a": 2}, "sample": {"output_text": "x", "output_text": "y"}}',
        b'{"item": {"a": 1e999}, "sample": "x"}',
        b'{"item": {"a": NaN}, "sample": "x"}',
        b'{"item": {"a": -0.0, "b": 1E5, "c": 123456789012345678901234567890}, "sample": "x"}',
        b'{"item": {}, "sample": "a\xff"}',
        b'\xef\xbb\xbf{"item": {}, "sample": "x"}',
        b'{"item": {}, "sample": "x"} x',
        b'{"item": {}, "sample": "x",}',
        b'{"item": {}, "sample": "\\ud83d\\ude00"}',
        b'{"item": {}, "sample": "a\nb"}',
        b'{"item": {}, "sample": {"output_json": ' + b"[" * 190 + b"]" * 190 + b"}}",
        b'{"item": {"a": {}}, "sample": {}}',
        b'{"item": {}, "sample": {"output": "x"}}',
        b'{"item": {}, "sample": null}',
        b"{}",
        b"",
    ],
)
def test_what_is_odd_is_the_same_read_either_way(body: bytes) -> None:
    _same(body, GradeBody)


def test_an_ordinary_body_goes_the_quick_way_and_keeps_its_bytes() -> None:
    asked = quick.read_one(b'{"item": {"reference":  "7"}, "sample": "7", "run": {"id": "r", "step": 3}}')
    assert asked is not None
    [one] = asked.submissions
    assert isinstance(one, Submission)
    assert (one.item_json, one.sample_json, one.run.id, one.run.step) == (b'{"reference":  "7"}', b'"7"', "r", 3)


def _bytes(body: Any, ascii_only: bool, indent: int | None) -> bytes:
    """`body` as clients write it; a lone surrogate can only be escaped."""
    try:
        return json.dumps(body, ensure_ascii=ascii_only, indent=indent).encode()
    except UnicodeEncodeError:
        return json.dumps(body, indent=indent).encode()
