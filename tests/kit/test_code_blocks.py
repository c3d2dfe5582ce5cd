"""Which part of a model's output is the program."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.kit.code_blocks import Code, NoCode, find_blocks, find_code
from tests.pace import paces_of

PYTHON = {"python", "py"}


def code(text: str, **options: bool) -> str | None:
    found = find_code(text, PYTHON, **options)
    return found.code if isinstance(found, Code) else None


def test_without_a_fence_the_whole_text_is_the_program_and_keeps_its_indentation() -> None:
    assert code("\n\n    return 1\n\n") == "    return 1"
    assert code("def f(): pass") == "def f(): pass"
    assert code("def f(): pass", wants_block=True) is None


def test_the_last_block_of_the_language_decides() -> None:
    text = "First:\n```python\na = 1\n```\nBetter:\n```py\na = 2\n```\nIt prints\n```\n2\n```\n```text\nthree\n```\n"

    assert code(text) == "a = 2\n"


def test_a_block_without_a_language_serves_where_none_is_named() -> None:
    assert code("```\na = 1\n```\n```\na = 2\n```\n```bash\nls\n```") == "a = 2\n"


def test_blocks_of_other_languages_are_no_program() -> None:
    found = find_code("```bash\nls\n```\n```C++\nint x;\n```", PYTHON)

    assert found == NoCode("The output has only blocks of other languages: bash, c++.")


@pytest.mark.parametrize("text", ["", " \n\t\n", "```python\n```", "```python", "```python\n  \n```\n"])
def test_nothing_is_no_program(text: str) -> None:
    assert code(text) is None


def test_a_blank_block_does_not_hide_one_with_content() -> None:
    assert code("```python\na = 1\n```\n```python\n```") == "a = 1\n"


def test_an_unclosed_fence_reaches_to_the_end() -> None:
    assert code("Here:\n```python\na = 1\nb = 2") == "a = 1\nb = 2"
    assert [block.is_closed for block in find_blocks("```\na\n```\n```\nb")] == [True, False]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("````python\n```\na\n```\n````", "```\na\n```\n"),  # a longer fence holds a shorter one
        ("~~~python\n```\n~~~", "```\n"),  # the other character does not close
        ("```python\ns = '''\n```python\n'''\n```", "s = '''\n```python\n'''\n"),  # a fence with a word does not close
        ('```python\ns = """\n    ```\n"""\n```', 's = """\n    ```\n"""\n'),  # nor one indented by four
        ("```python\na = 1\n   ```  \nafter", "a = 1\n"),
        ("```python\r\na = 1\r\n```\r\n", "a = 1\r\n"),
        ("``` {.python .numberLines}\na = 1\n```", "a = 1\n"),
        ("```Python title=x\na = 1\n```", "a = 1\n"),
        ("```python a = 1```\nb = 2", "```python a = 1```\nb = 2"),  # backticks on the line: no fence
    ],
)
def test_fences_are_commonmarks(text: str, wanted: str) -> None:
    assert code(text) == wanted


def test_a_block_in_a_list_loses_the_lists_indentation_and_has_no_span() -> None:
    found = find_code("1. Do\n\n   ```python\n   if a:\n       b()\n   ```\n", PYTHON)

    assert isinstance(found, Code)
    assert found.code == "if a:\n    b()\n"
    assert found.span is None


def test_reasoning_does_not_count() -> None:
    draft = "<think>\n```python\ndraft = 1\n```\n</think>\n"

    assert code(draft + "answer = 2") == "answer = 2"
    assert code("hm ```x\n</think>\n```python\nanswer = 2\n```") == "answer = 2\n"
    assert code(draft) is None
    assert code("<think>\n```python\ndraft = 1\n```\n") is None
    assert code("s = '</think>'") == "s = '</think>'"


pieces = st.sampled_from(["```", "~~~", "````", "python", "py", "\n", "  ", "\t", "a = 1", "`", "</think>", "<think>"])


@given(st.one_of(st.text(), st.lists(pieces, max_size=40).map("".join)), st.booleans())
def test_any_text_gives_a_program_that_stands_at_its_span_or_a_reason(text: str, wants_block: bool) -> None:
    found = find_code(text, PYTHON, wants_block)

    if isinstance(found, NoCode):
        assert found.why.endswith(".")
    else:
        assert found.code.strip()
        if found.span is not None:
            assert text[slice(*found.span)] == found.code


@pytest.mark.parametrize("piece", ["`", "```\n", "``` \n", " ", "\n", "~~~a\n", "</think>", " \t", "```python\n```\n"])
def test_a_million_characters_take_less_than_1000_paces(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))

    assert paces_of(lambda: find_code(text, PYTHON), limit=1000) < 1000
