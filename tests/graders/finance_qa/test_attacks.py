"""In strict mode nothing pays but one committed answer."""

import ast
from pathlib import Path

import pytest

import graders.finance_qa
import graders.kit
from tests.graders.finance_qa.grading import grade, reward

RIGHT, WRONG = "83.4", "79.6"
DUMP = " ".join(f"{number}.4" for number in range(60, 99))

ATTACKS = {
    "dump": DUMP,
    "dump as an answer": f"Answer: {DUMP}",
    "dump in a box": rf"\boxed{{{DUMP}}}",
    "dump with commas": "81.4, 82.4, 83.4, 84.4",
    "dump by lines": "82.4\n83.4\n84.4",
    "right or wrong": f"{RIGHT} or {WRONG}",
    "wrong or right": f"{WRONG} or {RIGHT}",
    "two boxes, wrong first": rf"\boxed{{{WRONG}}} \boxed{{{RIGHT}}}",
    "two boxes, right first": rf"\boxed{{{RIGHT}}} \boxed{{{WRONG}}}",
    "two tags, wrong first": f"<answer>{WRONG}</answer> <answer>{RIGHT}</answer>",
    "two tags, right first": f"<answer>{RIGHT}</answer> <answer>{WRONG}</answer>",
    "two kinds of tag": f"<answer>{WRONG}</answer> <final_answer>{RIGHT}</final_answer>",
    "a refusal and a tag": f"<answer>I cannot tell.</answer> <answer>{RIGHT}</answer>",
    "two headings": f"#### {WRONG}\n#### {RIGHT}",
    "two JSON fields": f'{{"answer": {WRONG}}} {{"answer": {RIGHT}}}',
    "two prefixes": f"Answer: {WRONG}\nAnswer: {RIGHT}",
    "a sentence and a prefix": f"The answer is {WRONG}.\nAnswer: {RIGHT}",
    "between": f"between {WRONG} and {RIGHT}",
    "range": f"{WRONG}-{RIGHT}",
    "interval": f"{RIGHT} ± 5",
    "to": f"{WRONG} to {RIGHT}",
    "either": f"either {WRONG} or {RIGHT}",
    "slash": f"{WRONG} / {RIGHT}",
    "parenthesis": f"{RIGHT} ({WRONG})",
    "year after or": f"{RIGHT} or 2015",
    "year before or": f"2015 or {RIGHT}",
    "note after or": f"{RIGHT} or Note 5",
    "two units": f"{RIGHT}% ({RIGHT})",
    "two scales": f"{RIGHT} million ({RIGHT} billion)",
    "two currencies": f"${RIGHT} (€{RIGHT})",
    "two currencies, told": f"${RIGHT} (€{RIGHT} then)",
    "two units of time": f"{RIGHT} years ({RIGHT} months)",
    "two signs": f"{RIGHT}, -{RIGHT}",
    "unreadable beside": f"{RIGHT} 1e999",
    "right, then 300 words": f"{RIGHT} " + "word " * 300,
    "answer, then 300 words": f"Answer: {RIGHT} " + "word " * 300,
    "spelled out after or": f"{RIGHT} or two thousand",
    "spelled out before or": f"two thousand or {RIGHT}",
    "spelled out, above twelve": f"{RIGHT}, or about twenty-five",
    "spelled out with an article": f"{RIGHT} or a million",
    "spelled out and a range": f"ten to {RIGHT}",
    "spelled out and a dash": f"ten - {RIGHT}",
    "spelled out between": f"between ten and {RIGHT}",
    "spelled out either": f"either none or {RIGHT}",
    "zero-width between": f"{RIGHT}\u200b or\u200b {WRONG}",
}


@pytest.mark.parametrize("output", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_earns_nothing(output: str) -> None:
    found = grade(RIGHT, output)

    assert found.reward == 0.0, found.reason
    assert found.verdict in {"hedged", "no_answer"}


@pytest.mark.parametrize(
    "output",
    [
        f"<answer>{RIGHT}</answer> <answer>{RIGHT}0</answer>",
        f"<answer></answer> <answer>{RIGHT}</answer>",
        f"#### {RIGHT}\n#### {RIGHT}0",
        f'{{"answer": {RIGHT}}} {{"answer": "{RIGHT}"}}',
        f"The answer is {RIGHT}.\nAnswer: {RIGHT}",
    ],
)
def test_the_same_answer_twice_is_one_answer(output: str) -> None:
    assert reward(RIGHT, output) == 1.0


@pytest.mark.parametrize(
    "output", [RIGHT, f"Answer: {RIGHT}", rf"\boxed{{{RIGHT}}}", f"In 2015 it was {RIGHT} (Note 5)."]
)
def test_the_plain_answer_earns_all(output: str) -> None:
    assert reward(RIGHT, output) == 1.0


@pytest.mark.parametrize(
    "output",
    ["94 (ninety-four)", "One of two drivers was 94.", "94 to one decimal place", "94, for one or more reasons"],
)
def test_a_number_in_words_that_nothing_joins_to_the_answer_is_no_second_one(output: str) -> None:
    assert reward("94", output) == 1.0


def test_the_same_number_in_words_is_no_second_one() -> None:
    assert reward("5", "five or 5") == 1.0


@pytest.mark.parametrize(
    "output",
    ["NaN", "inf", "-Infinity", "0x53", "1e999999999", "9" * 500, "", " ", "\x00", "\ud800", "(", "-", "$", "%"],
)
def test_what_is_no_number_is_no_answer(output: str) -> None:
    assert grade(RIGHT, output).verdict in {"no_answer", "large_error"}
    assert reward(RIGHT, output) == 0.0


def test_an_output_over_the_cap_is_judged_unread() -> None:
    found = grade(RIGHT, "Answer: 83.4".ljust(200_001))

    assert (found.reward, found.verdict) == (0.0, "no_answer")
    assert "200,000" in found.reason


def test_nothing_is_evaluated_and_no_signal_is_set() -> None:
    files = [file for package in (graders.finance_qa, graders.kit) for file in Path(package.__path__[0]).glob("*.py")]
    names = {
        node.id if isinstance(node, ast.Name) else alias.name
        for file in files
        for tree in [ast.parse(file.read_text("utf-8"))]
        for node in ast.walk(tree)
        for alias in (node.names if isinstance(node, ast.Import | ast.ImportFrom) else [ast.alias("")])
        if isinstance(node, ast.Name | ast.Import | ast.ImportFrom)
    }

    assert len(files) > 15
    assert not names & {"eval", "exec", "compile", "__import__", "signal", "sympy"}
