import pytest

from graders.kit.final_text import UnterminatedReasoning, final_text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ""),
        ("  a b \n", "a b"),
        ("<think>a</think>b</think> c ", "c"),
        ("a</think>", ""),
        ("```\na\n```", "a"),
        ("x</think>\n```json\n {} \n``` ", "{}"),
        ("```json\n```", ""),
        ("```a```", "```a```"),
        ("say ```\na\n```", "say ```\na\n```"),
        ("```\na\n```\n```\nb\n```", "```\na\n```\n```\nb\n```"),
        ("```\na", "```\na"),
        ("```\n``", "```\n``"),
    ],
)
def test_the_final_text_stands_behind_the_reasoning_inside_its_fence(text: str, found: str) -> None:
    start, end = final_text(text)

    assert text[start:end] == found
    assert 0 <= start <= end <= len(text)


@pytest.mark.parametrize("text", ["<think>a", "a</think><think>b", "a <think>"])
def test_reasoning_that_never_ends_leaves_no_final_text(text: str) -> None:
    with pytest.raises(UnterminatedReasoning):
        final_text(text)
