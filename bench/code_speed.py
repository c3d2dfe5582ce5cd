"""How fast programs are run: `python bench/code_speed.py FOLDER`, FOLDER holding HumanEval.jsonl.gz.

Every row runs the canonical solutions of HumanEval. Rounds of all rows are interleaved in one run, so that only ratios
within a table are meant to be read; medians. Targets are in `TARGETS`.
"""

import asyncio
import gzip
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from graders.api import Program
from graders.kit.values import Unsendable, decode_call
from sandbox import Sandbox, SandboxSettings
from sandbox.users import users

ROUNDS = 5
PER_ROUND = 164
SLOTS = 3
PROCESSES = 2

TARGETS = (
    ("structured, 8", "bare loop, 2", 0.8),
    ("split judge, 8", "bare loop, 2", 0.65),
    ("structured, 8", "spawn, 2", 3.3),
    ("split judge, 8", "spawn, 2", 2.6),
    ("numpy structured", "numpy cold import", 15.0),
)

_PROJECT = Path(__file__).parent.parent
_NUMPY = "import numpy\ndef f(n):\n    return int(numpy.arange(n).sum())\n"

Row = Callable[[int, int], Awaitable[float]]
"""Runs so many programs from a first one on; returns the programs per second."""


def main() -> None:
    uvloop.run(_main(Path(sys.argv[1])))


async def _main(folder: Path) -> None:
    async with AsyncExitStack() as stack:
        rows = await _rows(folder, stack)
        rates: dict[str, list[float]] = {name: [] for name in rows}
        for row in rows.values():
            await row(0, 20)
        for place in range(ROUNDS):
            for name, row in rows.items():
                rates[name].append(await row(place * PER_ROUND, PER_ROUND if "import" not in name else 12))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    sys.exit(0 if _report(medians) else 1)


async def _rows(folder: Path, stack: AsyncExitStack) -> dict[str, Row]:
    has_numpy = _has("numpy")
    sets = {"plain": (), **({"numpy": ("numpy",)} if has_numpy else {})}
    sandbox = await stack.enter_async_context(Sandbox(SandboxSettings(slots=SLOTS, sets=sets)))
    structured, judged = await _programs(folder, sandbox)
    texts = [f"{p.source}\n{p.test}\ncheck({p.entry_point})" for p in judged]
    python = sandbox.interpreters["plain"].path
    rows: dict[str, Row] = {}
    for clients in (1, 2, 8):
        rows |= {
            f"structured, {clients}": _ours(sandbox, structured, clients),
            f"split judge, {clients}": _ours(sandbox, judged, clients, trusted=True),
            f"split judge forked per run, {clients}": _ours(sandbox, judged, clients),
        }
    has_bwrap = shutil.which("bwrap") is not None
    for clients in (1, 2):
        bare = [await stack.enter_async_context(_loop("bare", structured, sandbox)) for _ in range(clients)]
        warm = [await stack.enter_async_context(_loop("warm", structured, sandbox)) for _ in range(clients)]
        harness = [await stack.enter_async_context(_loop("harness", judged, sandbox)) for _ in range(clients)]
        rows |= {
            f"bare loop, {clients}": _loops(bare),
            f"bare loop prepared as ours, {clients}": _loops(warm),
            f"spawn, {clients}": _commands([python, "-I", "-S", "-"], texts, clients),
            f"HumanEval harness, {clients}": _loops(harness),
        }
        if has_bwrap:
            rows[f"bubblewrap, {clients}"] = _commands([*_BWRAP, python, "-I", "-S", "-"], texts, clients)
    if has_numpy:
        program = Program(_NUMPY, entry_point="f", calls=('{"args":[100],"kwargs":{}}',), dependencies="numpy")
        rows["numpy structured"] = _ours(sandbox, [program], 1)
        path = sandbox.interpreters["numpy"].packages_in[0]
        cold = f"import sys\nsys.path.append({path!r})\n{_NUMPY}\nf(100)"
        rows["numpy cold import"] = _commands([python, "-I", "-S", "-"], [cold], 1)
    return rows


_BWRAP = (
    "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/usr", "/usr", "--ro-bind", "/lib",
    "/lib", "--ro-bind", "/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
)  # fmt: skip


async def _programs(folder: Path, sandbox: Sandbox) -> tuple[list[Program], list[Program]]:
    """The canonical solutions: as calls recorded from the tests, and with the tests themselves."""
    with gzip.open(folder / "HumanEval.jsonl.gz", "rt") as lines:
        problems = [json.loads(line) for line in lines]
    judged = [
        Program(
            problem["prompt"] + problem["canonical_solution"],
            entry_point=problem["entry_point"],
            test=problem["test"],
            prompt=problem["prompt"],
        )
        for problem in problems
    ]
    seen = await sandbox.run(judged, time.monotonic() + 300, trusted=True)
    calls = [tuple(result.call for result in execution.results) for execution in seen]
    structured = [replace(p, test="", prompt="", calls=c) for p, c in zip(judged, calls, strict=True) if c]
    return structured, judged


def _ours(sandbox: Sandbox, programs: list[Program], clients: int, trusted: bool = False) -> Row:
    """In-process: so many clients, each giving one program after the other."""

    async def client(places: Iterator[int]) -> None:
        for place in places:
            program = programs[place % len(programs)]
            (found,) = await sandbox.run([program], time.monotonic() + 60, trusted=trusted)
            passed = all(check.outcome == "held" for check in found.checks)
            assert found.outcome == "finished", found
            assert passed, found

    async def row(first: int, count: int) -> float:
        places = iter(range(first, first + count))
        started = time.perf_counter()
        await asyncio.gather(*(client(places) for _ in range(clients)))
        return count / (time.perf_counter() - started)

    return row


def _commands(command: list[str] | tuple[str, ...], texts: list[str], clients: int) -> Row:
    """One process per program, the program on its stdin, the exit status as the verdict."""

    async def client(places: Iterator[int]) -> None:
        for place in places:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={}
            )
            await process.communicate(texts[place % len(texts)].encode())
            assert process.returncode == 0, texts[place % len(texts)]

    async def row(first: int, count: int) -> float:
        places = iter(range(first, first + count))
        started = time.perf_counter()
        await asyncio.gather(*(client(places) for _ in range(clients)))
        return count / (time.perf_counter() - started)

    return row


def _loops(loops: list[asyncio.subprocess.Process]) -> Row:
    """The loops of code_loops.py, side by side."""

    async def one(loop: asyncio.subprocess.Process, first: int, count: int) -> float:
        assert loop.stdin, "it is a pipe"
        assert loop.stdout, "it is a pipe"
        loop.stdin.write(f"{first} {count}\n".encode())
        return count / float(await loop.stdout.readline())

    async def row(first: int, count: int) -> float:
        return sum(await asyncio.gather(*(one(loop, first, count) for loop in loops)))

    return row


@asynccontextmanager
async def _loop(kind: str, programs: list[Program], sandbox: Sandbox) -> AsyncIterator[asyncio.subprocess.Process]:
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


def _has(package: str) -> bool:
    return (
        subprocess.run([sys.executable, "-c", f"import {package}"], check=False, stderr=subprocess.DEVNULL).returncode
        == 0
    )


def _report(medians: dict[str, float]) -> bool:
    """Prints both tables; whether every target that was measured is met."""
    console = Console(width=100)
    table = Table("row, clients or processes", "programs/s", "x spawn", "x bare loop")
    for name, rate in medians.items():
        processes = min(int(name.rpartition(", ")[2]), PROCESSES) if ", " in name else 0
        beside = [medians.get(f"{peer}, {processes}") for peer in ("spawn", "bare loop")]
        table.add_row(name, f"{rate:.0f}", *(f"{rate / peer:.2f}" if peer else "" for peer in beside))
    console.print(table)
    is_met = True
    for ours, theirs, least in TARGETS:
        if ours not in medians or theirs not in medians:
            console.print(f"{ours}: not measured, the package is not installed")
            continue
        ratio = medians[ours] / medians[theirs]
        is_met &= ratio >= least
        console.print(f"{ours} / {theirs}: {ratio:.2f}, at least {least}: {'met' if ratio >= least else 'MISSED'}")
    return is_met


if __name__ == "__main__":
    main()
