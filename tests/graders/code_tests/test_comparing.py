"""When a value or a text counts as the expected one, and what that may cost."""

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graders.code_tests.comparing import same_value
from graders.code_tests.comparison import Comparison
from graders.code_tests.literals import literal
from graders.code_tests.texts import same_text
from tests.pace import paces_of


def same(expected: Any, got: Any, **rules: Any) -> bool:
    return same_value(expected, got, Comparison(**rules))


def prints(expected: str, got: str, **rules: Any) -> bool:
    return same_text(expected, got, Comparison(**rules))


HUGE = 1 << 16_000


def ids(pairs: list[Any]) -> list[str]:
    return [" ".join(map(literal, pair))[:60] for pair in pairs]


SAME = [
    (3, 3),
    (3, 3.0),
    (3.0, 3),
    (0.3, 0.1 + 0.2),
    (1e-12, 0.0),
    (math.nan, math.nan),
    (math.inf, math.inf),
    (HUGE, HUGE),
    ([1, 2], (1, 2)),
    ({1, 2}, frozenset({2, 1})),
    ({0.3}, {0.1 + 0.2}),
    ({"a": 0.3}, {"a": 0.1 + 0.2}),
    ({1: "x"}, {1.0: "x"}),
    ({(1, 2): [3]}, {(1, 2): (3,)}),
    (1 + 0.3j, 1 + (0.1 + 0.2) * 1j),
    (b"a", bytearray(b"a")),
    (range(3), range(3)),
    (None, None),
]


@pytest.mark.parametrize(("expected", "got"), SAME, ids=ids(SAME))
def test_the_same_value(expected: Any, got: Any) -> None:
    assert same(expected, got)


OTHER = [
    (1, True),
    (True, 1),
    (0, None),
    (0, False),
    (3, 3.0000000001),
    (10**15, 1e15 + 1),
    (0.3, 0.31),
    (0.3, HUGE),
    (0.3, math.nan),
    (1.0, math.inf),
    (-math.inf, math.inf),
    (3, "3"),
    ("3", 3),
    ([1, 2], [2, 1]),
    ([1, 2], {1, 2}),
    ([1], [1, 1]),
    ([0, 1, 2], range(3)),
    ({"a": 1}, {"b": 1}),
    ({"1": 1}, {1: 1}),
    ({"a": 1}, {"a": 1, "b": 2}),
    ("a", "a "),
    ("a", b"a"),
    (1 + 1j, 1),
    ([], None),
    ([], {}),
    ([], ""),
]


@pytest.mark.parametrize(("expected", "got"), OTHER, ids=ids(OTHER))
def test_another_value(expected: Any, got: Any) -> None:
    assert not same(expected, got)


def test_strict_types_tell_apart_what_python_holds_equal() -> None:
    for expected, got in [((1,), [1]), ([1], (1,)), (1, 1.0), (1.0, 1), ({1}, frozenset({1})), (b"a", bytearray(b"a"))]:
        assert same(expected, got)
        assert not same(expected, got, strict_types=True)
        assert not same([[expected]], [[got]], strict_types=True, unordered="all")
    assert same([1, 2], [2, 1], strict_types=True, unordered="outer")


def test_order_matters_for_as_many_lists_as_the_rules_say() -> None:
    assert same([3, 1, 2], (2, 3, 1), unordered="outer")
    assert same([3, 1, 2], {1, 2, 3}, unordered="outer")
    assert not same([1, 1, 2], [1, 2, 2], unordered="outer")
    assert not same([[1, 2], [3]], [[3], [2, 1]], unordered="outer")
    assert same([[1, 2], [3]], [[3], [2, 1]], unordered="all")
    assert same({"a": [[1, 2], [3]]}, {"a": [[3], [2, 1]]}, unordered="all")
    assert not same({"a": [1, 2]}, {"a": [2, 1]}, unordered="outer")


def test_tolerance_holds_in_lists_without_an_order() -> None:
    assert same([0.3, 7.0, 0.1], [7, 0.1, 0.1 + 0.2], unordered="outer")
    assert same([[0.3, 1], [0.3, 2]], [[0.1 + 0.2, 2], [0.3, 1]], unordered="outer")
    assert not same([[0.3, 1], [0.3, 2]], [[0.3, 1], [0.3000004, 1]], unordered="outer")


def test_no_tolerance_is_exact() -> None:
    assert not same(0.3, 0.1 + 0.2, float_rel=0, float_abs=0)
    assert same(0.0, -0.0, float_rel=0, float_abs=0)


def test_white_space_of_strings() -> None:
    assert same("a\nb", "a \nb\n", whitespace="trailing")
    assert not same("a b", "a  b", whitespace="trailing")
    assert same(["a b"], ["a\n  b"], whitespace="any")
    assert not same("ab", "a b", whitespace="any")


@pytest.mark.parametrize(
    ("expected", "got", "rules"),
    [
        ("1\n", "1", {}),
        ("1\n2", "1  \r\n2\r\n\n", {}),
        ("0.3", "0.30000000000000004", {}),
        ("x 1e5 y", "x 100000.0 y", {}),
        ("1 2\n3", " 1  2 3 ", {"whitespace": "any"}),
        ("a\nb 0.3", "b 0.3\na\n", {"unordered": "outer"}),
        ("a\nb", "a\nb", {"whitespace": "exact"}),
    ],
)
def test_the_same_text(expected: str, got: str, rules: dict[str, Any]) -> None:
    assert prints(expected, got, **rules)


@pytest.mark.parametrize(
    ("expected", "got", "rules"),
    [
        ("1", "2", {}),
        ("1\n2", "1", {}),  # a right beginning is no answer
        ("1", "1\n2", {}),
        ("", "x", {}),
        ("a b", "a  b", {}),
        ("0.3 0.4", "0.3  0.4000000000001", {}),
        (" a", "a", {}),
        ("\na", "a", {}),
        ("5", "5.0", {}),
        ("100000000", "100000001", {}),
        ("0.5", "nan", {}),
        ("0.5", "0x0.8p0", {}),
        ("1.5", "1_.5", {}),
        ("Yes", "yes", {}),
        ("12", "1 2", {"whitespace": "any"}),
        ("a", "a\n", {"whitespace": "exact"}),
        ("0.3", "0.30", {"whitespace": "exact"}),
        ("a\na", "a", {"unordered": "outer"}),
    ],
)
def test_another_text(expected: str, got: str, rules: dict[str, Any]) -> None:
    assert not prints(expected, got, **rules)


atoms = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers()
keys = st.booleans() | st.integers() | st.text() | st.tuples(st.integers(), st.text())
values = st.recursive(
    atoms,
    lambda part: st.lists(part) | st.lists(part).map(tuple) | st.dictionaries(keys, part) | st.sets(keys),
    max_leaves=12,
)
rules = st.builds(
    Comparison,
    unordered=st.sampled_from(["none", "outer", "all"]),
    strict_types=st.booleans(),
    whitespace=st.sampled_from([None, "exact", "trailing", "any"]),
)


@given(values, rules)
def test_a_value_is_the_same_as_itself(value: Any, rules: Comparison) -> None:
    assert same_value(value, value, rules)


@given(values, values, rules)
def test_any_two_values_can_be_compared_and_exactly_so_in_both_directions(
    one: Any, other: Any, rules: Comparison
) -> None:
    same_value(one, other, rules)
    exact = rules.model_copy(update={"float_rel": 0, "float_abs": 0})

    assert same_value(one, other, exact) == same_value(other, one, exact)


@given(st.lists(values, max_size=6), st.randoms(use_true_random=False), rules)
def test_the_order_of_a_list_matters_exactly_where_it_is_said_to(
    parts: list[Any], random: Any, rules: Comparison
) -> None:
    shuffled = random.sample(parts, len(parts))

    if rules.unordered != "none":
        assert same_value(parts, shuffled, rules)
    else:
        assert same_value(parts, shuffled, rules) == all(
            same_value([one], [other], rules) for one, other in zip(parts, shuffled, strict=True)
        )


@given(st.integers(), st.integers())
def test_ints_are_exact(one: int, other: int) -> None:
    assume(one != other)

    assert not same(one, other)
    assert not same([one], [float(other) if abs(other) < 1 << 50 else other])


@given(st.text(), st.text(), rules)
def test_any_two_texts_can_be_compared(one: str, other: str, rules: Comparison) -> None:
    assert same_text(one, one, rules)
    same_text(one, other, rules)


def nested(depth: int) -> Any:
    value: Any = 0.5
    for _ in range(depth):
        value = [value]
    return value


COLLIDING = [place * ((1 << 61) - 1) for place in range(1, 5000)]
CROSSED = [[place + 0.25, place % 7 + 0.5] for place in range(2000)]
HOSTILE = {
    "colliding ints": (list(range(1, 5000)), COLLIDING),
    "huge ints": ([0] * 20, [HUGE**20 + place for place in range(20)]),
    "deep": (nested(58), nested(58)),
    "wide": ([[0.5, "a"]] * 20_000, [[0.5, "b"]] * 20_000),
    "nothing fits": (CROSSED, [[left, right + 1e-3] for left, right in CROSSED]),
    "nearly fits": (CROSSED, [[left + 1e-10, right] for left, right in reversed(CROSSED)]),
    "nested and near": (
        [[[place + 0.5, "x"]] * 50 for place in range(50)],
        [[[place + 0.5 + 1e-12, "x"]] * 50 for place in range(50)],
    ),
    "nan": ([math.nan] * 20_000, [math.nan, *[0.5] * 19_999]),
    "keys": ({str(key): key for key in range(5000)}, {key: key for key in range(5000)}),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("unordered", ["none", "outer", "all"])
def test_the_worst_values_are_compared_in_bounded_time(name: str, unordered: str) -> None:
    expected, got = HOSTILE[name]

    assert paces_of(lambda: same(expected, got, unordered=unordered), limit=2000) < 2000


@pytest.mark.parametrize("piece", [" ", "\n", "1.5 ", "1e9\n", ".", "1_0 ", "9" * 60 + "." + "9 ", "9" * 5000])
def test_a_million_characters_are_compared_in_bounded_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))

    def compare() -> None:
        for whitespace in ("exact", "trailing", "any"):
            prints(text + "0.25", text + "0.5", whitespace=whitespace)

    assert paces_of(compare, limit=3000) < 3000
