"""`finance-spec` adds a spec to each question, keeps what is there, and tells bad lines by their number."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from app.commands.finance_spec import finance_spec

QUESTION = "What was capex (in USD millions)?"
SPEC = {"unit": "currency", "scale": "million", "currency": "USD"}


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return tmp_path / "questions.jsonl"


def run(*arguments: str | Path, columns: int = 160) -> Result:
    cli = typer.Typer()
    cli.command()(finance_spec)
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], env={"COLUMNS": str(columns)})


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_each_line_is_written_again_with_its_spec(questions: Path, tmp_path: Path) -> None:
    output = tmp_path / "with_spec.jsonl"
    questions.write_text(json.dumps({"question": QUESTION, "reference": "1,577", "tags": ["é", 1.5]}) + "\n", "utf-8")

    result = run("--input", questions, "--output", output)

    assert result.exit_code == 0
    assert rows(output) == [{"question": QUESTION, "reference": "1,577", "tags": ["é", 1.5], "spec": SPEC}]
    assert "1 questions: unit 1, scale 1, currency 1; 0 without a spec; 0 bad lines." in result.stdout


def test_a_field_that_the_line_has_already_wins(questions: Path, tmp_path: Path) -> None:
    output = tmp_path / "with_spec.jsonl"
    questions.write_text(json.dumps({"question": QUESTION, "spec": {"scale": "thousand", "mode": "prose"}}), "utf-8")

    run("--input", questions, "--output", output)

    assert rows(output)[0]["spec"] == SPEC | {"scale": "thousand", "mode": "prose"}


def test_a_line_for_the_grade_command_keeps_its_shape(questions: Path, tmp_path: Path) -> None:
    output = tmp_path / "with_spec.jsonl"
    item = {"question": QUESTION, "reference": "1,577", "spec": {"scale": "thousand"}}
    questions.write_text(json.dumps({"item": item, "sample": "1577"}), "utf-8")

    result = run("--input", questions, "--output", output)

    assert result.exit_code == 0
    assert rows(output) == [{"item": item | {"spec": SPEC | {"scale": "thousand"}}, "sample": "1577"}]


def test_a_question_of_the_line_goes_before_that_of_an_item(questions: Path, tmp_path: Path) -> None:
    output = tmp_path / "with_spec.jsonl"
    questions.write_text(json.dumps({"question": QUESTION, "item": {"question": "How many days?"}}), "utf-8")

    run("--input", questions, "--output", output)

    assert rows(output) == [{"question": QUESTION, "item": {"question": "How many days?"}, "spec": SPEC}]


def test_an_item_without_a_question_is_a_bad_line(questions: Path) -> None:
    questions.write_text('{"item": {"query": "?"}, "sample": ""}', "utf-8")

    result = run("--input", questions)

    assert result.exit_code == 1
    assert "the keys of `item` are 'query'." in result.stderr


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_without_an_output_every_question_is_shown_whole_with_the_words_to_check(questions: Path, columns: int) -> None:
    long = "Considering the notes, " * 9 + "what was the [bold]tax[/bold] rate as a percentage?"
    lines = [{"question": QUESTION, "spec": {"scale": "thousand"}}, {"question": long}, {"question": "Why\n so?"}]
    questions.write_text("\n".join(map(json.dumps, lines)), "utf-8")

    result = run("--input", questions, columns=columns)

    assert result.exit_code == 0
    assert [line.rstrip() for line in result.stdout.splitlines()] == [
        QUESTION,
        '  unit     currency  "USD"',
        "  scale    thousand  (given)",
        '  currency USD       "USD"',
        long,
        '  unit     percent  "as a percentage"',
        "Why so?",
        "  -",
        "3 questions: unit 2, scale 1, currency 1; 1 without a spec; 0 bad lines.",
    ]


@pytest.mark.parametrize("value", ["12", "null", '["?"]'])
def test_a_question_that_is_no_text_is_told_by_its_value(questions: Path, value: str) -> None:
    questions.write_text(f'{{"question": {value}}}', "utf-8")

    result = run("--input", questions)

    assert result.exit_code == 1
    assert f"line 1: wanted the question as text under 'question'; its value is no text: {value}." in result.stderr


def test_bad_lines_are_told_by_number_and_the_rest_goes_on(questions: Path, tmp_path: Path) -> None:
    output = tmp_path / "with_spec.jsonl"
    good = json.dumps({"question": QUESTION})
    bad = [
        "{",
        "[]",
        '{"query": "?"}',
        '{"question": "?", "spec": 3}',
        '{"question": "\\ud800"}',
        '{"question": "?", "x": NaN}',
    ]
    questions.write_text("\n".join([*bad, "", good]), "utf-8")

    result = run("--input", questions, "--output", output)

    assert result.exit_code == 1
    assert [line.split(":")[0] for line in result.stderr.splitlines() if line.startswith("line ")] == [
        f"line {number}" for number in range(1, 7)
    ]
    assert "wanted the question as text under 'question'; the keys are 'query'." in result.stderr
    assert len(rows(output)) == 1
    assert "6 bad lines." in result.stdout


def test_another_key_may_hold_the_question(questions: Path) -> None:
    questions.write_text(json.dumps({"prompt": QUESTION}), "utf-8")

    result = run("--input", questions, "--field", "prompt")

    assert result.exit_code == 0
    assert '"millions"' in result.stdout


def test_the_input_is_never_overwritten(questions: Path) -> None:
    questions.write_text(json.dumps({"question": QUESTION}), "utf-8")

    result = run("--input", questions, "--output", questions)

    assert result.exit_code == 2
    assert rows(questions) == [{"question": QUESTION}]


def test_what_stdout_goes_to_holds_the_lines_alone(questions: Path) -> None:
    questions.write_text(json.dumps({"question": QUESTION}), "utf-8")

    result = run("--input", questions, "--output", "-")

    assert json.loads(result.stdout)["spec"] == SPEC
    assert "1 questions" in result.stderr


def test_an_output_that_cannot_be_written_ends_with_the_reason(questions: Path, tmp_path: Path) -> None:
    questions.write_text(json.dumps({"question": QUESTION}), "utf-8")

    result = run("--input", questions, "--output", tmp_path / "missing" / "out.jsonl")

    assert result.exit_code == 2
    assert "No such file or directory" in result.stderr
