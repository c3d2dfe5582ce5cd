"""What is measured: each row runs so many programs from a first one on and says how many a second that were."""

import asyncio
import json
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bench.code_tasks import CONFIG, GRADER, Task
from graders.api import Program
from graders.calls import Call, perform
from graders.kit.values import Unsendable, decode_call
from graders.registry import Registry
from sandbox import Sandbox
from sandbox.users import users

Row = Callable[[int, int], Awaitable[float]]

BUBBLEWRAP = (
    "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/usr", "/usr", "--ro-bind", "/lib",
    "/lib", "--ro-bind", "/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
)  # fmt: skip
_PROJECT = Path(__file__).parent.parent
_NUMPY = "import numpy\ndef f(n):\n    return int(numpy.arange(n).sum())\n"


def in_process(sandbox: Sandbox, tasks: list[Task], clients: int, trusted: bool = False) -> Row:
    """So many clients of the sandbox, each planning, running and judging one program after the other."""
    version = Registry()[GRADER].version
    config = version.read_config(CONFIG)

    def performed(call: Call) -> Any:
        return perform(version, config, call.value)

    async def client(places: Iterator[int]) -> None:
        for place in places:
            task = tasks[place % len(tasks)]
            call = Call.of(task.item, task.sample)
            found = await sandbox.run(performed(replace(call, is_plan=True)), time.monotonic() + 60, trusted=trusted)
            call.give(found)
            assert performed(call).reward == 1.0, found

    return _of_clients(client, clients)


def numpy_programs(sandbox: Sandbox) -> dict[str, Row]:
    """A program of the set `numpy`, and the same with an interpreter of its own."""
    interpreter = sandbox.interpreters["numpy"]
    program = Program(_NUMPY, entry_point="f", calls=('{"args":[100],"kwargs":{}}',), dependencies="numpy")
    cold = f"import sys\nsys.path.append({interpreter.packages_in[0]!r})\n{_NUMPY}\nf(100)"

    async def client(places: Iterator[int]) -> None:
        for _ in places:
            (found,) = await sandbox.run([program], time.monotonic() + 60)
            assert found.results[0].value == "4950", found

    return {
        "numpy": _of_clients(client, 1),
        "numpy, cold import": commands([interpreter.path, "-I", "-S", "-"], [cold], 1),
    }


def commands(command: list[str], texts: list[str], clients: int) -> Row:
    """One process per program, the program on its stdin, the exit status as the verdict."""

    async def client(places: Iterator[int]) -> None:
        for place in places:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={}
            )
            await process.communicate(texts[place % len(texts)].encode())
            assert process.returncode == 0, texts[place % len(texts)]

    return _of_clients(client, clients)


def _of_clients(client: Callable[[Iterator[int]], Awaitable[None]], clients: int) -> Row:
    async def row(first: int, count: int) -> float:
        places = iter(range(first, first + count))
        started = time.perf_counter()
        await asyncio.gather(*(client(places) for _ in range(clients)))
        return count / (time.perf_counter() - started)

    return row


def loops(started: list[asyncio.subprocess.Process]) -> Row:
    """The loops of code_loops.py, side by side."""

    async def one(loop: asyncio.subprocess.Process, first: int, count: int) -> float:
        assert loop.stdin, "it is a pipe"
        assert loop.stdout, "it is a pipe"
        loop.stdin.write(f"{first} {count}\n".encode())
        return count / float(await loop.stdout.readline())

    async def row(first: int, count: int) -> float:
        return sum(await asyncio.gather(*(one(loop, first, count) for loop in started)))

    return row


@asynccontextmanager
async def loop(kind: str, programs: list[Program], sandbox: Sandbox) -> AsyncIterator[asyncio.subprocess.Process]:
    """One of code_loops.py, ready."""
    config = sandbox.interpreters["plain"].config | {"user": next(users()), "project": str(_PROJECT)}
    with _files([_as_loop(program) for program in programs], config) as paths:
        process = await asyncio.create_subprocess_exec(
            sandbox.interpreters["plain"].path, "-P", "-s", "-S", str(_PROJECT / "bench/code_loops.py"), kind, *paths,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={},
        )  # fmt: skip
        assert process.stdin, "it is a pipe"
        assert process.stdout, "it is a pipe"
        assert await process.stdout.readline() == b"ready\n"
        yield process
        process.stdin.close()
        await process.wait()


@contextmanager
def _files(*contents: Any) -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, str(place)) for place in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_text(json.dumps(content))
        yield [str(path) for path in paths]


def _as_loop(program: Program) -> dict[str, Any]:
    try:
        args = [decode_call(call)[0] for call in program.calls]
        json.dumps(args)
    except (Unsendable, TypeError):
        args = []
    return {"source": program.source, "test": program.test, "entry_point": program.entry_point, "args": args}
