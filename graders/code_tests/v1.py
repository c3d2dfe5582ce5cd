"""Code that must pass tests: a function against calls, assertions or a `check`, or a program against its stdin.

The program is found in the sample (`graders.kit.code_blocks`), faces the tests in the sandbox (`task`), and what the
sandbox saw becomes a mark per test (`judging`), a score (`scoring`) and a verdict. Nothing of a program's is executed
here, and no expected value is where a program could read it.
"""

from collections.abc import Sequence
from dataclasses import replace

from graders.api import Execution, Executions, Grade, Program, Sample
from graders.code_tests.explain import Details, details_of, no_details, sentence
from graders.code_tests.item import Item
from graders.code_tests.judging import Mark, marks
from graders.code_tests.policy import Config
from graders.code_tests.scoring import fraction, score, subtasks
from graders.code_tests.task import Task, task_of
from graders.kit.code_blocks import Code, NoCode, find_code

__all__ = ["VERDICTS", "Config", "Details", "Item", "grade", "plan"]

VERDICTS = (
    "passed", "partial", "wrong_answer", "load_error", "runtime_error", "timeout", "cpu_limit", "memory_limit",
    "output_limit", "sandbox_violation", "crashed", "protocol_error", "exited_early", "no_code",
)  # fmt: skip

# The worst of such calls takes a quarter of a second: tests/graders/code_tests/test_cost.py.
SHARED_MAX_BYTES = 32_000

_MAX_TEXT = 1_000_000
_LANGUAGES = frozenset({"python", "python3", "py", "py3", "ipython", "ipython3"})
_JSON_FIELDS = ("code", "solution", "answer")
# With these an interpreter says that it could not compile a program.
_NOT_COMPILED = (
    "SyntaxError", "IndentationError", "TabError", "ValueError: source code", "MemoryError",
    "RecursionError: maximum recursion depth exceeded during compilation",
)  # fmt: skip
_NO_FLOOR = frozenset({"sandbox_violation", "protocol_error", "memory_limit"})


def plan(sample: Sample, item: Item, config: Config) -> list[Program]:
    """The programs to run: one for the visible tests, one for the hidden ones; none if the sample has no code.

    Raises:
        InvalidItem, InvalidConfig: as `task_of`.
    """
    task = task_of(item, config)
    found = _code_of(sample, config)
    return task.programs(found.code) if isinstance(found, Code) else []


def grade(sample: Sample, item: Item, config: Config, results: Executions) -> Grade:
    """The grade of one program, given what became of the programs that `plan` asked for.

    Raises:
        InvalidItem, InvalidConfig: as `task_of`; or the test code failed by itself, or never called the program.
    """
    task = task_of(item, config)
    found = _code_of(sample, config)
    if isinstance(found, NoCode):
        return Grade(0.0, "no_code", found.why, details=dict(no_details(len(task.tests), found.why)))
    tested = marks(task, results)
    scored = score(config.scoring, tested, item)
    verdict, reason = _verdict(task, tested, scored)
    reward = scored
    if config.syntax_floor > scored and _was_compiled(results):
        reward = config.syntax_floor
    details = details_of(task, tested, results, found.place)
    details["subtasks"] = subtasks(tested)
    grade = Grade(
        reward, verdict, reason, found.code, found.span,
        sub_rewards={"all": float(all(mark.passed for mark in tested)), "fraction": fraction(tested)},
        details=dict(details),
    )  # fmt: skip
    return grade if sample.output_text is not None else replace(grade, answer_span=None)


def _code_of(sample: Sample, config: Config) -> Code | NoCode:
    text = _text_of(sample)
    if len(text) > _MAX_TEXT:
        return NoCode(f"The output is longer than {_MAX_TEXT:,} characters.")
    if config.code_from == "text":
        return Code(text, (0, len(text)), "text") if text.strip() else NoCode("The output has no code.")
    return find_code(text, _LANGUAGES, wants_block=config.code_from == "block")


def _text_of(sample: Sample) -> str:
    """The output's text; of a JSON output the text itself or that of its field `code`, `solution` or `answer`."""
    value = sample.output_json
    if sample.output_text is None and isinstance(value, dict):
        value = next((value[name] for name in _JSON_FIELDS if isinstance(value.get(name), str)), None)
    text = value if sample.output_text is None and isinstance(value, str) else sample.text
    # A lone surrogate is no text that a program could be written in.
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _verdict(task: Task, tested: Sequence[Mark], scored: float) -> tuple[str, str]:
    """The verdict, and why."""
    total = len(tested)
    failed = [mark for mark in tested if not mark.passed]
    if not failed:
        return "passed", "The test passed." if total == 1 else f"All {total} tests passed."
    why = sentence(task, failed[0], total)
    if scored > 0:
        return "partial", f"{total - len(failed)} of {total} tests passed. {why}"
    return failed[0].outcome, why


def _was_compiled(results: Executions) -> bool:
    """Whether every program got past its compilation and did nothing that earns no floor."""
    return all(_is_worth_a_floor(execution) for execution in results)


def _is_worth_a_floor(execution: Execution) -> bool:
    errors = [execution.error, *(result.error for result in execution.results if result.outcome == "load_error")]
    return execution.outcome not in _NO_FLOOR and not any(error.startswith(_NOT_COMPILED) for error in errors)
