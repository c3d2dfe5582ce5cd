"""The place of an answer is found by its container, the last one counting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.kit.answers import Container, find_answer


@pytest.mark.parametrize(
    ("text", "boxes"),
    [
        (r"a \boxed{94} b", [r"\boxed{94}"]),
        (r"\boxed{ \boxed{94} }", [r"\boxed{ \boxed{94} }"]),
        (r"\boxed{a\boxed{1}b\boxed{2}}", [r"\boxed{a\boxed{1}b\boxed{2}}"]),
        (r"\boxed{{\boxed{1}}", [r"\boxed{1}"]),
        (r"\boxed{5} \fbox {\frac{1}{4}}", [r"\boxed{5}", r"\fbox {\frac{1}{4}}"]),
        (r"\boxed{ \boxed{5} \boxed{6}", [r"\boxed{5}", r"\boxed{6}"]),
        (r"\boxed{\}} \boxed{6}}", [r"\boxed{6}"]),
    ],
)
def test_boxes_are_those_that_lie_in_no_other_with_all_their_markup(text: str, boxes: list[str]) -> None:
    places = find_answer(text)

    found = [text[place.outer_start : place.outer_end] for place in places if place.container == "boxed"]
    assert found == boxes


@pytest.mark.parametrize(
    ("text", "container", "inside"),
    [
        (r"so \boxed{94}.", "boxed", "94"),
        (r"\boxed{\frac{1}{4}}", "boxed", r"\frac{1}{4}"),
        (r"\boxed{ \boxed{94} }", "boxed", r" \boxed{94} "),
        (r"\boxed{ \boxed{94}", "boxed", "94"),
        (r"\boxed{5\}}", "boxed", r"5\}"),
        ("<answer>5</answer> <answer>94</answer> 7", "tag", "94"),
        ("<final_answer>94</final_answer>", "tag", "94"),
        ("reasoning <answer>94", "tag", "94"),
        ("so\n#### 94\n", "heading", "94"),
        ("#### 1. Revenue\n94", "whole", "#### 1. Revenue\n94"),
        ('{"answer": 94}', "json", "94"),
        ('{"value": "5", "final_answer": "94"}', "json", "94"),
        ('{"answers": 94}', "whole", '{"answers": 94}'),
        ("Answer: 94", "prefix", "94"),
        ("**Answer:** 94", "prefix", "94"),
        ("The final answer is 94. It was 5.", "prefix", "94"),
        ("Answer: approx. 94. It was 5.", "prefix", "approx. 94"),
        ("Answer:\n94\n5", "prefix", "94"),
        ("The answer is 94. I hope this answer is helpful to you all.", "prefix", "94"),
        ("an answer to your question: 94", "whole", "an answer to your question: 94"),
        ("94", "whole", "94"),
    ],
)
def test_where_an_answer_stands(text: str, container: Container, inside: str) -> None:
    place = find_answer(text)[-1]

    assert (place.container, text[place.start : place.end]) == (container, inside)
    assert place.outer_start <= place.start <= place.end <= place.outer_end


def test_the_declared_container_comes_first() -> None:
    text = r"\boxed{5} Answer: 94"

    assert find_answer(text)[-1].container == "boxed"
    assert find_answer(text, "prefix")[-1].container == "prefix"
    assert find_answer(text, "whole")[-1].container == "whole"


@pytest.mark.parametrize(
    ("text", "contents"),
    [
        (r"\boxed{5} \boxed{94} \boxed{5}", ["94", "5"]),
        ("<answer>5</answer> <result>94</result> <answer> 5 </answer>", ["94", " 5 "]),
        ("<answer></answer> <answer>94</answer> <answer>...</answer>", ["94"]),
        ("<answer>94</answer> in an <answer> tag", ["94"]),
        ("#### 5\n#### 94", ["5", "94"]),
        ('{"answer": 5} {"answer": "94", "value": 7}', ["5", "94"]),
        ("Answer: 5\nThe answer is 94", ["5", "94"]),
        ("<answer></answer> <answer> </answer>", [" "]),
    ],
)
def test_each_content_of_the_deciding_form_is_found_once(text: str, contents: list[str]) -> None:
    assert [text[place.start : place.end] for place in find_answer(text)] == contents


@given(st.lists(st.sampled_from(["<answer>", "</answer>", "<result>", "</result>", "<", "5"]), max_size=8).map("".join))
def test_tags_in_capitals_are_found_where_others_are(text: str) -> None:
    """The way around the search for the usual tags gives what the search gives."""
    assert find_answer(text.replace("answer>", "ANSWER>"), "tag") == find_answer(text, "tag")
