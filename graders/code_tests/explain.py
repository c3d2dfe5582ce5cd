"""What a grade says of tests and programs. Of a hidden test it says the outcome and nothing else, so all of a grade may
be forwarded to the model: what a program says in a process that never held a hidden test cannot tell of one."""

import builtins
from collections.abc import Iterator, Sequence

from typing_extensions import TypedDict

from graders.api import Execution, Executions
from graders.code_tests.judging import ENDS, Mark
from graders.code_tests.literals import call, literal, shown
from graders.code_tests.task import Task
from graders.kit.values import Unreadable, decode

_EXPLAINED_MAX = 20
_FEEDBACK_MAX = 5
# Longer values are shown as the program wrote them, cut.
_READ_CHARS_MAX = 4_000
_OF_ALL_TESTS = ENDS - {"runtime_error"}


class TestDetails(TypedDict):
    """One test. The texts are null for a hidden test, one that passed, and beyond the first 20 that did not."""

    index: int
    hidden: bool
    passed: bool
    outcome: str
    given: str | None
    expected: str | None
    got: str | None
    error: str | None


class ExecutionDetails(TypedDict):
    """One program as the sandbox saw it: times in seconds, memory in MiB."""

    hidden: bool
    outcome: str
    calls_made: int
    calls_answered: int
    wall_s: float
    cpu_s: float
    memory_mib: float
    judge_cpu_s: float
    flags: list[str]


class Details(TypedDict):
    """`tests` in the item's order; `feedback` for a model that tries again; `executions`: of the visible tests, of
    the hidden ones. `code_from`: `block`, `text` or `none`."""

    code_from: str
    tests: list[TestDetails]
    passed: int
    total: int
    subtasks: dict[str, bool]
    feedback: str
    executions: list[ExecutionDetails]
    layers: list[str]


def details_of(task: Task, marks: Sequence[Mark], executions: Executions, code_from: str) -> Details:
    """The details of a program that was run."""
    failed = [mark for mark in marks if not (mark.passed or mark.test.hidden)]
    explained = {mark.test.index for mark in failed[:_EXPLAINED_MAX]}
    hidden = [part[0].hidden for part in task.parts]
    return {
        "code_from": code_from,
        "tests": [_of_test(task, mark, mark.test.index in explained) for mark in marks],
        "passed": sum(mark.passed for mark in marks),
        "total": len(marks),
        "subtasks": {},
        "feedback": "\n".join(_feedback(task, marks, failed)),
        "executions": [_of_execution(*pair) for pair in zip(executions, hidden, strict=True)],
        "layers": list(executions[0].layers),
    }


def no_details(total: int, why: str) -> Details:
    """The details of a sample without a program."""
    return {
        "code_from": "none", "tests": [], "passed": 0, "total": total, "subtasks": {}, "feedback": why,
        "executions": [], "layers": [],
    }  # fmt: skip


def sentence(task: Task, mark: Mark, total: int) -> str:
    """What became of one test that did not pass."""
    if mark.outcome in _OF_ALL_TESTS:
        said = _said(mark)
        return f"The program ended with {mark.outcome}" + (f": {said.removesuffix('.')}." if said else ".")
    name = f"{'Hidden test' if mark.test.hidden else 'Test'} {mark.test.index + 1} of {total}"
    if mark.test.hidden:
        return f"{name}: {mark.outcome}."
    story = [f"{name}: {mark.outcome}: {_given(task, mark)}"]
    if got := _got(task, mark):
        story.append(f"gave {got}")
    if mark.error:
        story.append(shown(mark.error))
    if expected := _expected(task, mark):
        story.append(f"expected {expected}")
    return "; ".join(story).removesuffix(".") + "."


def _of_test(task: Task, mark: Mark, is_explained: bool) -> TestDetails:
    return {
        "index": mark.test.index,
        "hidden": mark.test.hidden,
        "passed": mark.passed,
        "outcome": mark.outcome,
        "given": _given(task, mark) if is_explained else None,
        "expected": _expected(task, mark) if is_explained else None,
        "got": _got(task, mark) if is_explained else None,
        "error": shown(mark.error) if is_explained else None,
    }


def _feedback(task: Task, marks: Sequence[Mark], failed: Sequence[Mark]) -> Iterator[str]:
    total = len(marks)
    yield f"{sum(mark.passed for mark in marks)} of {total} tests passed."
    told = dict.fromkeys(sentence(task, mark, total) for mark in failed[:_FEEDBACK_MAX])
    yield from told
    if len(failed) > _FEEDBACK_MAX:
        yield f"{len(failed) - _FEEDBACK_MAX} more failed."
    hidden = [mark for mark in marks if mark.test.hidden and not mark.passed]
    if hidden:
        yield f"{len(hidden)} hidden tests failed, the first with {hidden[0].outcome}."


def _said(mark: Mark) -> str:
    """The program's words about its end; of one that knew hidden tests only the name of a builtin exception."""
    if not mark.test.hidden:
        return shown(mark.error)
    name = mark.error.partition(":")[0]
    kind = getattr(builtins, name, None)
    return name if isinstance(kind, type) and issubclass(kind, BaseException) else ""


def _given(task: Task, mark: Mark) -> str:
    if task.form == "cases":
        return shown(call(task.entry_point, *mark.test.given))
    if task.form == "stdio":
        return f"the stdin {shown(mark.test.given)!r}"
    return shown(mark.test.given or "check(candidate)")


def _expected(task: Task, mark: Mark) -> str:
    if task.form == "test" or task.has_checker:
        return ""
    return shown(repr(mark.test.expected) if task.form == "stdio" else literal(mark.test.expected))


def _got(task: Task, mark: Mark) -> str:
    if task.form == "stdio":
        return shown(repr(mark.got[:_READ_CHARS_MAX])) if mark.outcome == "wrong_answer" else ""
    if not mark.got or len(mark.got) > _READ_CHARS_MAX:
        return shown(mark.got)
    try:
        return shown(literal(decode(mark.got)))
    except Unreadable:
        return shown(mark.got)


def _of_execution(execution: Execution, hidden: bool) -> ExecutionDetails:
    return {
        "hidden": hidden,
        "outcome": execution.outcome,
        "calls_made": execution.calls_made,
        "calls_answered": execution.calls_answered,
        "wall_s": execution.wall_s,
        "cpu_s": execution.cpu_s,
        "memory_mib": execution.memory_mib,
        "judge_cpu_s": execution.judge_cpu_s,
        "flags": list(execution.flags),
    }
