"""Values cross as JSON that builds exact builtin types, whatever a hostile program writes."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.kit.values import LEVELS_MAX, Unreadable, Unsendable, decode, decode_call, encode, encode_call
from tests.pace import paces_of

_KEYS = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.floats(allow_nan=False)
_LEAVES = _KEYS | st.complex_numbers(allow_nan=False) | st.binary().map(bytearray)
_VALUES = st.recursive(
    _LEAVES,
    lambda parts: (
        st.lists(parts)
        | st.lists(parts).map(tuple)
        | st.sets(_KEYS)
        | st.frozensets(_KEYS)
        | st.dictionaries(_KEYS, parts)
        | st.dictionaries(st.just("$"), parts)
    ),
)


@given(_VALUES)
def test_a_value_comes_back_with_its_exact_types(value: Any) -> None:
    back = decode(encode(value))

    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("value", [True, 1, 1.0, (1,), [1], {1}, frozenset({1}), {1: 2}, range(3), -0.0, 1 << 80])
def test_types_that_compare_equal_stay_apart(value: Any) -> None:
    assert type(decode(encode(value))) is type(value)
    assert repr(decode(encode(value))) == repr(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_floats_beyond_json(value: float) -> None:
    assert repr(decode(encode([value]))) == repr([value])


def test_an_int_of_a_million_bits_is_quick() -> None:
    value = 1 << 1_000_000

    assert decode(encode(value)) == value
    assert paces_of(lambda: decode(encode(value)), limit=100) < 100


class _Sly(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


@pytest.mark.parametrize("value", [_Sly(3), object(), len, int, [object()], {"a": {1: object()}}, 1j.__class__])
def test_what_is_no_builtin_value_is_refused(value: Any) -> None:
    with pytest.raises(Unsendable):
        encode(value)


def test_a_list_that_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)

    with pytest.raises(Unsendable, match=str(LEVELS_MAX)):
        encode(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1",
        '{"$":1}',
        '{"$":[]}',
        '{"$":["exec","1"]}',
        '{"$":[[],1]}',
        '{"$":["int","x"]}',
        '{"$":["int",5]}',
        '{"$":["set",[[1]]]}',
        '{"$":["dict",[1]]}',
        '{"$":["dict",[[1,2,3]]]}',
        '{"$":["range",[1,2,0]]}',
        '{"$":["bytes","zz"]}',
        '{"$":["complex",[]]}',
        '{"$":["tuple",5]}',
        "9" * 5000,
        "[" * 200_000,
        "[" * 100 + "]" * 100,
        b"\xff",
    ],
)
def test_what_no_encoder_wrote_is_unreadable(text: str | bytes) -> None:
    with pytest.raises(Unreadable):
        decode(text)


@pytest.mark.parametrize("kind", ["set", "frozenset", "dict"])
def test_colliding_keys_are_refused_before_they_cost_time(kind: str) -> None:
    keys = ['{"$":["int","%x"]}' % (((1 << 61) - 1) * (1 << 64) * n) for n in range(1, 20_000)]
    body = ",".join(f"[{key},1]" for key in keys) if kind == "dict" else ",".join(keys)

    def read() -> None:
        with pytest.raises(Unreadable, match="equal hashes"):
            decode(f'{{"$":["{kind}",[{body}]]}}')

    assert paces_of(read, limit=500) < 500


def test_a_call_comes_back() -> None:
    assert decode_call(encode_call(1, (2,), key={3})) == ([1, (2,)], {"key": {3}})


@pytest.mark.parametrize("text", ["[]", "{}", '{"args":1,"kwargs":{}}', '{"args":[],"kwargs":[]}', "x"])
def test_what_is_no_call_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        decode_call(text)
