"""Many programs, hostile and good mixed, at full concurrency; then the same ones again and again on a busy machine.

`python bench/code_soak.py [PROGRAMS] [REPEATS]`, by default 20,000 and 5,000. Fails if one verdict is wrong or differs,
if a process or a descriptor is left, or if memory grows.
"""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import uvloop

from graders.api import Execution, Program
from sandbox import Sandbox, SandboxSettings

CLIENTS = 16
SLOTS = (os.cpu_count() or 1) + 1
GROWTH_MAX_MIB = 16

_CALLS = ('{"args":[3],"kwargs":{}}', '{"args":[4],"kwargs":{}}')
_TEST = "def check(candidate):\n    assert candidate(3) == 9\n    assert candidate(4) == 16"
_LIMITS = {"timeout_s": 2.0, "cpu_s": 1.0, "memory_mib": 64, "output_bytes": 1 << 16}


_THREADED = """
import threading
def f(x):
    thread = threading.Thread(target=len, args=("",))
    thread.start()
    thread.join()
    return x * x
"""
# Its answer hangs on the order of a set of texts, and on chance.
_CHANCE = "import random\ndef f(x):\n    return [*{str(n) for n in range(99)}, random.random()]"
_THREAD_BOMB = "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(9,)).start()"


@dataclass(frozen=True, slots=True)
class Kind:
    """A program and the outcome that it must have, with what its test must come to."""

    name: str
    source: str
    outcome: str
    check: str = "not_reached"
    share: int = 10


KINDS = (
    Kind("right", "def f(x):\n    return x * x", "finished", "held", 400),
    Kind("wrong", "def f(x):\n    return x + x", "finished", "failed", 200),
    Kind("raises", "def f(x):\n    return x / 0", "finished", "raised", 50),
    Kind("threads", _THREADED, "finished", "held", 30),
    Kind("order and chance", _CHANCE, "finished", "failed"),
    Kind("equal to all", "class A:\n    __eq__ = lambda *_: True\ndef f(x):\n    return A()", "finished", "failed", 30),
    Kind("syntax", "def f(x:", "load_error", share=30),
    Kind("sys.exit", "import sys\nsys.exit(0)", "load_error", share=20),
    Kind("os._exit", "import os\ndef f(x):\n    os._exit(0)", "exited_early", share=30),
    Kind("fork bomb", "import os\nwhile True: os.fork()", "load_error", share=20),
    Kind("kill all", "import os\nos.kill(-1, 9)", "load_error", share=20),
    Kind("thread bomb", _THREAD_BOMB, "load_error"),
    Kind("memory bomb", "x = [1]\nwhile True: x += x", "memory_limit"),
    Kind("output bomb", "def f(x):\n    return 'x' * (1 << 20)", "output_limit", share=20),
    Kind("ptrace", "import ctypes\nctypes.CDLL(None).ptrace(16, 1, 0, 0)", "sandbox_violation", share=20),
    Kind("null pointer", "import ctypes\nctypes.string_at(0)", "crashed", share=20),
    Kind("forged frames", "import os\nos.write(4, b'nonsense' * 99)\ndef f(x): pass", "protocol_error", share=20),
    Kind("descriptors", "import os\nfiles = []\nwhile True: files.append(os.pipe())", "load_error", share=20),
    Kind("spins", "def f(x):\n    while True: pass", "cpu_limit", share=1),
    Kind("sleeps", "import time\ndef f(x):\n    time.sleep(60)", "timeout", share=1),
)  # fmt: skip

SHAPES = ("structured", "judged", "trusted")
REPEATED = (
    ("right", "structured"),
    ("right", "trusted"),
    ("wrong", "judged"),
    ("threads", "judged"),
    ("order and chance", "structured"),
)


def main() -> None:
    programs, repeats = (int(value) for value in (*sys.argv[1:], *("20000", "5000")[len(sys.argv) - 1 :]))
    uvloop.run(_main(programs, repeats))


async def _main(programs: int, repeats: int) -> None:
    before = _descriptors()
    sandbox = Sandbox(SandboxSettings(slots=SLOTS))
    await sandbox.start()
    random.seed(7)
    kinds = random.choices(KINDS, [kind.share for kind in KINDS], k=programs)
    await _all(sandbox, kinds[: programs // 10])
    first_mib, started = _memory_mib(), time.perf_counter()
    seen = await _all(sandbox, kinds)
    rate, last_mib = len(kinds) / (time.perf_counter() - started), _memory_mib()
    print(f"{len(kinds)} programs at {rate:.0f}/s, {seen.total()} verdicts right, memory {first_mib} -> {last_mib} MiB")
    spinners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * SLOTS)]  # noqa: ASYNC220
    try:
        await _repeat(sandbox, repeats)
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()
    await sandbox.close()
    assert not _children(), f"processes are left: {_children()}"
    assert _descriptors() <= before + 4, f"descriptors are left: {before} -> {_descriptors()}"
    assert last_mib - first_mib <= GROWTH_MAX_MIB, f"memory grew by {last_mib - first_mib} MiB"


async def _all(sandbox: Sandbox, kinds: list[Kind]) -> Counter[str]:
    """Runs them from so many clients; how many of each name were as they must be."""
    waiting = iter(enumerate(kinds))
    seen: Counter[str] = Counter()

    async def client() -> None:
        for place, kind in waiting:
            await _one(sandbox, kind, SHAPES[place % len(SHAPES)])
            seen[kind.name] += 1

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return seen


async def _one(sandbox: Sandbox, kind: Kind, shape: str) -> tuple[object, ...]:
    """The verdict of one program, which is asserted to be right."""
    fields = {"calls": _CALLS} if shape == "structured" else {"test": _TEST}
    program = Program(kind.source, entry_point="f", **fields, **_LIMITS)  # type: ignore[arg-type]
    (found,) = await sandbox.run([program], time.monotonic() + 300, trusted=shape == "trusted")
    assert found.outcome == kind.outcome, (kind, shape, found)
    if shape != "structured":
        assert found.checks[0].outcome in {kind.check, "judge_error" if kind.name == "equal to all" else ""}, found
    return _verdict(found)


def _verdict(found: Execution) -> tuple[object, ...]:
    checks = tuple(check.outcome for check in found.checks)
    return found.outcome, checks, tuple((result.outcome, result.value) for result in found.results)


async def _repeat(sandbox: Sandbox, repeats: int) -> None:
    """The same verdict every time, while other processes want the CPUs."""
    rounds = -(-repeats // (len(REPEATED) * CLIENTS))
    for name, shape in REPEATED:
        kind = next(kind for kind in KINDS if kind.name == name)
        verdicts: set[tuple[object, ...]] = set()
        for _ in range(rounds):
            verdicts |= set(await asyncio.gather(*(_one(sandbox, kind, shape) for _ in range(CLIENTS))))
        print(f"{rounds * CLIENTS} x {name}, {shape}, on a busy machine: {len(verdicts)} verdict")
        assert len(verdicts) == 1, verdicts
    print(
        f"{rounds * CLIENTS * len(REPEATED)} repeats: two verdicts for the same program never differed, none timed out"
    )


def _children(pid: int | None = None) -> list[int]:
    pid = pid or os.getpid()
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [process for child in found for process in (child, *_children(child))]


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _memory_mib() -> int:
    """Memory of this process and of all below it, each shared page counted in part."""
    kib = 0
    for pid in (os.getpid(), *_children()):
        # One that has just ended has nothing.
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            kib += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kib // 1024


if __name__ == "__main__":
    main()
