"""A started sandbox for the tests of one file, and programs run in it as a test would say it."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from graders.api import Execution, Program
from graders.kit.values import encode_call
from sandbox import Sandbox, SandboxSettings


class Runner:
    """A sandbox and the event loop that it lives in."""

    def __init__(self, sandbox: Sandbox, loop: asyncio.Runner) -> None:
        self.sandbox, self._loop = sandbox, loop

    def __call__(self, *programs: Program, seconds: float = 60.0, **options: Any) -> list[Execution]:
        return self.await_(self.sandbox.run(programs, time.monotonic() + seconds, **options))

    def one(self, source: str, *calls: tuple[Any, ...], **fields: Any) -> Execution:
        """The execution of one program. `calls` are the arguments of its function `f`."""
        if calls or ("test" in fields and "stdins" not in fields):
            fields.setdefault("entry_point", "f")
        options = {name: fields.pop(name) for name in ("trusted", "caller") if name in fields}
        (found,) = self(Program(source, calls=tuple(encode_call(*args) for args in calls), **fields), **options)
        return found

    def await_(self, coroutine: Any) -> Any:
        return self._loop.run(coroutine)


@pytest.fixture(scope="module")
def run() -> Iterator[Runner]:
    """Two slots with the defaults."""
    with asyncio.Runner() as loop:
        sandbox = Sandbox(SandboxSettings(slots=2))
        loop.run(sandbox.start())
        yield Runner(sandbox, loop)
        loop.run(sandbox.close())
