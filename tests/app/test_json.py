"""What is JSON, what is not, and what of it can be stored."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.encoding import encode
from app.errors import InvalidRequest
from app.json_body import NotJson, read_json
from app.shallow import cut

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


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b" ", "line 1 column 1; it is empty."),
        (b"\xef\xbb\xbf{}", "; it is to be UTF-8 without a byte order mark."),
        ("{}".encode("utf-16"), "; it is to be UTF-8 without a byte order mark."),
        ("{}".encode("utf-16-be"), "; it is to be UTF-8 without a byte order mark."),
        (b'{"a": "caf\xe9"}', "; it is not UTF-8: byte 0xe9 at offset 10."),
        (b'{"a": "NaN",\n "b": -Infinity}', "line 2 column 8; NaN and Infinity are no JSON, send null."),
        (b'{"a": [1,NaN]}', "line 1 column 10; NaN and Infinity are no JSON, send null."),
        (b'{"a": "NaN", b}', "line 1 column 14."),
    ],
)
def test_what_was_sent_instead_of_json_is_named(body: bytes, what: str) -> None:
    with pytest.raises(NotJson) as refused:
        read_json(body)

    assert refused.value.detail.endswith(what)


@given(JSON, st.integers(2, 6))
def test_json_is_cut_at_a_depth_and_nowhere_else(value: object, levels: int) -> None:
    def emptied(value: object, depth: int) -> object:
        if isinstance(value, dict):
            return {} if depth == levels else {name: emptied(each, depth + 1) for name, each in value.items()}
        if isinstance(value, list):
            return [] if depth == levels else [emptied(each, depth + 1) for each in value]
        return value

    found = cut(json.dumps([value, {"\\": '"['}]).encode(), levels)

    assert found is not None
    assert json.loads(found) == emptied([value, {"\\": '"['}], 1)


@pytest.mark.parametrize("body", [b"[" * 1000, b'[["' + b'\\"' * 50_000, b'[["\\', b"[" * 400_000])
def test_what_ends_too_early_or_is_too_much_is_not_cut(body: bytes) -> None:
    assert cut(body, 2) is None


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
