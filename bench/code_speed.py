"""How fast programs are run: `python bench/code_speed.py FOLDER`, FOLDER holding HumanEval.jsonl.gz
(openai/human-eval, MIT).

Every row runs the canonical solutions of HumanEval: through the service, in the sandbox without a service, and in
others' ways. Rounds of all rows are interleaved in one run; a ratio is the median of the rounds' ratios, and rates are
only meant to be read beside one another. Exits 0 if every target is met. `--docs` writes table and plot to docs/.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop
from rich.console import Console

from bench import code_http, code_report
from bench.code_rows import BUBBLEWRAP, Row, commands, in_process, loop, loops, numpy_programs
from bench.code_tasks import HUMAN_EVAL, Task, human_eval
from sandbox import Sandbox, SandboxSettings

ROUNDS = 5
SLOTS = 3
CLIENTS = (1, 2, 8)
PROCESSES = (1, 2)

# Programs per round; with these a round of each row takes about half a second.
PER_ROUND = 128
PER_ROUND_SPAWNED = 40
PER_ROUND_COLD = 8

Key = tuple[str, int]
"""Name of a row, and how many clients or processes."""

# Ours, theirs, and at least so many times as fast.
TARGETS: tuple[tuple[Key, Key, float], ...] = (
    (("structured", 8), ("bare loop", 2), 0.8),
    (("split judge", 8), ("bare loop", 2), 0.65),
    (("structured", 2), ("spawn", 2), 3.3),
    (("split judge", 2), ("spawn", 2), 2.6),
    (("structured, HTTP batch", 1), ("structured", 8), 0.9),
    (("split judge, HTTP batch", 1), ("split judge", 8), 0.9),
    (("numpy", 1), ("numpy, cold import", 1), 15.0),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--docs", action="store_true", help="write the table and the plot to docs/")
    asked = parser.parse_args()
    if not (asked.folder / HUMAN_EVAL).is_file():
        parser.error(f"{asked.folder} has no {HUMAN_EVAL}")
    if shutil.which("bwrap") is None:
        subprocess.run([Path(__file__).parent.parent / "scripts/system-packages", "bubblewrap"], check=True)
    rates = uvloop.run(_measured(asked.folder))
    checks = [_check(rates, *target) for target in TARGETS]
    code_report.show(Console(width=110), rates, checks)
    if asked.docs:
        code_report.write(rates, checks)
    sys.exit(0 if all(check.is_met for check in checks) else 1)


def _check(rates: dict[Key, list[float]], ours: Key, theirs: Key, least: float) -> code_report.Check:
    pairs = zip(rates[ours], rates[theirs], strict=True)
    return code_report.Check(ours, theirs, statistics.median(one / other for one, other in pairs), least)


async def _measured(folder: Path) -> dict[Key, list[float]]:
    """Programs per second of every row, per round."""
    async with AsyncExitStack() as stack:
        rows = await _rows(folder, stack)
        rates: dict[Key, list[float]] = {key: [] for key in rows}
        for row, count in rows.values():
            await row(0, count)
            await row(count, count)
        for place in range(ROUNDS):
            for key, (row, count) in rows.items():
                rates[key].append(await row(place * count, count))
    return rates


async def _rows(folder: Path, stack: AsyncExitStack) -> dict[Key, tuple[Row, int]]:
    """Every row, and how many programs a round of it has."""
    sets = {"plain": (), "numpy": ("numpy",)}
    sandbox = await stack.enter_async_context(Sandbox(SandboxSettings(slots=SLOTS, sets=sets)))
    service = await stack.enter_async_context(code_http.running(SLOTS, max(CLIENTS)))
    structured, judged = await human_eval(folder, sandbox)
    rows: dict[Key, tuple[Row, int]] = {}
    for name, tasks, trusted in (("structured", structured, False), ("split judge", judged, True)):
        rows[f"{name}, HTTP batch", 1] = service.batch(tasks), PER_ROUND
        for clients in CLIENTS:
            rows[name, clients] = in_process(sandbox, tasks, clients, trusted), PER_ROUND
            rows[f"{name}, HTTP", clients] = service.singles(tasks, clients), PER_ROUND
    for clients in CLIENTS:
        rows["split judge, forked", clients] = in_process(sandbox, judged, clients), PER_ROUND // 2
    for processes in PROCESSES:
        rows |= await _others(structured, judged, processes, sandbox, stack)
    for name, row in numpy_programs(sandbox).items():
        rows[name, 1] = row, PER_ROUND_COLD if "cold" in name else PER_ROUND
    return rows


async def _others(
    structured: list[Task], judged: list[Task], processes: int, sandbox: Sandbox, stack: AsyncExitStack
) -> dict[Key, tuple[Row, int]]:
    """Loops and processes without service, sandbox or judge, side by side."""
    bare, tested = [task.program for task in structured], [task.program for task in judged]
    rows: dict[Key, tuple[Row, int]] = {}
    for name, kind, programs, count in (
        ("bare loop", "bare", bare, PER_ROUND),
        ("bare loop, warm", "warm", bare, PER_ROUND),
        ("HumanEval harness", "harness", tested, PER_ROUND_SPAWNED),
    ):
        started = [await stack.enter_async_context(loop(kind, programs, sandbox)) for _ in range(processes)]
        rows[name, processes] = loops(started), count
    python = [sandbox.interpreters["plain"].path, "-I", "-S", "-"]
    texts = [f"{program.source}\n{program.test}\ncheck({program.entry_point})" for program in tested]
    rows["spawn", processes] = commands(python, texts, processes), PER_ROUND_SPAWNED
    rows["bubblewrap", processes] = commands([*BUBBLEWRAP, *python], texts, processes), PER_ROUND_SPAWNED
    return rows


if __name__ == "__main__":
    main()
