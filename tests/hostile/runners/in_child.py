"""Runners that fork a child and believe what it sends."""

import multiprocessing
import os
from typing import Any

from tests.hostile.runners import limits
from tests.hostile.tasks import Task

_fork = multiprocessing.get_context("fork")


def manager_list(source: str, task: Task) -> tuple[bool, str]:
    """The child appends `passed` to a list of the parent's. HumanEval's execution.py."""
    with _fork.Manager() as manager:
        result = manager.list()
        _wait(_fork.Process(target=_append, args=(f"{task.prompt}\n{source}\n{task.secret_test}\ncheck(f)", result)))
        return list(result)[:1] == ["passed"], str(list(result))


def _append(program: str, result: Any) -> None:
    try:
        exec(program, {})
        result.append("passed")
    except BaseException as error:
        result.append(f"failed: {error}")


def shared_array(source: str, task: Task) -> tuple[bool, str]:
    """The child sets a flag per case and a status in shared memory. EvalPlus' untrusted_check."""
    status, details = _fork.Value("i", 3), _fork.Array("i", len(task.cases))
    _wait(_fork.Process(target=_count, args=(source, task, status, details)))
    return status.value == 1 and all(details), f"{status.value} {list(details)}"


def _count(source: str, task: Task, status: Any, details: Any) -> None:
    names: dict[str, Any] = {}
    exec(source, names)
    for place, (args, value) in enumerate(task.cases):
        details[place] = names["f"](*args) == value
    status.value = 1 if all(details) else 2


def pickled_results(source: str, task: Task) -> tuple[bool, str]:
    """The child compares and sends what the comparisons gave; a pass is `all(r == True)`. LiveCodeBench, NeMo Gym."""
    results = _sent(_compared, source, task)
    return bool(results) and all(result == True for result in results), repr(results)[:999]  # noqa: E712


def _compared(source: str, task: Task) -> list[Any]:
    names: dict[str, Any] = {}
    exec(source, names)
    return [_compare(names["f"], args, expected) for args, expected in task.cases]


def _compare(function: Any, args: Any, expected: Any) -> Any:
    return function(*args) == expected


def pickled_values(source: str, task: Task) -> tuple[bool, str]:
    """The child sends its values, the parent compares them."""
    values = _sent(_values, source, task)
    return values == [value for _, value in task.cases], repr(values)[:999]


def _values(source: str, task: Task) -> list[Any]:
    names: dict[str, Any] = {}
    exec(source, names)
    return [names["f"](*args) for args, _ in task.cases]


def listed_values(source: str, task: Task) -> tuple[bool, str]:
    """As `pickled_values`, for functions that return iterators."""
    values = _sent(_values, source, task) or []
    listed = [list(value) if hasattr(value, "__next__") else value for value in values]
    return listed == [value for _, value in task.cases], repr(listed)[:999]


def _sent(work: Any, source: str, task: Task) -> Any:
    ours, theirs = _fork.Pipe()

    def send() -> None:
        theirs.send(work(source, task))

    child = _fork.Process(target=send)
    child.start()
    theirs.close()
    received = ours.recv() if ours.poll(limits.TIMEOUT_S) else None
    child.kill()
    child.join()
    return received


def _wait(child: Any) -> None:
    child.start()
    child.join(limits.TIMEOUT_S)
    if child.is_alive():
        os.kill(child.pid, 9)
