"""Runners that execute the program in the grader's own process."""

import contextlib
import io
import signal
import threading
from typing import Any

from tests.hostile.runners import limits
from tests.hostile.tasks import Task


def same(got: Any, expected: Any) -> bool:
    """Whether a value is the right one."""
    return bool(got == expected)


def alarm_exec(source: str, task: Task) -> tuple[bool, str]:
    """`exec` under an alarm. LiveCodeBench's testing_util."""

    def stop(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limits.TIMEOUT_S)
    names: dict[str, Any] = {"__name__": "solution"}
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            exec(source, names)
            right = all(same(names["f"](*args), value) for args, value in task.cases)
    except (Exception, SystemExit) as error:
        return False, f"{said.getvalue()}{error!r}"
    signal.setitimer(signal.ITIMER_REAL, 0)
    return right, said.getvalue()


def tolerance(source: str, task: Task) -> tuple[bool, str]:
    """Fails what differs by too much."""
    names: dict[str, Any] = {}
    exec(source, names)
    failed = [args for args, value in task.cases if abs(names["f"](*args) - value) > 1e-6]
    return not failed, ""


def thread_join(source: str, task: Task) -> tuple[bool, str]:
    """Gives a thread so much time."""
    results: list[bool] = []

    def work() -> None:
        names: dict[str, Any] = {"__name__": "solution"}
        exec(source, names)
        results.extend(names["f"](*args) == value for args, value in task.cases)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(limits.TIMEOUT_S)
    return results == [True] * len(task.cases), ""
