"""From what the sandbox saw to what each test came to: a mark per test, a word of the verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from graders.api import Check, Execution, Executions, Result
from graders.code_tests.comparing import same_value
from graders.code_tests.reading import Test
from graders.code_tests.task import Task
from graders.code_tests.texts import same_text
from graders.errors import Fault, InvalidItem
from graders.kit.values import Unreadable, decode, encode

ENDS = frozenset(
    {
        "load_error", "runtime_error", "timeout", "cpu_limit", "memory_limit", "output_limit", "sandbox_violation",
        "crashed", "protocol_error", "exited_early",
    }
)  # fmt: skip
"""Outcomes of a program that are verdicts too."""

# A value this much longer than the expected one is another one, and costs no comparison.
_LONGER_MAX = 4
_ALWAYS_READ_CHARS = 1 << 16

_NO_RESULT = Result("not_reached")
_NO_CHECK = Check("not_reached")


Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Mark:
    """What one test came to. `got` and `error` are the program's words, not for those who may not learn the test."""

    test: Test
    outcome: str
    """`passed`, `wrong_answer` or one of `ENDS`."""
    got: str = ""
    error: str = ""

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"


def marks(task: Task, executions: Executions) -> list[Mark]:
    """One mark per test, in the item's order.

    Raises:
        InvalidItem: the test code failed by itself, or it asked nothing of the program.
        ValueError: there is not one execution per program.
    """
    found = [
        mark for part, execution in zip(task.parts, executions, strict=True) for mark in _of_part(task, part, execution)
    ]
    if task.form == "test":
        _check_that_it_asked(found, executions)
    return sorted(found, key=lambda mark: mark.test.index)


def _of_part(task: Task, tests: Sequence[Test], execution: Execution) -> list[Mark]:
    if task.form == "test":
        return [_of_check(*pair, execution) for pair in _pairs(tests, execution.checks, _NO_CHECK)]
    read = _of_call if task.form == "cases" else _of_stdin
    results = _pairs(tests, execution.results, _NO_RESULT)
    if not task.has_checker:
        return [read(test, result, execution, task) for test, result in results]
    checks = _pairs(tests, execution.checks, _NO_CHECK)
    return [
        _decided(read(test, result, execution, task), check, execution)
        for (test, result), (_, check) in zip(results, checks, strict=True)
    ]


def _pairs(tests: Sequence[Test], found: Sequence[Found], missing: Found) -> list[tuple[Test, Found]]:
    return list(zip(tests, [*found, *[missing] * len(tests)], strict=False))


def _of_call(test: Test, result: Result, execution: Execution, task: Task) -> Mark:
    if result.outcome == "returned":
        return _of_value(test, result, task)
    return Mark(test, _failure(result, execution), error=result.error or execution.error)


def _of_value(test: Test, result: Result, task: Task) -> Mark:
    if task.has_checker:
        return Mark(test, "passed", got=result.value)
    if len(result.value) > _ALWAYS_READ_CHARS and len(result.value) > _LONGER_MAX * len(encode(test.expected)):
        return Mark(test, "wrong_answer", got=result.value, error="The value is far longer than the expected one.")
    try:
        is_same = same_value(test.expected, decode(result.value), task.comparison)
    except Unreadable as error:
        return Mark(test, "protocol_error", error=str(error))
    return Mark(test, "passed" if is_same else "wrong_answer", got=result.value)


def _of_stdin(test: Test, result: Result, execution: Execution, task: Task) -> Mark:
    if result.outcome != "finished":
        return Mark(test, _failure(result, execution), got=result.stdout, error=result.error)
    if task.has_checker:
        return Mark(test, "passed", got=result.stdout)
    is_longer = len(result.stdout) > max(_ALWAYS_READ_CHARS, _LONGER_MAX * len(test.expected))
    is_same = not is_longer and same_text(test.expected, result.stdout, task.comparison)
    return Mark(test, "passed" if is_same else "wrong_answer", got=result.stdout)


def _failure(result: Result, execution: Execution) -> str:
    """The word for a call or a stdin without an answer."""
    if result.outcome in ENDS:
        return result.outcome
    if result.outcome == "raised":
        return "exited_early" if result.error.startswith("SystemExit") else "runtime_error"
    if result.outcome == "unsendable":
        return "wrong_answer"
    return execution.outcome if execution.outcome in ENDS else "protocol_error"


def _decided(answered: Mark, check: Check, execution: Execution) -> Mark:
    """What a checker made of an answer, where there is one."""
    if check.outcome == "judge_error" and not check.had_value:
        raise _broken(check)
    return replace(_of_check(answered.test, check, execution), got=answered.got) if answered.passed else answered


def _of_check(test: Test, check: Check, execution: Execution) -> Mark:
    if check.outcome == "held":
        return Mark(test, "passed")
    if check.outcome == "judge_error" and not check.had_value:
        raise _broken(check)
    if check.outcome in {"failed", "judge_error"}:
        return Mark(test, "wrong_answer", error=check.error)
    if check.outcome == "raised":
        return Mark(test, _raised(check), error=check.error)
    return Mark(test, execution.outcome if execution.outcome in ENDS else "protocol_error", error=execution.error)


def _raised(check: Check) -> str:
    """The word for an exception of the program's that ended a test; the judge calls what is no builtin exception
    ProgramError."""
    error = check.error.removeprefix("ProgramError: ")
    if error.startswith("SystemExit"):
        return "exited_early"
    return "memory_limit" if error.startswith("MemoryError") else "runtime_error"


def _check_that_it_asked(found: list[Mark], executions: Executions) -> None:
    if all(mark.passed for mark in found) and not any(execution.calls_made for execution in executions):
        detail = "it holds without one call of the program, so it tells right from wrong for nobody"
        raise InvalidItem(f"The test cannot judge: {detail}.", (Fault("/item/test", detail),))


def _broken(check: Check) -> InvalidItem:
    detail = f"it failed before it had seen an answer of the program: {check.error}"
    return InvalidItem(f"The test cannot judge: {detail}", (Fault("/item/test", detail),))
