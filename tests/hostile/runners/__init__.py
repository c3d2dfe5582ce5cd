"""Graders as people write them: each takes a wrong solution's source and says whether it passes, and what it printed.

They restate what is in use (the docstrings say where), without any of its code, so that the suite can show that its
programs do bite. Only `tests/hostile/controls.py` calls them, in a process that may be lost.
"""

from collections.abc import Callable

from tests.hostile.runners import folders, framed, in_child, in_process, loose, subprocesses
from tests.hostile.tasks import Task

Runner = Callable[[str, Task], tuple[bool, str]]

RUNNERS: dict[str, Runner] = {
    name: runner
    for module in (folders, framed, in_child, in_process, loose, subprocesses)
    for name, runner in vars(module).items()
    if not name.startswith("_") and getattr(runner, "__annotations__", {}).get("return") == tuple[bool, str]
}
