import pytest

from graders.kit.strict_json import DuplicateKey, NotJson, SeveralValues, read_json


@pytest.mark.parametrize(("text", "value"), [(' {"a": [1, null]}\n', {"a": [1, None]}), ("1.5", 1.5), ('"x"', "x")])
def test_one_value_is_read(text: str, value: object) -> None:
    assert read_json(text) == value


@pytest.mark.parametrize(
    "text", ["", " ", "{", "{'a': 1}", "NaN", "-Infinity", "[" * 100_000, "9" * 5_000, "1 x", '{"a": 1,}', "\ufeff1"]
)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(NotJson):
        read_json(text)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "x": 2, "a": 3}}]'])
def test_a_key_that_stands_twice_is_refused_by_name(text: str) -> None:
    with pytest.raises(DuplicateKey) as caught:
        read_json(text)

    assert caught.value.key == "a"


@pytest.mark.parametrize("text", ["{} {}", "[1][2]", '{"a": 1}\n{"a": 2}'])
def test_a_second_value_is_told_from_other_text(text: str) -> None:
    with pytest.raises(SeveralValues):
        read_json(text)
