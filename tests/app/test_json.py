"""What is JSON, what is not, and what of it can be stored."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.encoding import encode
from app.errors import InvalidRequest
from app.json_body import read_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'"\xff"',
        b'{"a": 1} {"b": 2}',
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_not_json_is_refused_with_the_place(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"is not JSON: .* at line 1 column \d+"):
        read_json(body)


def test_what_is_nested_without_end_is_refused_as_too_deep() -> None:
    with pytest.raises(InvalidRequest, match="nested deeper than 150 levels"):
        read_json(b"[" * 5000)


@given(JSON)
def test_all_json_is_read_as_the_standard_library_reads_it(value: object) -> None:
    assert read_json(json.dumps(value).encode()) == value


@given(st.text(st.characters(codec=None, categories=None), max_size=20))
def test_any_text_that_json_can_carry_is_read_with_a_sign_for_what_no_text_can_hold(text: str) -> None:
    """`json.dumps` writes lone surrogates (an emoji cut in two) as escapes; they must not cost a sample its grade."""
    expected = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    read = read_json(json.dumps(text).encode())

    assert read.encode().decode() == read
    assert read.replace("\ufffd", "") == expected.replace("\ufffd", "")


def test_an_escaped_backslash_before_a_u_is_no_surrogate() -> None:
    assert read_json(rb'["\ud83d", "\\ud83d", "\ud83d\ude00"]') == ["\ufffd", "\\ud83d", "\U0001f600"]


@given(JSON)
def test_what_is_encoded_is_json_again(value: object) -> None:
    assert json.loads(encode(value, "")) == value


def test_a_number_beyond_a_double_is_refused_where_it_stands() -> None:
    with pytest.raises(InvalidRequest) as refused:
        encode(read_json(b'{"text": "Infinity", "a/b": [1, {"x": 1e999}]}'), "/item")

    assert [fault.pointer for fault in refused.value.faults] == ["/item/a~1b/1/x"]
    assert encode({"text": "Infinity"}, "/item") == b'{"text":"Infinity"}'
