"""What each layer of the jail costs a run, in microseconds beside a bare fork: `python bench/code_layers.py`.

Rounds are interleaved and medians compared. The layers that a zygote takes once cost a run nothing but what they add to
every system call and fork; they stand in the row `fork in the jail`.
"""

import gc
import json
import os
import resource
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROUNDS, FORKS = 30, 30
_PROJECT = Path(__file__).parent.parent


def main() -> None:
    if len(sys.argv) > 1:
        _measure(json.loads(Path(sys.argv[1]).read_text()))
        return
    # The process that forks must be as small as a zygote, so it imports none of these.
    import asyncio
    import subprocess
    import tempfile

    from sandbox import interpreter
    from sandbox.users import users

    found = asyncio.run(interpreter.probe("/usr/bin/python3", ()))
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(found.config | {"user": next(users())}, file)
        file.flush()
        subprocess.run([found.path, "-P", "-s", "-S", __file__, file.name], check=True, env={"PYTHONHASHSEED": "0"})


def _measure(config: dict[str, Any]) -> None:
    for name in ("sandbox", "graders", "graders.kit"):
        package = types.ModuleType(name)
        package.__path__ = [str(_PROJECT.joinpath(*name.split(".")))]
        sys.modules[name] = package
    from sandbox.inside import kernel
    from sandbox.inside.layers import Jail
    from sandbox.inside.protocol import Run
    from sandbox.inside.warm_up import preload, warm_up

    preload(config["preload"])
    warm_up()
    gc.collect()
    gc.freeze()
    gc.disable()
    outside = _median([_forks_us(lambda: None) for _ in range(ROUNDS)])
    jail = Jail(config)
    jail.separate()
    jail.enter()
    order = Run(1, 10_000, 10, 256 << 20, 1 << 20, 64, 16, False)

    def limits() -> None:
        kernel.limit(resource.RLIMIT_CPU, 10, 11)
        kernel.limit(resource.RLIMIT_AS, 1 << 30)
        kernel.limit(resource.RLIMIT_FSIZE, 1 << 20)
        kernel.limit(resource.RLIMIT_NOFILE, 64)

    nothing = os.open("/dev/null", os.O_RDONLY)

    def descriptors() -> None:
        for target in (5, 6, 7):
            os.dup2(nothing, target)
        os.closerange(8, 60)

    rows: dict[str, Callable[[], None]] = {
        "fork in the jail": lambda: None,
        "+ descriptors of its own": descriptors,
        "+ rlimits": limits,
        "+ Landlock domain of its own": jail.take_own_domain,
        "+ small seccomp filter": lambda: jail.take_small_filter(order),
        "+ all of them": lambda: jail.restrict(order),
    }
    times: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(ROUNDS):
        for name, row in rows.items():
            times[name].append(_forks_us(row))
    print(f"{'fork outside the jail':32}{outside:6.0f}")
    base = _median(times["fork in the jail"])
    for name, found in times.items():
        print(f"{name:32}{_median(found):6.0f}{_median(found) - base:+7.0f}")


def _median(times: list[float]) -> float:
    return sorted(times)[len(times) // 2]


def _forks_us(child: Callable[[], None]) -> float:
    started = time.perf_counter()
    for _ in range(FORKS):
        process = os.fork()
        if process == 0:
            child()
            os._exit(0)
        assert os.waitpid(process, 0)[1] == 0
    return (time.perf_counter() - started) / FORKS * 1e6


if __name__ == "__main__":
    main()
